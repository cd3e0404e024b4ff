"""What happened between two builds, made to happen in a directory."""

import os
from pathlib import Path

import pytest

from layerfork.builders.replaying import NotMadeError, make_happen
from layerfork.record.change import EntriesAre
from layerfork.record.context import ContextEntry, EntryType


def entry(path: str, kind: EntryType = EntryType.FILE, mode: int = 0o644, linkname: str = "") -> EntriesAre:
    return EntriesAre(path=path, entries=(ContextEntry(name=path, type=kind, mode=mode, linkname=linkname),))


def test_a_content_becomes_one_that_was_never_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    os.link(tmp_path / "a", tmp_path / "b")
    contents = set()
    for _ in range(3):
        make_happen([entry("a")], tmp_path)
        data = (tmp_path / "a").read_bytes()
        assert data.startswith(b"text\n")
        assert not data[4:].strip(b" \n")
        contents.add(data)
    assert len(contents) == 3
    assert (tmp_path / "b").read_bytes() == b"text"


def test_entries_come_go_and_become_others(tmp_path: Path) -> None:
    (tmp_path / "gone" / "d").mkdir(parents=True)
    (tmp_path / "mode").write_text("")
    (tmp_path / "mode").chmod(0o600)
    (tmp_path / "was-link").symlink_to("mode")
    make_happen(
        [
            EntriesAre(path="gone", entries=()),
            EntriesAre(path="never-there", entries=()),
            entry("new/file", mode=0o755),
            entry("link", EntryType.SYMLINK, 0o777, "mode"),
            entry("was-link", EntryType.DIRECTORY, 0o750),
        ],
        tmp_path,
    )
    assert not (tmp_path / "gone").exists()
    assert (tmp_path / "new" / "file").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "link").readlink() == Path("mode")
    assert (tmp_path / "was-link").is_dir()
    assert not (tmp_path / "was-link").is_symlink()
    assert (tmp_path / "mode").read_text() == ""


def test_what_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotMadeError, match="fifo"):
        make_happen([entry("pipe", EntryType.FIFO)], tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotMadeError, match="cannot change file/below"):
        make_happen([entry("file/below")], tmp_path)


def test_nothing_happens_behind_a_link(tmp_path: Path) -> None:
    """A directory of the recorded context may have become a link since."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").write_text("mine")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "src").symlink_to(tmp_path / "mine")
    for change in (entry("src/a"), entry("src/new"), EntriesAre(path="src/a", entries=())):
        with pytest.raises(NotMadeError, match="link"):
            make_happen([change], tmp_path / "copy")
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["a"]
    assert (tmp_path / "mine" / "a").read_text() == "mine"
