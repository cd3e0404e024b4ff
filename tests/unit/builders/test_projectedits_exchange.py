"""Two names of one directory get each what the other was, or stay as they are."""

import ctypes
from pathlib import Path

import pytest

from layerfork.builders.projectedits import exchange


def test_files_and_links_change_places(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("one")
    other.symlink_to("somewhere")
    if not exchange(one, other):
        pytest.skip("this file system cannot exchange names")
    assert one.readlink() == Path("somewhere")
    assert other.read_text() == "one"


def test_nothing_takes_no_place(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("one")
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "none")
    assert (tmp_path / "one").read_text() == "one"


def test_a_system_without_the_call_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    assert not exchange(tmp_path / "one", tmp_path / "other")
