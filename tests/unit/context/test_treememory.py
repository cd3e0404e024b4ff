"""A tree is only known again while nothing of it that a client would send has changed."""

import os
import shutil
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerfork.context.clientrules import ContextRules, find_rules
from layerfork.context.manifest import NEWEST_DOCKER_PY, read_context
from layerfork.context.treememory import Reading, known_tree, note_tree, reading_of
from layerfork.context.walk import Problem
from layerfork.record.context import ContextManifest

LONG_AGO_NS = 10**18
BUILDKIT = find_rules("buildkit")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour after everything was written."""
    now = time.time_ns() + 3600 * 10**9
    monkeypatch.setattr("layerfork.context.walk.time.time_ns", lambda: now)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "context")


def write(root: Path) -> Path:
    for path in ("a", "d/b", "d/e/c", ".git/index", "left/out"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    (root / "d" / "link").symlink_to("b")
    (root / "d" / "empty").mkdir()
    (root / "Dockerfile").write_text("FROM scratch\n")
    (root / ".dockerignore").write_text(".git\nleft\n*.log\n")
    Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9")).write_text("bytes")
    return root


def read(root: Path, rules: ContextRules = BUILDKIT) -> ContextManifest:
    return read_context(root, rules).manifest


def note(root: Path, caches: Path, rules: ContextRules = BUILDKIT) -> str:
    return note_tree(caches, read_context(root, rules), rules, reading(root, rules))


def reading(root: Path, rules: ContextRules = BUILDKIT) -> Reading:
    return reading_of(root, rules, "Dockerfile", NEWEST_DOCKER_PY, 0o022)


def known(root: Path, caches: Path, umask: int = 0o022) -> str:
    return known_tree(caches, root, umask)


def test_an_unchanged_tree_is_known_again(root: Path, tmp_path: Path, later: None) -> None:
    assert known(root, tmp_path / "cache") == ""
    name = note(root, tmp_path / "cache")
    assert name
    assert known(root, tmp_path / "cache") == name
    assert known(root, tmp_path / "cache", umask=0o002) == ""
    assert note(root, tmp_path / "cache", find_rules("docker-cli")) not in ("", name)


def test_trees_that_differ_have_different_names(root: Path, tmp_path: Path, later: None) -> None:
    name = note(root, tmp_path / "cache")
    (root / "a").write_text("other")
    assert note(root, tmp_path / "cache") not in ("", name)


def replaced(path: Path) -> None:
    """Other content with the size and the times that were."""
    before = path.stat()
    path.write_text(path.read_text().swapcase())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def pointed(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


def copied(root: Path) -> None:
    """All files anew, with their times."""
    shutil.copytree(root, root.parent / "copy", symlinks=True)
    shutil.rmtree(root)
    (root.parent / "copy").rename(root)


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda root: (root / "d/b").write_text("other"),
    "content, its time put back": lambda root: replaced(root / "d/e/c"),
    "mode": lambda root: (root / "d/e").chmod(0o700),
    "xattr": lambda root: os.setxattr(root / "a", "user.note", b"1"),
    "new": lambda root: (root / "d/e/new").write_text(""),
    "new directory": lambda root: (root / "d/e/new").mkdir(),
    "new in an empty one": lambda root: (root / "d/empty/new").write_text(""),
    "gone": lambda root: (root / "caf\udce9").unlink(),
    "empty one gone": lambda root: (root / "d/empty").rmdir(),
    "renamed": lambda root: (root / "d/b").rename(root / "d/x"),
    "another target": lambda root: pointed(root / "d/link", "a"),
    "another name of a file": lambda root: os.link(root / "a", root / "d/e/hard"),
    "ignore rules": lambda root: (root / ".dockerignore").write_text(".git\n"),
    "ignore file gone": lambda root: (root / ".dockerignore").unlink(),
    "more particular ignore file": lambda root: (root / "Dockerfile.dockerignore").write_text(""),
    "copied anew": copied,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_what_is_sent_is_noticed(root: Path, tmp_path: Path, later: None, change: str) -> None:
    assert note(root, tmp_path / "cache")
    CHANGES[change](root)
    assert known(root, tmp_path / "cache") == ""


def test_what_is_left_out_may_change(root: Path, tmp_path: Path, later: None) -> None:
    (root / "some.log").write_text("1")
    assert note(root, tmp_path / "cache")
    (root / "left/more").write_text("")
    (root / ".git/index.lock").write_text("")
    (root / "some.log").write_text("2")
    assert known(root, tmp_path / "cache")


def test_what_has_just_changed_is_not_noted(root: Path, tmp_path: Path) -> None:
    assert not note(root, tmp_path / "cache")
    assert known(root, tmp_path / "cache") == ""


def test_names_of_owners_are_not_in_the_directory(root: Path, tmp_path: Path, later: None) -> None:
    assert not note(root, tmp_path / "cache", find_rules("docker-py"))


def test_what_could_not_be_read_is_not_noted(root: Path, tmp_path: Path, later: None) -> None:
    found = replace(read_context(root, BUILDKIT), problems=(Problem(path="d", reason="Permission denied"),))
    assert not note_tree(tmp_path / "cache", found, BUILDKIT, reading(root))


EDITS = st.tuples(
    st.sampled_from(["write", "remove", "mkdir", "chmod", "link", "symlink", "rename", "touch"]),
    st.sampled_from(
        ["a", "d/b", "d/e", "d/e/c", "d/new", "left/out", "left/n", "n.log", "d/empty", "d/link"]
    ),
    st.sampled_from(["x", "d/y", "d/e/z", "left/w", "v.log"]),
)


def edit(root: Path, kind: str, path: Path, other: Path) -> None:
    if kind == "write":
        path.write_text(str(other))
    elif kind == "remove":
        path.unlink()
    elif kind == "mkdir":
        path.mkdir()
    elif kind == "chmod":
        path.chmod(stat.S_IMODE(path.stat().st_mode) ^ 0o010)
    elif kind == "link":
        os.link(path, other)
    elif kind == "symlink":
        other.symlink_to("somewhere")
    elif kind == "rename":
        path.rename(other)
    else:
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))


@settings(max_examples=60, deadline=None)
@given(edits=st.lists(EDITS, max_size=3))
def test_a_tree_that_is_known_again_sends_the_same(edits: list[tuple[str, str, str]]) -> None:
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        now = time.time_ns() + 3600 * 10**9
        patch.setattr("layerfork.context.walk.time.time_ns", lambda: now)
        root, caches = write(Path(directory) / "context"), Path(directory) / "cache"
        before = read(root)
        assert note(root, caches)
        for kind, path, other in edits:
            try:
                edit(root, kind, root / path, root / other)
            except OSError:
                continue
        if known(root, caches):
            assert read(root) == before
        elif not edits:
            raise AssertionError("an unchanged tree was not known again")
