"""Dockerfiles that nobody writes by accident: read or refused, soon, and never a crash."""

import contextlib
import time
from collections.abc import Callable

import pytest

from layerfork.dockerfile import BadSubstitutionError, expand, find_syntax, parse_dockerfile
from layerfork.errors import UsageError

STARS = "*a" * 30
VALUES = {"A": "a" * 300}
HOSTILE: dict[str, Callable[[], object]] = {
    "brackets": lambda: parse_dockerfile("FROM a\nCMD " + "[" * 3000),
    "closed brackets": lambda: parse_dockerfile("FROM a\nCMD " + "[" * 3000 + "]" * 3000),
    "digits before a here-document": lambda: parse_dockerfile(f"FROM a\nRUN cat {'9' * 5000}<<EOF\nEOF\n"),
    "digits in an array": lambda: parse_dockerfile(f"FROM a\nCMD [{'9' * 5000}]"),
    "open defaults": lambda: expand("${a:-" * 2000, {}),
    "nested defaults": lambda: expand("${a:-" * 2000 + "}" * 2000, {}),
    "blanks of a directive": lambda: find_syntax("# syntax=a" + " " * 60_000),
    "blanks within a directive": lambda: find_syntax("# syntax=a" + " " * 60_000 + "b"),
    "blanks before nothing": lambda: find_syntax("# syntax=" + " " * 60_000),
    "deep JSON": lambda: find_syntax("[" * 100_000),
    "stars, all": lambda: expand(f"${{A//{STARS}b/x}}", VALUES),
    "stars, one": lambda: expand(f"${{A/{STARS}b/x}}", VALUES),
    "stars, prefix": lambda: expand(f"${{A##{STARS}b}}", VALUES),
    "stars, lazy prefix": lambda: expand(f"${{A#{STARS}b}}", VALUES),
    "stars, suffix": lambda: expand(f"${{A%%b{STARS}}}", VALUES),
    "a long quoted word": lambda: expand('"' + "a" * 500_000 + '"', {}),
    "a result without end": lambda: expand("${A//a/" + "b" * 60_000 + "}", {"A": "a" * 60_000}),
    "blank lines": lambda: parse_dockerfile("FROM a\n" + "\n" * 60_000),
    "continued lines": lambda: parse_dockerfile("FROM a\nRUN a" + "\\\n" * 60_000),
    "triggers of triggers": lambda: parse_dockerfile("FROM a\n" + "ONBUILD " * 5000 + "RUN x"),
}


@pytest.mark.parametrize("read", HOSTILE.values(), ids=HOSTILE)
def test_it_ends_soon_and_never_crashes(read: Callable[[], object]) -> None:
    started = time.process_time()
    with contextlib.suppress(UsageError, BadSubstitutionError):
        read()
    assert time.process_time() - started < 1


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


@pytest.mark.parametrize(
    ("line", "found"), [("a", "a"), ("a  ", "a"), ("  a b\t", "a"), ("", ""), ("  ", "")]
)
def test_blanks_around_a_directive_do_not_count(line: str, found: str) -> None:
    assert find_syntax(f"# syntax={line}") == found
