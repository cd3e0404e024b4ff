"""What Go's clients send of a directory; measured cases of all of them are in `test_measured_ignores`."""

from pathlib import Path

import pytest

from layerfork.context.selection import (
    buildkit_paths,
    classic_cli_paths,
    old_buildkit_paths,
    old_classic_cli_paths,
    podman_remote_paths,
)
from layerfork.context.walk import ScannedTree, scan
from layerfork.errors import UsageError


def tree_of(root: Path, *names: str) -> ScannedTree:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return scan(root)


def test_go_clients_differ_where_exceptions_hold_wildcards(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, "dd/x")
    assert classic_cli_paths(tree, "dd\n!d*/x\n", "Dockerfile") == []
    assert buildkit_paths(tree, "dd\n!d*/x\n") == ["dd", "dd/x"]
    assert buildkit_paths(tree, "dd\n!other/**\n") == []


def test_the_old_transfer_sends_directories_above_an_exception(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, "d/e/a", "d/b")
    assert old_buildkit_paths(tree, "d\n!d/e/z\n") == ["d", "d/e"]
    assert buildkit_paths(tree, "d\n!d/e/z\n") == []


@pytest.mark.parametrize("paths", [classic_cli_paths, old_classic_cli_paths])
def test_the_docker_cli_keeps_dockerfile_and_ignore_file(paths: object, tmp_path: Path) -> None:
    tree = tree_of(tmp_path, "Dockerfile", ".dockerignore", "a")
    assert callable(paths)
    assert paths(tree, "*\n", "Dockerfile") == [".dockerignore", "Dockerfile"]


def test_the_docker_cli_asks_about_one_parent_of_the_dockerfile(tmp_path: Path) -> None:
    """So it leaves out a Dockerfile that a deeper parent excludes, and the build fails."""
    tree = tree_of(tmp_path, "x/a/b/Dockerfile", "a/b/Dockerfile")
    assert "x/a/b/Dockerfile" not in classic_cli_paths(tree, "**/b\n", "x/a/b/Dockerfile")
    assert "a/b/Dockerfile" in classic_cli_paths(tree, "**/b\n!a/b/z\n", "a/b/Dockerfile")


@pytest.mark.parametrize("paths", [classic_cli_paths, old_classic_cli_paths, podman_remote_paths])
@pytest.mark.parametrize("pattern", ["[z-a]", "[Local-Only]/", "["])
def test_malformed_patterns_refuse_the_build(paths: object, pattern: str, tmp_path: Path) -> None:
    assert callable(paths)
    with pytest.raises(UsageError, match="malformed ignore pattern"):
        paths(tree_of(tmp_path, "Dockerfile", "a"), pattern, "Dockerfile")


def test_podmans_remote_client_judges_each_path_alone(tmp_path: Path) -> None:
    """Read in containers/podman pkg/bindings/images/build.go:nTar @ v5.4.2."""
    tree = tree_of(tmp_path, "Dockerfile", "a", "d/a", "d/b", "own", "own.dockerignore")
    kept = ["Dockerfile", "own", "own.dockerignore"]
    assert podman_remote_paths(tree, "*\n", "own") == kept
    assert podman_remote_paths(tree, "*\n!*/b\n", "own") == ["Dockerfile", "d/b", "own", "own.dockerignore"]
    assert "a" in podman_remote_paths(tree, "/a\n", "own")
