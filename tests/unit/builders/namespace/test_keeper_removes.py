"""Removing a tree, however deep: what an engine was made to build must not outlive it."""

import os
from pathlib import Path

import pytest

from layerfork.builders.namespace.keeper import remove_tree


def deep(top: Path, depth: int) -> None:
    """Directories in directories, a file in each; longer than any path may be."""
    top.mkdir()
    handle = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
        os.mkdir("directory", dir_fd=handle)
        below = os.open("directory", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)


@pytest.mark.parametrize("depth", [0, 1, 3, 4096])
def test_nothing_stays(tmp_path: Path, depth: int) -> None:
    top = tmp_path / "top"
    deep(top, depth)
    remove_tree(str(top))
    assert not top.exists()


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    top = tmp_path / "top"
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "b" / "link").symlink_to(kept)
    (top / "link").symlink_to(kept)
    remove_tree(str(top))
    assert not top.exists()
    assert (kept / "file").exists()


def test_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove_tree(str(tmp_path / "nothing"))
