"""Entries of plain files, made several times faster than by the class of entries: there are very many.

A frozen dataclass sets each of its fields through `object.__setattr__`, which is most of what an entry costs.
A twin with the same slots that is not frozen is filled by plain assignments, then given the entry's class.
"""

import os
from collections.abc import Callable
from typing import Any

from layerfork.context.clientrules import ContextRules, Owners
from layerfork.context.ownernames import group_name, user_name
from layerfork.record.context import ContentSource, ContextEntry, Digest, EntryType, Transport


class _Draft:
    """An entry that is not yet frozen."""

    __slots__ = ContextEntry.__slots__


def plain_file_maker(
    rules: ContextRules, umask: int
) -> Callable[[str, os.stat_result, Digest], ContextEntry]:
    """Makes entries, as a client with these rules sends them, from a regular file's path, status and digest.

    The path is ASCII, and the file has no other name and no extended attributes.
    """
    real_names, other_name = rules.owner_names == "real", rules.owner_names
    keeps_uid, keeps_gid = rules.owners is Owners.REAL, rules.owners is not Owners.ZERO
    mode_bits = (0o177777 if rules.type_bits else 0o7777) & ~(umask if rules.masks_mode else 0)
    typeflag = "0" if rules.transport is Transport.TAR else ""
    prefix, tick_ns, file, disk = rules.prefix, rules.tick_ns, EntryType.FILE, ContentSource.DISK

    def make(path: str, status: os.stat_result, content: Digest) -> ContextEntry:
        mtime_ns = status.st_mtime_ns
        entry: Any = _Draft()
        entry.name = prefix + path
        entry.raw_name = None
        entry.type = file
        entry.typeflag = typeflag
        entry.mode = status.st_mode & mode_bits
        entry.uid = status.st_uid if keeps_uid else 0
        entry.gid = status.st_gid if keeps_gid else 0
        entry.uname = user_name(status.st_uid) if real_names else other_name
        entry.gname = group_name(status.st_gid) if real_names else other_name
        entry.size = status.st_size
        entry.mtime_ns = mtime_ns - mtime_ns % tick_ns
        entry.linkname = ""
        entry.raw_linkname = None
        entry.devmajor = entry.devminor = 0
        entry.xattrs = entry.pax = ()
        entry.content = content
        entry.content_source = disk
        entry.tarsum = None
        entry.__class__ = ContextEntry
        made: ContextEntry = entry
        return made

    return make
