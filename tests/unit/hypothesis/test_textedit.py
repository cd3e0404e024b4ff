"""Edits keep the bytes of everything that they are not about."""

import pytest

from layerfork.hypothesis.fileedits import EditMismatchError, edited
from layerfork.record.answer import Edit

MOVE = (
    Edit(file="Dockerfile", line=2, before=("ARG A",)),
    Edit(file="Dockerfile", line=4, after=("ARG A",)),
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"FROM a\nARG A\nRUN b\nRUN $A\n", b"FROM a\nRUN b\nARG A\nRUN $A\n"),
        (b"FROM a\r\nARG A\r\nRUN b\r\nRUN $A\r\n", b"FROM a\r\nRUN b\r\nARG A\r\nRUN $A\r\n"),
        (b"\xef\xbb\xbfFROM a\nARG A\nRUN b\nRUN $A", b"\xef\xbb\xbfFROM a\nRUN b\nARG A\nRUN $A"),
        (b"# \xe9\xff\nARG A\nRUN b\n\x0cRUN $A\n", b"# \xe9\xff\nRUN b\nARG A\n\x0cRUN $A\n"),
    ],
    ids=["LF", "CRLF", "BOM, no last end", "not UTF-8"],
)
def test_a_line_moves_and_nothing_else_changes(before: bytes, after: bytes) -> None:
    assert edited(before, MOVE) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b".git\n"),
        (b"a", b"a\n.git\n"),
        (b"a\n", b"a\n.git\n"),
        (b"a\r\nb\r\n", b"a\r\nb\r\n.git\r\n"),
    ],
)
def test_a_line_is_added_at_the_end(before: bytes, after: bytes) -> None:
    assert edited(before, [Edit(file=".dockerignore", after=(".git",))]) == after


def test_a_line_without_an_end_gets_one_when_another_follows_it() -> None:
    edits = (Edit(file="f", line=2, before=("b",)), Edit(file="f", line=1, after=("b",)))
    assert edited(b"a\nb", edits) == b"b\na\n"


@pytest.mark.parametrize("data", [b"FROM a\nARG B\nRUN b\n", b"FROM a\n", b""])
def test_a_file_that_holds_other_lines_is_left_alone(data: bytes) -> None:
    with pytest.raises(EditMismatchError):
        edited(data, MOVE)


def test_lines_that_stand_anywhere_are_found() -> None:
    edits = (Edit(file="f", before=("b",)),)
    assert edited(b"a\nb\nc\n", edits) == b"a\nc\n"
    with pytest.raises(EditMismatchError, match="no line `b`"):
        edited(b"a\n", edits)
