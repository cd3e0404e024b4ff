"""Digests of files that were announced but not sent."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.builders.recording.contextdigests import fill_from_disk
from layerfork.builders.recording.contextplaces import place_at
from layerfork.record.build import Builder
from layerfork.record.context import (
    ContentSource,
    ContextEntry,
    ContextManifest,
    EntryType,
    Transport,
    display_name,
)
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult


def announced(path: Path, source: ContentSource = ContentSource.NOT_SENT) -> ContextEntry:
    name, raw = display_name(os.fsencode(path.name))
    found = path.lstat()
    return ContextEntry(
        name=name,
        raw_name=raw,
        type=EntryType.FILE,
        mode=0o644,
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        content_source=source,
    )


def manifest(entry: ContextEntry) -> ContextManifest:
    return ContextManifest(transport=Transport.FILE_SYNC, entries=(entry,))


def record(context: ContextManifest) -> BuildRecord:
    return BuildRecord(
        id="one",
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.BUILDKIT,
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
        context=context,
    )


def filled(entry: ContextEntry, directory: Path) -> ContextEntry:
    context = fill_from_disk(
        record(manifest(entry)), lambda manifest: (place_at(directory, manifest),)
    ).context
    assert context is not None
    return context.entries[0]


@pytest.mark.parametrize("name", [b"plain", b"caf\xe9"])
def test_an_unsent_file_is_hashed_and_marked(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(b"content")
    entry = filled(announced(path), tmp_path)
    assert entry.content == "sha256:" + hashlib.sha256(b"content").hexdigest()
    assert entry.content_source is ContentSource.DISK


def test_a_file_that_changed_since_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    entry = announced(path)
    path.write_bytes(b"changed content")
    assert filled(entry, tmp_path) == entry


def test_what_is_no_plain_file_any_more_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    entry = announced(path)
    path.rename(tmp_path / "elsewhere")
    assert filled(entry, tmp_path) == entry
    path.symlink_to("elsewhere")
    assert filled(entry, tmp_path) == entry


def test_two_directories_must_agree(tmp_path: Path) -> None:
    """A file of one name, size, time and mode may have two contents: then nobody knows which was meant."""
    one, other = tmp_path / "one", tmp_path / "other"
    for directory, text in ((one, b"content"), (other, b"CONTENT")):
        directory.mkdir()
        (directory / "file").write_bytes(text)
        os.utime(directory / "file", ns=(10**18, 10**18))
    entry = announced(one / "file")
    context = manifest(entry)
    both = fill_from_disk(
        record(context), lambda manifest: (place_at(one, manifest), place_at(other, manifest))
    ).context
    assert both == context
    (other / "file").write_bytes(b"content")
    os.utime(other / "file", ns=(10**18, 10**18))
    both = fill_from_disk(
        record(context), lambda manifest: (place_at(one, manifest), place_at(other, manifest))
    ).context
    assert both is not None
    assert both.entries[0].content_source is ContentSource.DISK


def test_named_contexts_are_looked_for_as_well(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    entry = announced(path)
    main, named = manifest(entry), replace(manifest(entry), name="docs")
    found = fill_from_disk(
        replace(record(main), named_contexts=(named,)),
        lambda manifest: (place_at(tmp_path, manifest),) if manifest.name == "docs" else (),
    )
    assert found.context == main
    assert found.named_contexts[0].entries[0].content_source is ContentSource.DISK


def test_what_was_sent_stays_as_it_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    entry = announced(path, ContentSource.SENT)
    assert filled(entry, tmp_path) == entry
