"""Lines of ignore files that were meant to leave something out, and do not."""

import pytest

from layerfork.context.ignore.ignorefile import comment_of, mended


@pytest.mark.parametrize(
    ("line", "pattern", "better"),
    [
        (".git  # history", ".git", ".git"),
        ("  .git/\t# history ", ".git", ".git"),
        ("/.git # a # b", ".git", ".git"),
        ("node_modules # big", "**/node_modules", "**/node_modules"),
        ("**/.git # all", ".git", "**/.git"),
        ('".git"', ".git", ".git"),
        ("'dist/'", "dist", "dist"),
        (".git", ".git", ""),
        (".git#history", ".git", ""),
        ("# .git # history", ".git", ""),
        ("!.git # history", ".git", ""),
        (".github # workflows", ".git", ""),
        ("", ".git", ""),
    ],
)
def test_what_a_line_was_meant_to_be(line: str, pattern: str, better: str) -> None:
    assert mended(line, pattern) == better


def test_a_comment_gets_its_own_line() -> None:
    assert comment_of(".git  # history ") == "# history"
    assert comment_of(".git#history") == ""
