"""What is shown of a program's output."""

import pytest

from layerfork.builders.process import last_lines, printable


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain\twords\n", "plain\twords\n"),
        ("a\0b", "ab"),
        ("\x1b[31mred\x1b[0m \x1b[2K\x1b[1Aup", "red up"),
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("ends here\r", "ends here"),
        ("bell\x07 café", "bell café"),
    ],
)
def test_words_are_shown_as_a_terminal_would_leave_them(said: str, shown: str) -> None:
    assert printable(said) == shown


def test_the_last_lines_are_kept() -> None:
    assert last_lines("1\n2\n\x003\n\n\n", 2) == "2\n3"
    assert last_lines("") == ""
