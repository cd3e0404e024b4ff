"""What client libraries send of a directory."""

from pathlib import Path

import pytest

from layerfork.context.ignore.dockerode import dockerode_paths
from layerfork.context.ignore.python_clients import docker_py_paths, podman_py_paths
from layerfork.context.walk import scan
from layerfork.errors import UsageError


@pytest.mark.parametrize(
    ("version", "text", "kept"),
    [
        ((1, 6), "*.txt\n!keep.txt\n", {"Dockerfile", "d", "d/a.txt", "keep.txt"}),
        ((1, 10), "d\n", {"Dockerfile", "a.txt", "keep.txt"}),
        ((2, 7), "/d\n*.TXT\n", {"Dockerfile"}),
        ((7, 2), "# note\n**/a.*\n", {"Dockerfile", "d", "keep.txt"}),
        ((7, 2), "d\n!d/a.txt\n", {"Dockerfile", "a.txt", "keep.txt", "d/a.txt"}),
        ((7, 2), "*\n", {"Dockerfile"}),
    ],
)
def test_docker_py_versions(tmp_path: Path, version: tuple[int, int], text: str, kept: set[str]) -> None:
    (tmp_path / "d").mkdir()
    for name in ("Dockerfile", "a.txt", "keep.txt", "d/a.txt"):
        (tmp_path / name).write_text("")
    assert docker_py_paths(scan(tmp_path), text, "Dockerfile", version) == kept


def test_docker_py_refuses_what_pythons_expressions_refuse(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(UsageError, match="malformed ignore pattern"):
        docker_py_paths(scan(tmp_path), "[z-a]\n", "Dockerfile", (7, 2))


def test_dockerode_asks_about_absolute_paths_below_what_is_listed(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("a", "d/a", "d/b.log"):
        (tmp_path / name).write_text("")
    tree = scan(tmp_path)
    assert dockerode_paths(tree, "d/a\na\n", ["a", "d"]) == {"d", "d/a", "d/b.log"}
    assert dockerode_paths(tree, "**/*.log\n", ["a", "d"]) == {"a", "d", "d/a"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\ufeffa\n", {"aa", "b"}),
        ("\ufeff#a\n#a\n", {"a", "aa", "b"}),
        ("a+\n", {"b"}),
        ("a|b\n", set()),
        ("a{2}\r\n", {"a", "b"}),
        ("* \n! a\n", {"a"}),
        ("!\n/b\n", {"a", "aa"}),
    ],
)
def test_dockerode_reads_patterns_as_javascript_expressions(
    tmp_path: Path, text: str, kept: set[str]
) -> None:
    for name in ("a", "aa", "b"):
        (tmp_path / name).write_text("")
    assert dockerode_paths(scan(tmp_path), text, ["a", "aa", "b"]) == kept


def test_podman_py_knows_no_exceptions(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_text("")
    (tmp_path / "x.a").write_text("")
    assert podman_py_paths(scan(tmp_path), "*a\n!x.a\n") == {"d"}
    assert podman_py_paths(scan(tmp_path), "[z-a]\r# x\rd\n") == {"x.a"}
