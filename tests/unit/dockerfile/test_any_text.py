"""Whatever the text: it parses or is refused, in reasonable time, and nothing of it is lost."""

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.dockerfile import BadSubstitutionError, expand, parse_dockerfile, parse_instruction
from layerfork.dockerfile.gotext import trim
from layerfork.dockerfile.words import KEYWORDS
from layerfork.errors import UsageError

CHARACTERS = "FROMRUNCPYENVa =\\\"'$<\n\t#[]{}:`\r\x00\xe9\x1c\x85\xa0\u2028\uff11\u0130"
WORDS = (
    "FROM |RUN |COPY |ONBUILD |HEALTHCHECK |VOLUME |ENV |LABEL |ARG |SHELL |<<EOF|<< E|<<-'E'|EOF|E|[\"a\"]|"
    '["a|]|[1e999]|--link|--interval=|--mount=|${|}|:-|$A|"|\'|=|a|/|AS |CMD |NONE|# escape=`\n|#|`|\\|\\\n|'
    "\n|\r\n| |\t|\ufeff|\xa0|\x1f|\x85|\xe9"
)
TEXTS = (
    st.text(max_size=60)
    | st.text(st.sampled_from(CHARACTERS), max_size=80)
    | st.lists(st.sampled_from(WORDS.split("|")), max_size=30).map("".join)
)


@given(TEXTS, st.sampled_from(["", "FROM a\n"]))
def test_a_text_is_parsed_with_all_its_lines_or_refused(text: str, head: str) -> None:
    try:
        parsed = parse_dockerfile(head + text)
    except UsageError:
        return
    lines = (head + text).split("\n")
    places = [(each.first_line, each.last_line) for each in parsed.instructions]
    assert all(1 <= first <= last <= len(lines) for first, last in places)
    assert all(before[1] < after[0] for before, after in pairwise(places))
    held = {line for first, last in places for line in range(first, last + 1)}
    for number in set(range(1, len(lines) + 1)) - held:
        line = trim(lines[number - 1].removeprefix("\ufeff"))
        assert not line or line.startswith("#")


@given(TEXTS)
def test_an_instruction_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert parse_instruction(text).keyword in KEYWORDS


@pytest.mark.parametrize(
    "line",
    [
        "RUN " + "[" * 30_000,
        "RUN " + "[" * 20_000 + "]" * 20_000,
        "RUN <<" + "${a:-" * 10_000,
        "RUN " + "9" * 5_000 + "<<E\nE",
        "HEALTHCHECK --retries=" + "1" * 5_000 + " CMD x",
        "COPY --from=" + "a" * 60_000 + " b c",
        "RUN cat " + "<<E " * 5_000,
    ],
    ids=lambda line: line[:12],
)
def test_no_nesting_and_no_length_is_too_much(line: str) -> None:
    with contextlib.suppress(UsageError):
        parse_dockerfile(f"FROM a\n{line}\n")
    with contextlib.suppress(BadSubstitutionError):
        expand(line, {})


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_line_has_a_longest_length(end: str) -> None:
    longest = "FROM a\nRUN " + "x" * (65_535 - len("RUN "))
    assert parse_dockerfile(longest + end).instructions[1].last_line == 2
    with pytest.raises(UsageError, match="Dockerfile:2: longer than 65535 bytes"):
        parse_dockerfile(longest + "x" + end)
