"""Lines as wide as the terminal."""

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from layerfork.report.text.layout import wrap


def wrapped(text: str, width: int | None, hang: int = 0) -> list[str]:
    return [piece.plain for piece in wrap(Text(text), width, hang)]


def test_words_go_to_the_next_line_whole() -> None:
    assert wrapped("  one two three", 10, 4) == ["  one two", "    three"]
    assert wrapped("one-long-word-alone at last", 5, 1) == ["one-long-word-alone", " at", " last"]


def test_more_blanks_before_than_columns() -> None:
    assert wrapped("a bb c", 1, 3) == ["a", "   bb", "   c"]


def test_several_blanks_stay_together() -> None:
    assert wrapped("RUN  du -s /", 8) == ["RUN  du", "-s /"]


def test_without_a_width_nothing_is_done() -> None:
    assert wrapped("a b  c", None) == ["a b  c"]


@given(st.text(alphabet="ab  ", min_size=1), st.integers(1, 12), st.integers(0, 3))
def test_no_letter_is_lost(text: str, width: int, hang: int) -> None:
    pieces = wrapped(text, width, hang)

    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert all(len(each) <= max(width, hang + 1) or not re.search(r"\S \S", each) for each in pieces)
