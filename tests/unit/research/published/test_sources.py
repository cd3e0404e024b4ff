"""A clone is named by the list of commits that were measured."""

import re
import tomllib
from pathlib import Path

import pytest

from research.published.__main__ import main
from research.published.sources import LISTED, described


def test_what_is_no_clone_says_so(tmp_path: Path) -> None:
    assert described(tmp_path) == f"{tmp_path.name}: no clone"


def test_the_list_has_whole_commits_once() -> None:
    commits = [each["commit"] for each in tomllib.loads(LISTED.read_text("utf-8"))["source"]]
    assert all(re.fullmatch("[0-9a-f]{40}", each) for each in commits)
    assert len(set(commits)) == len(commits)


def test_without_a_directory_the_list_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "containers/buildah after v1.44.0, 2026-06-01 @ 5b1b18ee" in capsys.readouterr().out
