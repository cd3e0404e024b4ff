"""Every measured fork of a tar context is what the three key models say."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from layerfork.keys import keys_of
from layerfork.keys.classic.tarsum import tarsum
from layerfork.record.build import Builder
from layerfork.record.context import ContentSource, ContextEntry, Digest, EntryType
from layerfork.record.record import BuildRecord

Entries = list[ContextEntry]
MakeRecord = Callable[..., BuildRecord]
DOCKERFILE = "FROM base\nCOPY a.txt /a.txt\nCOPY d /d/\nCOPY . /all/\nRUN echo tail\n"
BUILDERS = {"classic": Builder.CLASSIC, "buildkit": Builder.BUILDKIT, "podman_api": Builder.BUILDAH}


def entry(name: str, data: bytes = b"", kind: EntryType = EntryType.FILE, **fields: Any) -> ContextEntry:
    """A tar entry with both digests, as the recorder makes it."""
    typeflags = {"file": "0", "directory": "5", "symlink": "2", "hardlink": "1"}
    attributes: dict[str, Any] = {"typeflag": typeflags[kind], "mode": 0o644, "size": len(data)} | fields
    made = ContextEntry(name=name, type=kind, **attributes)
    if kind is EntryType.FILE:
        content = Digest("sha256:" + sha256(data).hexdigest())
        made = replace(made, content=content, content_source=ContentSource.SENT)
    return replace(made, tarsum=tarsum(made, [data]))


def baseline() -> Entries:
    return [
        entry("Dockerfile", DOCKERFILE.encode()),
        entry("a.txt", b"hello\n"),
        entry("d/", kind=EntryType.DIRECTORY, mode=0o755),
        entry("d/x", b"X"),
        entry("d/z", b"Z"),
    ]


def changed(target: str, data: bytes | None = None, **fields: Any) -> Callable[[Entries], Entries]:
    """Other header fields, or other data, of one entry."""
    datas = {"Dockerfile": DOCKERFILE.encode(), "a.txt": b"hello\n", "d/x": b"X", "d/z": b"Z"}

    def change(entries: Entries) -> Entries:
        result = []
        for each in entries:
            if each.name == target:
                content = datas.get(target, b"") if data is None else data
                made = replace(each, size=len(content), **fields)
                if made.content is not None:
                    made = replace(made, content=Digest("sha256:" + sha256(content).hexdigest()))
                each = replace(made, tarsum=tarsum(made, [content]))
            result.append(each)
        return result

    return change


def renamed(rename: Callable[[str], str]) -> Callable[[Entries], Entries]:
    return lambda entries: [
        made for each in entries for made in changed(each.name, name=rename(each.name))([each])
    ]


def added(*extra: ContextEntry) -> Callable[[Entries], Entries]:
    return lambda entries: [*entries, *extra]


def without(name: str) -> Callable[[Entries], Entries]:
    return lambda entries: [each for each in entries if each.name != name]


def swapped(name: str, other: ContextEntry) -> Callable[[Entries], Entries]:
    return lambda entries: [other if each.name == name else each for each in entries]


def same(entries: Entries) -> Entries:
    return entries


LINK = entry("a.txt", kind=EntryType.SYMLINK, mode=0o777, linkname="real.txt")
CHANGES: dict[str, Callable[[Entries], Entries]] = {
    "mtime": changed("a.txt", mtime_ns=1),
    "mtime_all": lambda entries: [replace(each, mtime_ns=5) for each in entries],
    "uid": changed("a.txt", uid=1000),
    "gid": changed("a.txt", gid=1000),
    "uname": changed("a.txt", uname="someone"),
    "gname": changed("a.txt", gname="someone"),
    "mode_exec": changed("a.txt", mode=0o755),
    "mode_umask_0664": changed("a.txt", mode=0o664),
    "mode_setuid": changed("a.txt", mode=0o4644),
    "mode_type_bits_0100644": changed("a.txt", mode=0o100644),
    "content": changed("a.txt", b"HELLO\n"),
    "content_crlf": changed("a.txt", b"hello\r\n"),
    "dir_mode": changed("d/", mode=0o775),
    "dir_uid": changed("d/", uid=1000),
    "dir_mtime": changed("d/", mtime_ns=9),
    "prefix_dot_slash_all": renamed(lambda name: "./" + name),
    "prefix_dot_slash_a": renamed(lambda name: "./a.txt" if name == "a.txt" else name),
    "prefix_slash_abs": renamed(lambda name: "/" + name),
    "root_entry_dot": lambda entries: [entry("./", kind=EntryType.DIRECTORY, mode=0o755), *entries],
    "order_reversed": lambda entries: entries[::-1],
    "missing_dir_entry": without("d/"),
    "dir_name_no_slash": changed("d/", name="d"),
    "extra_file_in_d": added(entry("d/extra", b"e")),
    "extra_file_root": added(entry("extra", b"e")),
    "pax_xattr_user": changed("a.txt", xattrs=(("user.note", b"n"),)),
    "pax_xattr_capability": changed("a.txt", xattrs=(("security.capability", b"\1"),)),
    "pax_atime_ctime": changed("a.txt", pax=(("atime", "1"), ("ctime", "2"))),
    "pax_mtime_frac": changed("a.txt", mtime_ns=1_500_000_000),
    "pax_comment": changed("a.txt", pax=(("comment", "c"),)),
    "fmt_gnu": same,
    "fmt_ustar": same,
    "gzip": same,
    "typeflag_nul": changed("a.txt", typeflag="\0"),
    "symlink_instead_of_file": swapped("a.txt", LINK),
    "hardlink_instead_of_file": swapped(
        "d/z", entry("d/z", kind=EntryType.HARDLINK, linkname="d/x", mode=0o644)
    ),
    "dz_same_as_dx": changed("d/z", b"X"),
    "devmajor_on_regular": changed("a.txt", devmajor=7),
    "linkname_on_regular": changed("a.txt", linkname="nonsense"),
    "duplicate_entry_same": added(entry("a.txt", b"hello\n")),
    "duplicate_entry_last_differs": added(entry("a.txt", b"other\n")),
    "dockerfile_mode": changed("Dockerfile", mode=0o600),
    "dockerignore_added_plain": added(entry(".dockerignore", b"nothing\n")),
    "global_pax_header": same,
    "dir_mode_type_bits_0040755": changed("d/", mode=0o40755),
}
"""Without the ignore file that excludes itself: what it removes is not in a record."""


def first_fork(writer: BuildRecord, reader: BuildRecord) -> str | None:
    for step, mine, theirs in zip(writer.steps, keys_of(writer).steps, keys_of(reader).steps, strict=True):
        if mine.key.digest != theirs.key.digest:
            return " ".join(step.instruction.split()[:2])
    return None


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("name", CHANGES)
def test_tar_context(
    vectors: Any, classic_record: MakeRecord, buildkit_record: MakeRecord, name: str, builder: str
) -> None:
    expected = vectors["forks"]["tar_field_changes"][name][builder]
    before, after = baseline(), CHANGES[name](baseline())
    if name == "symlink_instead_of_file":
        # The link leads to the very file that it stands for.
        before, after = (
            [*before, entry("real.txt", b"hello\n")],
            [*after, entry("real.txt", b"hello\n")],
        )
    make = buildkit_record if builder == "buildkit" else classic_record
    writer, reader = make(DOCKERFILE, before), make(DOCKERFILE, after)
    if builder == "podman_api":
        engine = writer.engine and replace(writer.engine, kind="podman", version="5.4.2")
        writer, reader = (
            replace(record, builder=Builder.BUILDAH, engine=engine) for record in (writer, reader)
        )
    assert first_fork(writer, reader) == expected["first_step"]


def test_every_measured_change_is_covered(vectors: Any) -> None:
    missing = vectors["forks"]["tar_field_changes"].keys() - CHANGES.keys()
    assert missing == {"dockerignore_added_excludes_itself_and_Dockerfile"}
