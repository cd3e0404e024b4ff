"""Which files are read, and what becomes of those that cannot be."""

import os
from pathlib import Path

import pytest
from unit.lint.trees import found, lint, write

from layerfork.errors import UsageError
from layerfork.lint.lintedfiles import FileKind, find_files, kind_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("Dockerfile", FileKind.DOCKERFILE),
        ("a/Dockerfile.prod", FileKind.DOCKERFILE),
        ("api.Dockerfile", FileKind.DOCKERFILE),
        ("Containerfile", FileKind.DOCKERFILE),
        ("Dockerfile.dockerignore", FileKind.IGNORE),
        (".dockerignore", FileKind.IGNORE),
        ("docker-bake.hcl", FileKind.BAKE),
        ("docker-bake.override.json", FileKind.BAKE),
        ("compose.yaml", FileKind.COMPOSE),
        ("docker-compose.prod.yml", FileKind.COMPOSE),
        (".github/workflows/ci.yml", FileKind.GITHUB),
        (".gitlab-ci.yml", FileKind.GITLAB),
        ("Dockerfile.md", None),
        ("Dockerfile.j2", None),
        ("dockerfile.py", None),
        ("workflows/ci.yml", None),
        ("README.md", None),
    ],
)
def test_kinds_by_name(path: str, kind: FileKind | None) -> None:
    assert kind_of(Path("/x") / path) is kind


def test_other_peoples_directories_are_passed_over(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{"a/Dockerfile": "", "node_modules/x/Dockerfile": "", ".git/Dockerfile": "", "Dockerfile": ""},
    )
    assert [str(path.relative_to(tmp_path)) for path, _ in find_files(tmp_path)] == [
        "Dockerfile",
        "a/Dockerfile",
    ]


def test_link_loops_end(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "Dockerfile").symlink_to("Dockerfile")
    (bad,) = lint(tmp_path).bad
    assert "symbolic links" in bad.reason


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Dockerfile")
    os.mkfifo(tmp_path / ".dockerignore")
    assert [bad.reason for bad in lint(tmp_path).bad] == ["is no regular file"] * 2


def test_a_directory_of_a_dockerfiles_name_is_walked(tmp_path: Path) -> None:
    write(tmp_path, **{"Dockerfile/Dockerfile": "FROM a\nRUN x\n"})
    assert found(tmp_path) == ["Dockerfile/Dockerfile:1 moving-base"]


def test_a_file_that_is_too_long(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="#" * (1 << 20) + "\n")
    (bad,) = lint(tmp_path).bad
    assert bad.reason == "is longer than 1,048,576 bytes, and is not read"


def test_bytes_that_are_not_utf_8_are_read_as_builders_do(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"FROM node\n# caf\xe9\nRUN echo caf\xe9\n")
    assert found(tmp_path) == ["Dockerfile:1 moving-base"]


def test_a_file_that_does_not_parse_names_its_line(tmp_path: Path) -> None:
    write(tmp_path, **{"a/Dockerfile": "FROM node\nRUNS x\n", "Dockerfile": "FROM node\nRUN x\n"})
    report = lint(tmp_path)
    (bad,) = report.bad
    assert (Path(bad.path), bad.line) == (tmp_path / "a/Dockerfile", 2)
    assert "RUNS" in bad.reason
    assert len(report.traps) == 1


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no"):
        lint(tmp_path / "nothing")


def test_a_file_by_any_name_is_a_dockerfile(tmp_path: Path) -> None:
    write(tmp_path, **{"my.build": "FROM node\nRUN x\n"})
    assert [trap.line for trap in lint(tmp_path / "my.build").traps] == [1]


COMMENTED = "{}FROM node\nRUN a\n"


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("# layerfork: ignore=moving-base\n", 0),
        ("# why\n# layerfork: ignore=repository-copied, moving-base\n# more\n", 0),
        ("#layerfork:ignore=moving-base\n", 0),
        ("# layerfork: ignore=repository-copied\n", 1),
        ("# layerfork: ignore=moving-base\nARG A\n", 1),
    ],
)
def test_a_comment_above_keeps_a_rule_silent(tmp_path: Path, comment: str, left: int) -> None:
    write(tmp_path, Dockerfile=COMMENTED.format(comment))
    report = lint(tmp_path)
    assert (len(report.traps), report.ignored) == (left, 1 - left)


def test_a_comment_that_names_no_rule_is_told(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile=COMMENTED.format("# layerfork: ignore=moving-bases\n"))
    (bad,) = lint(tmp_path).bad
    assert (bad.line, bad.reason) == (1, "there is no rule moving-bases")


def test_rules_are_chosen_by_name(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="FROM node\nRUN x\n")
    assert len(lint(tmp_path, ["moving-base"]).traps) == 1
    assert lint(tmp_path, ["repository-copied"]).traps == ()
    assert lint(tmp_path, ignored=["moving-base"]).traps == ()
    with pytest.raises(UsageError) as raised:
        lint(tmp_path, ["moving-bas"])
    assert "perhaps moving-base" in raised.value.hint
