"""Puts a subject's context into a tar or a directory."""

import gzip
import io
import os
from collections.abc import Iterable
from pathlib import Path

from layerfork.context.tarball import write_tar
from layerfork.record.context import ContextEntry, EntryType
from research.mutations.subject import CASE_FILE, Node, Subject, Wire

TYPE_BITS = {EntryType.FILE: 0o100000, EntryType.DIRECTORY: 0o040000, EntryType.SYMLINK: 0o120000}


def tar_of(subject: Subject) -> bytes:
    """The context as a tar, written as the subject's wire says."""
    wire = subject.wire
    data = {}
    entries = []
    for node in _ordered(subject.all_nodes(), wire):
        entry = _entry(node, wire)
        data[entry.name] = node.data
        entries.append(entry)
    out = io.BytesIO()
    write_tar(entries, lambda entry: [data[entry.name]], out)
    return gzip.compress(out.getvalue(), 1, mtime=0) if wire.gzip else out.getvalue()


def _ordered(nodes: Iterable[Node], wire: Wire) -> list[Node]:
    """Hard links come last: they need their file.

    The first entry has no PAX header of its own: BuildKit would take the tar for a Dockerfile, because
    it looks at the first kilobyte alone.
    Source: moby/buildkit frontend/dockerui/context.go:isArchive @ v0.13.2.
    """
    kept = [node for node in nodes if wire.directories or node.type is not EntryType.DIRECTORY]
    first = [node for node in kept if node.path == CASE_FILE]
    links = [node for node in kept if node.type is EntryType.HARDLINK]
    others = [node for node in kept if node.type is not EntryType.HARDLINK and node.path != CASE_FILE]
    return [*first, *(others[::-1] if wire.reverse else others), *links]


def _entry(node: Node, wire: Wire) -> ContextEntry:
    slash = "/" if node.type is EntryType.DIRECTORY else ""
    linkname = node.target
    if node.type is EntryType.HARDLINK:
        linkname = wire.prefix + node.target
    return ContextEntry(
        name=f"{wire.prefix}{node.path}{slash}",
        type=node.type,
        mode=node.mode | (TYPE_BITS.get(node.type, 0o100000) if wire.type_bits else 0),
        uid=node.uid,
        gid=node.gid,
        uname=node.uname,
        gname=node.uname,
        size=len(node.data),
        mtime_ns=node.mtime * 10**9,
        linkname=linkname,
        xattrs=node.xattrs,
    )


def write_directory(subject: Subject, directory: Path) -> None:
    """The context as a new directory, owners, modes, times and attributes included."""
    directory.mkdir()
    nodes = subject.all_nodes()
    for node in nodes:
        _create(node, directory, directory / node.path)
    # Deepest first: writing into a directory would change its time again.
    for node in sorted(nodes, key=lambda each: each.path, reverse=True):
        if node.type is not EntryType.HARDLINK:
            _dress(node, directory / node.path)


def _create(node: Node, directory: Path, path: Path) -> None:
    match node.type:
        case EntryType.DIRECTORY:
            path.mkdir()
        case EntryType.SYMLINK:
            path.symlink_to(node.target)
        case EntryType.HARDLINK:
            path.hardlink_to(directory / node.target)
        case _:
            path.write_bytes(node.data)


def _dress(node: Node, path: Path) -> None:
    is_link = node.type is EntryType.SYMLINK
    os.lchown(path, node.uid, node.gid)
    if not is_link:
        path.chmod(node.mode)
        for name, value in node.xattrs:
            os.setxattr(path, name, value)
    os.utime(path, (node.mtime, node.mtime), follow_symlinks=False)
