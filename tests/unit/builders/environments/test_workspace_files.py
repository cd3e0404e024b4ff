"""A phase's context on disk."""

import os
import stat
from pathlib import Path

import pytest

from layerfork.builders.environments.workspace import write_context
from layerfork.errors import UsageError
from layerfork.record.scenario import Entry, EntryKind, Phase

ROOT = os.geteuid() == 0


def test_every_kind_of_entry_lies_there_as_it_was_written(tmp_path: Path) -> None:
    entries = (
        Entry(name=b"d", kind=EntryKind.DIRECTORY, mode=0o2775, mtime=1_000),
        Entry(name=b"d/file", content=b"x", mode=0o4711, mtime=2_000.5),
        Entry(name=b"d/\xff", size=5_000_000, seed=7),
        Entry(name=b"fifo", kind=EntryKind.FIFO, mode=0o600),
        Entry(name=b"link", kind=EntryKind.LINK, target=b"no\xfewhere", mtime=3_000),
        Entry(name=b"other", kind=EntryKind.HARDLINK, target=b"d/file", mtime=2_000.5),
    )
    context = tmp_path / "context"
    write_context(Phase(dockerfile="FROM a\n", entries=entries), context)

    assert (context / "Dockerfile").read_text() == "FROM a\n"
    assert stat.S_IMODE((context / "d").stat().st_mode) == 0o2775
    assert (context / "d").stat().st_mtime == 1_000
    file = (context / "d" / "file").stat()
    assert (stat.S_IMODE(file.st_mode), file.st_mtime, file.st_nlink) == (0o4711, 2_000.5, 2)
    assert (context / os.fsdecode(b"d/\xff")).stat().st_size == 5_000_000
    assert stat.S_ISFIFO((context / "fifo").stat().st_mode)
    assert str((context / "link").readlink()) == os.fsdecode(b"no\xfewhere")
    assert (context / "link").lstat().st_mtime == 3_000


def test_made_bytes_are_those_of_their_seed(tmp_path: Path) -> None:
    context = tmp_path / "context"

    def made(seed: int) -> bytes:
        write_context(Phase(dockerfile="", entries=(Entry(name=b"f", size=3 << 20, seed=seed),)), context)
        return (context / "f").read_bytes()

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_a_context_is_made_anew(tmp_path: Path) -> None:
    context = tmp_path / "context"
    write_context(Phase(dockerfile="FROM a\n", entries=(Entry(name=b"gone"),)), context)
    dockerfile = Entry(name=b"Dockerfile", mode=0o600)
    write_context(Phase(dockerfile="FROM b\n", entries=(dockerfile,)), context)

    assert [path.name for path in context.iterdir()] == ["Dockerfile"]
    assert (context / "Dockerfile").read_text() == "FROM b\n"
    assert stat.S_IMODE((context / "Dockerfile").stat().st_mode) == 0o600


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_owners_are_set(tmp_path: Path) -> None:
    context = tmp_path / "context"
    write_context(Phase(dockerfile="", entries=(Entry(name=b"f", uid=1234, gid=99),)), context)
    assert ((context / "f").stat().st_uid, (context / "f").stat().st_gid) == (1234, 99)


def test_what_cannot_be_made_is_named(tmp_path: Path) -> None:
    entry = Entry(name=b"f", xattrs=(("nonsense", b"x"),))
    with pytest.raises(UsageError, match=r"cannot make f of the scenario: .*not supported"):
        write_context(Phase(dockerfile="", entries=(entry,)), tmp_path / "context")
