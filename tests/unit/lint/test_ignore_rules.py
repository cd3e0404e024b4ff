"""Lines of ignore files that match or change nothing."""

from pathlib import Path

import pytest
from unit.lint.trees import found, lint, write


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("node_modules # built here\n", [1]),
        ("a\n../secret\n..\n", [2, 3]),
        ("!a\nb\n", [1]),
        ("b\n!a\n", []),
        ("# only a comment\na#b\n#c\n", []),
        ("/a\n./b\nc/\n**/*.pyc\n\n", []),
        ("a/../b\n", []),
    ],
)
def test_dead_lines(tmp_path: Path, text: str, lines: list[int]) -> None:
    write(tmp_path, **{".dockerignore": text})
    assert found(tmp_path) == [f".dockerignore:{line} dead-ignore-rule" for line in lines]


def test_other_programs_read_their_files_otherwise(tmp_path: Path) -> None:
    write(tmp_path, **{".containerignore": "!a\nb # c\n"})
    assert found(tmp_path) == []


def test_a_pattern_that_every_build_refuses_is_a_bad_file(tmp_path: Path) -> None:
    write(tmp_path, **{".dockerignore": "a\n[b\n"}, Dockerfile="FROM a:1\nCOPY . .\nRUN make\n")
    report = lint(tmp_path)
    assert report.traps == ()
    assert [(Path(bad.path).name, bad.line) for bad in report.bad] == [(".dockerignore", 2)]
