"""An unchanged directory of very many files is not decoded again, and a changed one always is."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.builders.recording.contextdigests import WORTH_CACHING, fill_from_disk, recall
from layerfork.builders.recording.contextplaces import place_at
from layerfork.record.build import Builder
from layerfork.record.context import (
    MAIN_CONTEXT,
    ContentSource,
    ContextEntry,
    ContextManifest,
    EntryType,
    Transport,
)
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, RecordedRequest
from layerfork.record.store.blocks import BlockEntries
from layerfork.record.store.recordfile import stored

ANNOUNCED = "ab" * 32
LONG_AGO_NS = 10**18


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of files that have been left alone for long."""
    found = tmp_path / "context"
    for number in range(WORTH_CACHING):
        path = found / f"d{number % 3}" / f"f{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content {number}")
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    later = time.time_ns() + 3600 * 10**9
    monkeypatch.setattr("layerfork.context.hashing.contents.time.time_ns", lambda: later)
    return found


def sent(directory: Path, announced: str = ANNOUNCED, name: str = MAIN_CONTEXT) -> BuildRecord:
    """As BuildKit's client announces the directory when the engine asks for none of its files."""
    entries = []
    for path in sorted(directory.rglob("*")):
        found = path.lstat()
        is_file = path.is_file()
        entries.append(
            ContextEntry(
                name=str(path.relative_to(directory)),
                type=EntryType.FILE if is_file else EntryType.DIRECTORY,
                mode=found.st_mode & 0o7777,
                size=found.st_size if is_file else 0,
                mtime_ns=found.st_mtime_ns,
                content_source=ContentSource.NOT_SENT if is_file else ContentSource.NONE,
            )
        )
    return BuildRecord(
        id="one",
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.BUILDKIT,
        request=RecordedRequest(dockerfile="FROM scratch\nCOPY . /\n", dockerfile_name="Dockerfile"),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
        context=ContextManifest(
            name=name, transport=Transport.FILE_SYNC, entries=tuple(entries), announced=announced
        ),
    )


def remembered(directory: Path, caches: Path) -> BuildRecord:
    """The record of a build after which the directory is known."""
    record = fill_from_disk(sent(directory), lambda manifest: (place_at(directory, manifest),), caches)
    assert record.context is not None
    assert all(each.content for each in record.context.entries if each.type is EntryType.FILE)
    return record


def recalled(directory: Path, caches: Path, announced: str = ANNOUNCED, name: str = MAIN_CONTEXT) -> object:
    context = sent(directory, announced, name).context
    assert context is not None
    return recall(caches, [directory], replace(context, entries=()))


def test_an_unchanged_directory_is_recalled_as_it_was(directory: Path, tmp_path: Path) -> None:
    record = remembered(directory, tmp_path / "cache")
    entries = recalled(directory, tmp_path / "cache")
    assert isinstance(entries, BlockEntries)
    assert record.context is not None
    assert len(entries) == len(record.context.entries)
    assert tuple(entries) == tuple(record.context.entries)


def test_its_lines_are_those_of_a_record_that_was_decoded(directory: Path, tmp_path: Path) -> None:
    record = remembered(directory, tmp_path / "cache")
    entries = recalled(directory, tmp_path / "cache")
    assert isinstance(entries, BlockEntries)
    assert record.context is not None
    again = replace(record, context=replace(record.context, entries=entries))
    assert stored(again) == stored(record)
    named = replace(record.request, dockerfile="FROM scratch\nCOPY d0/f0 d1/f4 /\n")
    assert stored(replace(again, request=named)) == stored(replace(record, request=named))
    assert stored(replace(again, request=named)).whole().context == record.context


def test_a_file_that_was_written_with_its_old_time_is_noticed(directory: Path, tmp_path: Path) -> None:
    remembered(directory, tmp_path / "cache")
    path = directory / "d1" / "f4"
    path.write_text("CONTENT 4")
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    assert recalled(directory, tmp_path / "cache") is None


@pytest.mark.parametrize("change", ["gone", "mode", "link", "directory gone"])
def test_any_other_status_is_noticed(directory: Path, tmp_path: Path, change: str) -> None:
    remembered(directory, tmp_path / "cache")
    path = directory / "d1" / "f4"
    if change == "mode":
        path.chmod(0o755)
    elif change == "directory gone":
        path.parent.rename(tmp_path / "elsewhere")
    else:
        path.unlink()
    if change == "link":
        path.symlink_to("f1")
    assert recalled(directory, tmp_path / "cache") is None


def test_what_was_announced_otherwise_is_decoded(directory: Path, tmp_path: Path) -> None:
    remembered(directory, tmp_path / "cache")
    assert recalled(directory, tmp_path / "cache", announced="cd" * 32) is None
    assert recalled(directory, tmp_path / "cache", announced="") is None
    assert recalled(directory, tmp_path / "cache", name="docs") is None


def test_one_of_two_likely_directories_is_no_place(directory: Path, tmp_path: Path) -> None:
    remembered(directory, tmp_path / "cache")
    context = sent(directory).context
    assert context is not None
    assert recall(tmp_path / "cache", [directory, tmp_path], context) is None


def test_files_that_have_just_changed_are_not_remembered(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    (directory / "d1" / "f4").write_text("fresh")
    remembered(directory, tmp_path / "cache")
    assert recalled(directory, tmp_path / "cache") is None


def test_a_damaged_memory_is_no_memory(directory: Path, tmp_path: Path) -> None:
    remembered(directory, tmp_path / "cache")
    (file,) = (tmp_path / "cache" / "contexts").glob("*.blocks")
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)
    assert recalled(directory, tmp_path / "cache") is None
