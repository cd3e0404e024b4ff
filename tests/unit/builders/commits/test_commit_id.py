"""The commit that a log's line names, in a real repository."""

import subprocess
from pathlib import Path

from imports.jobs import make_repository

from layerfork.builders.commits.commitlist import commit_id, find_repository


def test_whole_and_abbreviated_ids_name_a_commit(tmp_path: Path) -> None:
    ids = make_repository(tmp_path)
    repository = find_repository(tmp_path)
    for name in (ids[0], ids[0][:7], ids[0][:12]):
        assert commit_id(repository, name) == ids[0]


def test_nothing_else_does(tmp_path: Path) -> None:
    ids = make_repository(tmp_path)
    repository = find_repository(tmp_path)
    shown = subprocess.run(
        ["git", "-C", tmp_path, "rev-parse", "HEAD:npm", "HEAD^{tree}"],
        check=True,
        capture_output=True,
        text=True,
    )
    blob, tree = shown.stdout.split()
    for name in ("main", "HEAD", ids[0][:6], "0" * 40, blob, tree, f"{ids[0]}^{{tree}}", "--all"):
        assert commit_id(repository, name) == "", name


def test_a_branch_whose_name_looks_like_an_id_is_none(tmp_path: Path) -> None:
    ids = make_repository(tmp_path)
    subprocess.run(["git", "-C", tmp_path, "branch", "abcdef0", ids[0]], check=True)
    assert commit_id(find_repository(tmp_path), "abcdef0") == ""
