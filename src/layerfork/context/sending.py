"""A directory's entries as a client sends them, by its rules."""

import grp
import os
import pwd
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from layerfork.context.clientrules import ContextRules, Hardlinks, Owners, Xattrs
from layerfork.context.hashing.digestcache import Content
from layerfork.context.hashing.filedigests import attribute_names
from layerfork.context.walk import ScannedTree, no_collection, type_of
from layerfork.record.context import (
    TYPEFLAGS,
    ContentSource,
    ContextEntry,
    Digest,
    EntryType,
    Transport,
    display_name,
)


@lru_cache
def user_name(uid: int) -> str:
    """Empty when the user has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


@lru_cache
def group_name(gid: int) -> str:
    """Empty when the group has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""


# Entries of plain files, made several times faster than by the class of entries: there are very many.
#
# A frozen dataclass sets each of its fields through `object.__setattr__`, which is most of what an entry
# costs. A twin with the same slots that is not frozen is filled by plain assignments, then given the entry's
# class.


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


def sent_entries(
    tree: ScannedTree,
    paths: Iterable[str],
    rules: ContextRules,
    contents: Mapping[str, Content],
    umask: int = 0o022,
) -> tuple[ContextEntry, ...]:
    """Entries as a client sends them, in the order of the paths.

    ``paths`` are what the client's ignore rules keep, ``contents`` those of regular files by path; a file
    without one counts as not sent. ``umask`` is the client's. Files whose content is plain are known to have
    no extended attributes; of others the disk is asked. Where a client sends entries in the order of the
    directory, which no key depends on, they come in the order of the paths, too.
    """
    sender = _Sender(tree=tree, rules=rules, umask=umask, names={}, contents=contents)
    with no_collection():
        entries = [sender.root()] if rules.sends_root else []
        find = tree.statuses.get
        plain_file = plain_file_maker(rules, umask)
        for path in paths:
            status = find(path)
            if status is None:
                continue
            content = contents.get(path)
            if content is not None and content[1] and status.st_nlink == 1 and path.isascii():
                entries.append(plain_file(path, status, content[0]))
                continue
            entry = sender.entry(path, status)
            if entry is not None:
                entries.append(entry)
    return tuple(entries)


@dataclass(slots=True, kw_only=True)
class _Sender:
    tree: ScannedTree
    rules: ContextRules
    umask: int
    names: dict[tuple[int, int], str]
    """First name of every file that has several, by device and inode."""
    contents: Mapping[str, Content]

    def root(self) -> ContextEntry:
        return self._make(self.rules.root_name, ".", self.tree.root_status, EntryType.DIRECTORY)

    def entry(self, path: str, status: os.stat_result) -> ContextEntry | None:
        kind = type_of(status)
        if kind is EntryType.SOCKET and not self.rules.sends_sockets:
            return None
        slash = "/" if kind is EntryType.DIRECTORY and self.rules.directory_slash else ""
        name = self.rules.prefix + path + slash
        if kind is EntryType.FILE and status.st_nlink > 1 and self.rules.hardlinks is not Hardlinks.COPY:
            first = self.names.setdefault((status.st_dev, status.st_ino), name)
            if first != name:
                if self.rules.hardlinks is Hardlinks.DROPPED:
                    return None
                return self._make(name, path, status, EntryType.HARDLINK, link=first)
        if kind is EntryType.SYMLINK:
            return self._make(name, path, status, kind, link=self.tree.target(path))
        return self._make(name, path, status, kind)

    def _make(
        self, name: str, path: str, status: os.stat_result, kind: EntryType, link: str = ""
    ) -> ContextEntry:
        text, raw = _text(name)
        link_text, raw_link = _text(link)
        uid, gid = self._owner(status)
        device = kind in (EntryType.CHAR_DEVICE, EntryType.BLOCK_DEVICE)
        mtime_ns = status.st_mtime_ns
        content, source = None, ContentSource.NONE
        if kind is EntryType.FILE:
            known = self.contents.get(path)
            content = None if known is None else known[0]
            source = ContentSource.NOT_SENT if content is None else ContentSource.DISK
        return ContextEntry(
            name=text,
            raw_name=raw,
            type=kind,
            typeflag=TYPEFLAGS.get(kind, "") if self.rules.transport is Transport.TAR else "",
            mode=self._mode(status),
            uid=uid,
            gid=gid,
            uname=self._owner_name(status.st_uid, user_name),
            gname=self._owner_name(status.st_gid, group_name),
            size=status.st_size if kind is EntryType.FILE else 0,
            mtime_ns=mtime_ns - mtime_ns % self.rules.tick_ns,
            linkname=link_text,
            raw_linkname=raw_link,
            devmajor=os.major(status.st_rdev) if device else 0,
            devminor=os.minor(status.st_rdev) if device else 0,
            xattrs=self._xattrs(path),
            content=content,
            content_source=source,
        )

    def _owner(self, status: os.stat_result) -> tuple[int, int]:
        if self.rules.owners is Owners.REAL:
            return status.st_uid, status.st_gid
        return 0, status.st_gid if self.rules.owners is Owners.ZERO_USER else 0

    def _owner_name(self, number: int, look_up: Callable[[int], str]) -> str:
        if self.rules.owner_names == "real":
            return look_up(number)
        return self.rules.owner_names

    def _mode(self, status: os.stat_result) -> int:
        mode = stat.S_IMODE(status.st_mode)
        if self.rules.type_bits:
            mode |= stat.S_IFMT(status.st_mode)
        return mode & ~self.umask if self.rules.masks_mode else mode

    def _xattrs(self, path: str) -> tuple[tuple[str, bytes], ...]:
        if self.rules.xattrs is Xattrs.NONE or self.tree.targets is not None or sys.platform != "linux":
            return ()
        place = f"{self.tree.root}/{path}"
        names = attribute_names(place)
        if self.rules.xattrs is Xattrs.CAPABILITY:
            names = [name for name in names if name == "security.capability"]
        return tuple((name, os.getxattr(place, name, follow_symlinks=False)) for name in sorted(names))


def _text(name: str) -> tuple[str, bytes | None]:
    return (name, None) if name.isascii() else display_name(os.fsencode(name))
