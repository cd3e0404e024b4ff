"""Statuses of very many files at once: the same with a helper or without, whatever the files are."""

import os
import sys
from array import array
from pathlib import Path

import pytest

from layerfork.context.hashing import columns
from layerfork.context.hashing import statuses as snapshot
from layerfork.context.hashing.statuses import columns_of, read_statuses

LONG_AGO_NS = 1_234_567_890_123_456_789


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Files of every kind, one with a name that is not UTF-8."""
    root = tmp_path / "context"
    (root / "d" / "e").mkdir(parents=True)
    for number in range(9):
        (root / "d" / f"{number}\n").write_bytes(b"x" * number)
    (root / "d" / "link").symlink_to("nowhere")
    os.mkfifo(root / "d" / "fifo")
    os.link(root / "d" / "1\n", root / "d" / "e" / "hard")
    Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9")).write_text("bytes")
    os.utime(root / "d" / "3\n", ns=(LONG_AGO_NS, LONG_AGO_NS))
    return root


@pytest.fixture(params=["well", "missing", "dying", "talking"])
def aside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Helpers for a few files, on a machine with processors to spare, in every state of health."""
    monkeypatch.setattr(snapshot, "WORTH_FILES", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    state: str = request.param
    if state == "missing":
        monkeypatch.setattr(columns, "__file__", str(tmp_path / "nowhere.py"))
    elif state == "dying":
        monkeypatch.setattr(sys, "executable", "/bin/false")
    elif state == "talking":
        monkeypatch.setattr(sys, "executable", "/bin/echo")
    return state


def names_in(root: Path) -> columns.Names:
    top = os.fsencode(root)
    return [(os.path.relpath(at, top), sorted(found + files)) for at, found, files in os.walk(top)]


def test_a_helper_changes_no_answer(root: Path, aside: str) -> None:
    found = read_statuses(str(root), names_in(root))
    top = os.fsencode(root)
    paths = [b"/".join((top, directory, name)) for directory, own in names_in(root) for name in own]
    expected = [
        number
        for each in map(os.lstat, paths)
        for number in (each.st_size, each.st_mtime_ns, each.st_ctime_ns, each.st_ino, each.st_mode)
    ]
    assert found == array("q", expected).tobytes()
    assert found == columns_of(map(os.lstat, paths))
    assert LONG_AGO_NS in expected


@pytest.mark.parametrize("gone", ["d/1\n", "d/link", "caf\udce9"])
def test_what_is_missing_is_noticed_by_whoever_asks(root: Path, aside: str, gone: str) -> None:
    names = names_in(root)
    (root / gone).unlink()
    assert read_statuses(str(root), names) is None


def test_a_link_in_a_directory_s_place_is_followed_to_other_files(root: Path, tmp_path: Path) -> None:
    names = names_in(root)
    before = read_statuses(str(root), names)
    (root / "d").rename(tmp_path / "moved")
    (root / "d").symlink_to(tmp_path / "moved")
    assert read_statuses(str(root), names) != before


def test_work_is_done_meanwhile_once(root: Path, aside: str) -> None:
    done: list[int] = []
    names = names_in(root)
    assert read_statuses(str(root), names, lambda: done.append(1)) == read_statuses(str(root), names)
    assert done == [1]


def test_parts_are_all_names_in_their_order(root: Path) -> None:
    names = names_in(root)
    flat = [(directory, name) for directory, own in names for name in own]
    for count in range(len(flat) + 1):
        near, far = snapshot._split(names, count)
        joined = [(directory, name) for directory, own in near + far for name in own]
        assert joined == flat
