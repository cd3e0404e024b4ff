"""Dockerfiles that nobody writes by accident: read or refused, soon, and never a crash."""

import contextlib
import tracemalloc
from collections.abc import Callable

import pytest
from linear import assert_linear

from layerfork.dockerfile import BadSubstitutionError, expand, find_syntax, parse_dockerfile, substitution
from layerfork.errors import UsageError

VALUES = {"A": "a" * 300}
HOSTILE: dict[str, tuple[int, Callable[[int], object]]] = {
    "brackets": (750, lambda n: parse_dockerfile("FROM a\nCMD " + "[" * n)),
    "closed brackets": (750, lambda n: parse_dockerfile("FROM a\nCMD " + "[" * n + "]" * n)),
    "digits before a here-document": (
        1250,
        lambda n: parse_dockerfile(f"FROM a\nRUN cat {'9' * n}<<EOF\nEOF\n"),
    ),
    "digits in an array": (1250, lambda n: parse_dockerfile(f"FROM a\nCMD [{'9' * n}]")),
    "open defaults": (500, lambda n: expand("${a:-" * n, {})),
    "nested defaults": (500, lambda n: expand("${a:-" * n + "}" * n, {})),
    "blanks of a directive": (15_000, lambda n: find_syntax("# syntax=a" + " " * n)),
    "blanks within a directive": (15_000, lambda n: find_syntax("# syntax=a" + " " * n + "b")),
    "blanks before nothing": (15_000, lambda n: find_syntax("# syntax=" + " " * n)),
    "deep JSON": (25_000, lambda n: find_syntax("[" * n)),
    "stars, all": (8, lambda n: expand(f"${{A//{'*a' * n}b/x}}", VALUES)),
    "stars, one": (8, lambda n: expand(f"${{A/{'*a' * n}b/x}}", VALUES)),
    "stars, prefix": (8, lambda n: expand(f"${{A##{'*a' * n}b}}", VALUES)),
    "stars, lazy prefix": (8, lambda n: expand(f"${{A#{'*a' * n}b}}", VALUES)),
    "stars, suffix": (8, lambda n: expand(f"${{A%%b{'*a' * n}}}", VALUES)),
    "a long quoted word": (125_000, lambda n: expand('"' + "a" * n + '"', {})),
    "a result without end": (15_000, lambda n: expand("${A//a/" + "b" * n + "}", {"A": "a" * n})),
    "blank lines": (15_000, lambda n: parse_dockerfile("FROM a\n" + "\n" * n)),
    "continued lines": (15_000, lambda n: parse_dockerfile("FROM a\nRUN a" + "\\\n" * n)),
    "triggers of triggers": (1250, lambda n: parse_dockerfile("FROM a\n" + "ONBUILD " * n + "RUN x")),
}
"""Each with a size, to be compared with four times that."""


@pytest.mark.parametrize(("size", "read"), HOSTILE.values(), ids=HOSTILE)
def test_it_takes_linear_time_and_never_crashes(size: int, read: Callable[[int], object]) -> None:
    def work(size: int) -> None:
        with contextlib.suppress(UsageError, BadSubstitutionError):
            read(size)

    assert_linear(work, size)


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("${A/b*d/x}", "axe"),
        ("${A//b*d/x}", "axe"),
        ("${A//b?d/x}", "axe-axe"),
        ("${A//?/x}", "xxxxxxxxxxx"),
        ("${A#a*c}", "de-abcde"),
        ("${A##a*c}", "de"),
        ("${A%c*e}", "abcde-ab"),
        ("${A%%c*e}", "ab"),
        ("${B#*.}", "tar.gz"),
        ("${B//\\?/y}", "x.tar.gz"),
        ("${C//ä?/-}", "-x"),
    ],
)
def test_patterns_are_gos(word: str, result: str) -> None:
    assert expand(word, {"A": "abcde-abcde", "B": "x.tar.gz", "C": "äöx"}).text == result


def test_a_variable_that_doubles_line_by_line_is_not_followed() -> None:
    value = "a" * (1 << 22)
    doubled = expand("$A$A", {"A": value}).text
    with pytest.raises(BadSubstitutionError, match="too long"):
        expand("$A$A$A", {"A": doubled})


@pytest.mark.parametrize("word", ["{}", '"{}"', "${{B:-{}}}", "${{A:+{}}}", "${{A//a/x}}{}"])
def test_what_is_too_long_is_never_made(word: str) -> None:
    value = "a" * 10_000
    tracemalloc.start()
    try:
        with pytest.raises(BadSubstitutionError, match="too long"):
            expand(word.format("$A" * 50_000), {"A": value})
        assert tracemalloc.get_traced_memory()[1] < 20 * substitution.LONGEST
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("line", "found"), [("a", "a"), ("a  ", "a"), ("  a b\t", "a"), ("", ""), ("  ", "")]
)
def test_blanks_around_a_directive_do_not_count(line: str, found: str) -> None:
    assert find_syntax(f"# syntax={line}") == found
