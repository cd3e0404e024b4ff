"""The second process that hashes a share of many files: the same answers, and no harm when it fails."""

import os
import sys
from pathlib import Path

import pytest

from layerfork.context.hashing import contents
from layerfork.context.hashing import filedigests as hashing
from layerfork.context.hashing.contents import hash_files
from layerfork.context.walk import scan


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    (root / "d").mkdir(parents=True)
    for number in range(40):
        (root / "d" / f"{number}\n").write_bytes(b"x" * number * 100)
    Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9")).write_text("bytes")
    os.setxattr(root / "d" / "33\n", "user.note", b"1")
    return root


@pytest.fixture(params=["well", "missing", "dying", "short"])
def aside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Helpers for a few files, on a machine with processors to spare, in every state of health."""
    monkeypatch.setattr(contents, "WORTH_FILES", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    if request.param == "missing":
        monkeypatch.setattr(hashing, "__file__", str(tmp_path / "nowhere.py"))
    elif request.param == "dying":
        monkeypatch.setattr(sys, "executable", "/bin/false")
    elif request.param == "short":
        monkeypatch.setattr(sys, "executable", "/bin/echo")


def test_a_helper_changes_no_answer(root: Path, aside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = scan(root)
    helped = hash_files(str(tree.root), tree.files())
    monkeypatch.setattr(contents, "WORTH_FILES", 1000)
    alone = hash_files(str(tree.root), tree.files())
    assert helped == alone
    assert len(helped.contents) == 41
    assert not helped.contents["d/33\n"][1]


def test_what_a_helper_cannot_read_has_a_reason(root: Path, aside: None) -> None:
    tree = scan(root)
    files = list(tree.files())
    for path, _ in files:
        (root / path).unlink()
    hashed = hash_files(str(tree.root), files)
    assert hashed.contents == {}
    assert {problem.reason for problem in hashed.problems} == {"No such file or directory"}
    assert len(hashed.problems) == len(files)
