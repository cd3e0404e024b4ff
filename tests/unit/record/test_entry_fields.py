"""Code that repeats the fields of a context entry, for speed or to choose among them, knows all of them.

A new field of `ContextEntry` that such code forgets fails here.
"""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from layerfork.context.clientrules import ContextRules, Owners
from layerfork.context.sending import plain_file_maker
from layerfork.record.context import (
    ContentSource,
    ContextEntry,
    Digest,
    EntryType,
    entry_of,
    with_content,
)
from layerfork.record.store.blocks import _kind as alike_kind
from layerfork.wire.buildkit import control_pb2, ops_pb2
from layerfork.wire.buildkit.contexts import read_syncs
from layerfork.wire.buildkit.observed import ObservedSync

NAMES = [field.name for field in fields(ContextEntry)]
CONTENT, OTHER_CONTENT = Digest("sha256:" + "a" * 64), Digest("sha256:" + "b" * 64)
FILE = ContextEntry(
    name="d/a",
    type=EntryType.FILE,
    typeflag="0",
    mode=0o644,
    uname="root",
    gname="root",
    content=CONTENT,
    content_source=ContentSource.SENT,
)
CHANGES_ITS_BLOCK: dict[str, Any] = {
    "name": "e/a",
    "raw_name": b"d/\xff",
    "type": EntryType.FIFO,
    "typeflag": "7",
    "uname": "staff",
    "gname": "staff",
    "pax": (("comment", "x"),),
    "content": None,
    "content_source": ContentSource.NOT_SENT,
}
"""Fields that decide whether a file is one of a block of alike files, each with another value."""
STAYS_IN_ITS_BLOCK: dict[str, Any] = {
    "mode": 0o600,
    "uid": 1,
    "gid": 1,
    "size": 1,
    "mtime_ns": 1,
    "linkname": "b",
    "raw_linkname": b"\xff",
    "devmajor": 1,
    "devminor": 1,
    "xattrs": (("user.a", b"x"),),
    "tarsum": CONTENT,
}
"""Fields that files of one block may have differently. A link name is one of them: a file has none."""
OTHER = CHANGES_ITS_BLOCK | STAYS_IN_ITS_BLOCK


def is_whole(entry: ContextEntry) -> bool:
    """Whether every field has a value: a slot that was never set has none."""
    return all(hasattr(entry, name) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_field_is_decided_on_in_blocks_of_alike_files(name: str) -> None:
    inside = frozenset({"d", "e"})
    changed = replace(FILE, **{name: OTHER[name]})
    same = alike_kind(FILE, FILE.name, inside, frozenset()) == alike_kind(
        changed, changed.name, inside, frozenset()
    )
    assert same is (name in STAYS_IN_ITS_BLOCK)


def test_an_entry_of_values_has_all_fields() -> None:
    """Each value goes to the field of its name."""
    entry = ContextEntry(**OTHER)
    assert entry_of([OTHER[name] for name in NAMES]) == entry
    with pytest.raises(ValueError, match="shorter"):
        entry_of([OTHER[name] for name in NAMES[:-1]])


def test_an_entry_with_content_keeps_all_other_fields() -> None:
    entry = ContextEntry(**OTHER)
    made = with_content(entry, OTHER_CONTENT, ContentSource.DISK)
    assert made == replace(entry, content=OTHER_CONTENT, content_source=ContentSource.DISK)
    assert entry.content is None


def test_an_entry_of_a_directory_transfer_has_all_fields() -> None:
    stat = control_pb2.Stat(
        path=b"d/\xff",
        mode=0o755 | 1 << 23,
        uid=1,
        gid=2,
        size=3,
        mod_time=4,
        linkname=b"",
        devmajor=5,
        devminor=6,
        xattrs=[ops_pb2.Pair(key=b"user.a", value=b"x")],
    )
    sync = ObservedSync(name="context", listed=True, ended=True)
    sync.stats.append(control_pb2.Packet(stat=stat).SerializeToString())
    sync.digests[0] = bytes.fromhex("a" * 64)
    (entry,) = read_syncs("context", [sync]).entries
    assert entry == ContextEntry(
        name="d/\\xff",
        raw_name=b"d/\xff",
        type=EntryType.FILE,
        mode=0o4755,
        uid=1,
        gid=2,
        size=3,
        mtime_ns=4,
        devmajor=5,
        devminor=6,
        xattrs=(("user.a", b"x"),),
        content=CONTENT,
        content_source=ContentSource.SENT,
    )


def test_an_entry_of_a_plain_file_has_all_fields(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    make = plain_file_maker(ContextRules(id="x", owners=Owners.ZERO), 0o022)
    entry = make("a", path.stat(), CONTENT)
    assert is_whole(entry)
    assert entry == replace(entry)
