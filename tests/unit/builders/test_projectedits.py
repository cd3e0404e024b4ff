"""Edits are made only where git could bring back what was there, and all or none of them."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from layerfork.builders import projectedits as writing
from layerfork.builders.projectedits import RefusedError, check_editable, exchange, write_patches
from layerfork.errors import LayerforkError
from layerfork.record.fixing import FilePatch

AUTHOR = ("-c", "user.name=user", "-c", "user.email=user@example.com", "-c", "commit.gpgsign=false")


def git(place: Path, *words: str) -> None:
    subprocess.run(["git", *AUTHOR, *words], cwd=place, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    place = tmp_path / "tree"
    place.mkdir()
    (place / "Dockerfile").write_bytes(b"FROM a\r\n")
    (place / "other").write_text("other\n")
    git(place, "init", "-q")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "all")
    return place


def patch_of(path: Path, after: bytes = b"FROM b\r\n") -> FilePatch:
    before = path.read_bytes() if path.exists() else None
    return FilePatch(path=str(path), name=path.name, before=before, after=after)


def test_a_committed_file_may_be_edited_whatever_else_is_not_committed(tree: Path) -> None:
    (tree / "other").write_text("changed\n")
    check_editable([patch_of(tree / "Dockerfile"), patch_of(tree / ".dockerignore")], tree, force=False)


@pytest.mark.parametrize("change", ["edited", "staged", "untracked", "ignored"])
def test_what_git_could_not_bring_back_is_not_edited(tree: Path, change: str) -> None:
    path = tree / "Dockerfile"
    if change in ("edited", "staged"):
        path.write_text("FROM c\n")
    if change == "staged":
        git(tree, "add", "Dockerfile")
    if change in ("untracked", "ignored"):
        path = tree / "Dockerfile.new"
        path.write_text("FROM d\n")
    if change == "ignored":
        (tree / ".gitignore").write_text("*.new\n")
    with pytest.raises(RefusedError, match="uncommitted changes") as refused:
        check_editable([patch_of(path)], tree, force=False)
    assert "--force" in refused.value.hint
    check_editable([patch_of(path)], tree, force=True)


@pytest.mark.parametrize("told", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_was_told_not_to_look_at_is_not_edited(tree: Path, told: str) -> None:
    git(tree, "update-index", told, "Dockerfile")
    (tree / "Dockerfile").write_bytes(b"FROM mine\n")
    with pytest.raises(RefusedError):
        check_editable([patch_of(tree / "Dockerfile")], tree, force=False)


def test_a_repository_among_the_files_of_another_runs_nothing(tree: Path) -> None:
    ran = tree / "ran"
    (tree / "run.sh").write_text(f"#!/bin/sh\ntouch {ran}\n")
    (tree / "run.sh").chmod(0o755)
    inner = tree / "inner"
    inner.mkdir()
    git(inner, "init", "-q", "--bare", ".")
    for name, value in [("bare", "false"), ("worktree", str(inner)), ("fsmonitor", str(tree / "run.sh"))]:
        git(inner, "--git-dir=.", "config", f"core.{name}", value)
    (inner / "Dockerfile").write_text("FROM a\n")
    with pytest.raises(RefusedError):
        check_editable([patch_of(inner / "Dockerfile")], tree, force=False)
    assert not ran.exists()


def test_where_there_is_no_git_only_new_files_are_made(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\n")
    check_editable([patch_of(tmp_path / ".dockerignore")], tmp_path, force=False)
    with pytest.raises(RefusedError, match="not in a git repository"):
        check_editable([patch_of(tmp_path / "Dockerfile")], tmp_path, force=False)


def test_a_read_only_file_is_refused_even_for_root_and_with_force(tree: Path) -> None:
    (tree / "Dockerfile").chmod(0o444)
    with pytest.raises(RefusedError, match="read-only") as refused:
        check_editable([patch_of(tree / "Dockerfile")], tree, force=True)
    assert "chmod u+w" in refused.value.hint


def test_a_link_that_leads_out_is_refused(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("FROM a\n")
    (tree / "link").symlink_to("../outside")
    with pytest.raises(RefusedError, match="leads out"):
        check_editable([patch_of(tree / "link")], tree, force=True)
    (tree / "inside").symlink_to("Dockerfile")
    check_editable([patch_of(tree / "inside")], tree, force=True)


def test_a_file_keeps_its_mode_owner_and_links(tree: Path) -> None:
    path = tree / "Dockerfile"
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12, 34)
    (tree / "link").symlink_to("Dockerfile")
    before = path.stat()
    write_patches([patch_of(tree / "link")], tree)
    after = path.stat()
    assert (tree / "link").is_symlink()
    assert path.read_bytes() == b"FROM b\r\n"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert sorted(each.name for each in tree.iterdir()) == [".git", "Dockerfile", "link", "other"]


def test_names_of_one_file_stay_one_file(tree: Path) -> None:
    os.link(tree / "Dockerfile", tree / "same")
    write_patches([patch_of(tree / "Dockerfile")], tree)
    assert (tree / "same").read_bytes() == b"FROM b\r\n"


def test_a_file_that_was_edited_meanwhile_is_left_alone(tree: Path) -> None:
    patch = patch_of(tree / "Dockerfile")
    (tree / "Dockerfile").write_text("FROM mine\n")
    with pytest.raises(RefusedError, match="meantime"):
        write_patches([patch], tree)
    assert (tree / "Dockerfile").read_text() == "FROM mine\n"


def test_all_edits_are_made_or_none(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = writing._put

    def fails_on_the_last(path: Path, before: bytes | None, after: bytes) -> None:
        if after == b"never\n":
            raise OSError(28, "No space left on device")
        real(path, before, after)

    monkeypatch.setattr(writing, "_put", fails_on_the_last)
    new = patch_of(tree / ".dockerignore", b".git\n")
    with pytest.raises(LayerforkError, match="No space left"):
        write_patches([new, patch_of(tree / "Dockerfile"), patch_of(tree / "other", b"never\n")], tree)
    assert not (tree / ".dockerignore").exists()
    assert (tree / "Dockerfile").read_bytes() == b"FROM a\r\n"


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], object]]]:
    """What somebody does after the last look at a file, and before it is replaced."""
    done: list[Callable[[], object]] = []
    real = writing._like

    def like(path: Path, made: Path, status: os.stat_result | None) -> None:
        real(path, made, status)
        if done:
            done.pop()()

    monkeypatch.setattr(writing, "_like", like)
    yield done
    assert not done


def replaced(path: Path, text: str) -> None:
    """As an editor saves."""
    new = path.with_name("saved")
    new.write_text(text)
    new.replace(path)


def appended(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def linked(path: Path, to: Path) -> None:
    path.unlink()
    path.symlink_to(to)


@pytest.mark.parametrize("how", ["in place", "replaced", "appended"])
@pytest.mark.parametrize("exchanges", [True, False])
def test_what_is_saved_in_the_last_moment_is_kept(
    tree: Path,
    between: list[Callable[[], object]],
    how: str,
    exchanges: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tree / "Dockerfile"
    if not exchanges:
        monkeypatch.setattr(writing, "exchange", lambda one, other: False)
    saves = {
        "in place": lambda: path.write_text("FROM mine\n"),
        "replaced": lambda: replaced(path, "FROM mine\n"),
        "appended": lambda: appended(path, "FROM mine\n"),
    }
    between.append(saves[how])
    with pytest.raises(RefusedError, match="meantime"):
        write_patches([patch_of(path)], tree)
    assert path.read_text().endswith("FROM mine\n")
    assert sorted(each.name for each in tree.iterdir()) == [".git", "Dockerfile", "other"]


def test_a_file_that_is_deleted_in_the_last_moment_stays_deleted(
    tree: Path, between: list[Callable[[], object]]
) -> None:
    between.append((tree / "Dockerfile").unlink)
    with pytest.raises(LayerforkError):
        write_patches([patch_of(tree / "Dockerfile")], tree)
    assert sorted(each.name for each in tree.iterdir()) == [".git", "other"]


@pytest.mark.parametrize("exchanges", [True, False])
def test_a_link_that_comes_in_the_last_moment_is_kept_and_not_followed(
    tree: Path,
    between: list[Callable[[], object]],
    exchanges: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not exchanges:
        monkeypatch.setattr(writing, "exchange", lambda one, other: False)
    (tmp_path / "outside").write_bytes(b"FROM a\r\n")
    between.append(lambda: linked(tree / "Dockerfile", tmp_path / "outside"))
    with pytest.raises(RefusedError, match="meantime"):
        write_patches([patch_of(tree / "Dockerfile")], tree)
    assert (tree / "Dockerfile").is_symlink()
    assert (tmp_path / "outside").read_bytes() == b"FROM a\r\n"


def test_a_link_that_comes_between_the_check_and_the_edit_leads_nowhere(tree: Path, tmp_path: Path) -> None:
    path, outside = tree / "Dockerfile", tmp_path / "outside"
    outside.write_bytes(b"FROM a\r\n")
    patch = patch_of(path)
    check_editable([patch], tree, force=False)
    linked(path, outside)
    with pytest.raises(RefusedError, match="leads out"):
        write_patches([patch], tree)
    assert path.is_symlink()
    assert outside.read_bytes() == b"FROM a\r\n"


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_takes_nobodys_place(
    tree: Path, between: list[Callable[[], object]], links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", unlinkable)
    between.append(lambda: (tree / ".dockerignore").write_text("mine\n"))
    with pytest.raises(RefusedError, match="meantime"):
        write_patches([patch_of(tree / ".dockerignore", b".git\n")], tree)
    assert (tree / ".dockerignore").read_text() == "mine\n"
    write_patches([patch_of(tree / "new", b"new\n")], tree)
    assert (tree / "new").read_bytes() == b"new\n"


def unlinkable(*names: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_what_cannot_be_put_back_is_named(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tree / "Dockerfile"
    looks: Iterator[Callable[[], object]] = iter(
        [lambda: replaced(path, "FROM mine\n"), lambda: path.write_text("FROM later\n")]
    )

    def busy(one: Path, other: Path) -> bool:
        next(looks)()
        return exchange(one, other)

    monkeypatch.setattr(writing, "exchange", busy)
    with pytest.raises(RefusedError) as refused:
        write_patches([patch_of(path)], tree)
    assert path.read_text() == "FROM mine\n"
    (kept,) = [each for each in tree.iterdir() if each.name.startswith(".Dockerfile.")]
    assert kept.read_text() == "FROM later\n"
    assert str(kept) in refused.value.hint


def test_an_edit_that_somebody_went_on_with_is_not_taken_back(
    tree: Path, between: list[Callable[[], object]]
) -> None:
    first, second = tree / "Dockerfile", tree / "other"

    def edits() -> None:
        second.write_text("mine\n")
        first.write_text("FROM b and mine\n")

    patches = [patch_of(first), patch_of(second, b"never\n")]
    between.append(lambda: between.append(edits))
    with pytest.raises(RefusedError, match="other was edited") as refused:
        write_patches(patches, tree)
    assert first.read_text() == "FROM b and mine\n"
    assert second.read_text() == "mine\n"
    assert "the edit of Dockerfile was not undone" in refused.value.hint
