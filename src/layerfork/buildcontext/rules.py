"""What each client does to a directory's entries on the way: which it sends, and how they look then.

Source: moby/go-archive archive.go (FileInfoHeader, addTarFile) and docker/cli
cli/command/image/build.go @ v26.1.5; docker/docker-py docker/utils/build.py:create_archive @ 7.1.0 with
CPython Lib/tarfile.py:gettarinfo; mafintosh/tar-fs index.js @ 3.1.0; tonistiigi/fsutil stat_unix.go
@ 6d9dc2e with moby/buildkit client/solve.go @ v0.13.2; containers/podman-py podman/api/tar_utils.py
@ 5.8.0; GNU tar 1.35 manual.
"""

import grp
import os
import pwd
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from layerfork.buildcontext.walk import ScannedTree, no_collection, type_of
from layerfork.model.context import (
    ContentSource,
    ContextEntry,
    Digest,
    EntryType,
    Transport,
    display_name,
)


class Owners(StrEnum):
    """What becomes of a file's owner."""

    ZERO = "zero"
    REAL = "real"
    ZERO_USER = "zero-user"
    """uid 0, real gid."""


class Hardlinks(StrEnum):
    """What becomes of a file's second name."""

    LINK = "link"
    COPY = "copy"
    DROPPED = "dropped"


class Xattrs(StrEnum):
    """Which extended attributes are sent."""

    NONE = "none"
    CAPABILITY = "capability"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRules:
    """How one family of clients sends a directory."""

    id: str
    transport: Transport = Transport.TAR
    prefix: str = ""
    """Before every name: ``./`` for ``tar -cf x.tar .``."""
    directory_slash: bool = True
    sends_root: bool = False
    """An entry for the directory itself."""
    root_name: str = "./"
    owners: Owners
    owner_names: str = ""
    """``real``, ``root`` or empty."""
    type_bits: bool = False
    """The mode of a tar header has file-type bits."""
    masks_mode: bool = False
    """The mode loses the bits of the process's umask, links' modes too."""
    hardlinks: Hardlinks = Hardlinks.LINK
    xattrs: Xattrs = Xattrs.NONE
    whole_seconds: bool = True
    """Times lose their fractions."""
    sends_sockets: bool = False


RULES: tuple[ContextRules, ...] = (
    ContextRules(id="docker-cli", owners=Owners.ZERO, xattrs=Xattrs.CAPABILITY),
    ContextRules(id="docker-cli-23", owners=Owners.ZERO, xattrs=Xattrs.CAPABILITY, type_bits=True),
    ContextRules(id="tar", owners=Owners.REAL, owner_names="real", prefix="./", sends_root=True),
    ContextRules(id="docker-py", owners=Owners.REAL, owner_names="real", whole_seconds=False),
    ContextRules(id="dockerode", owners=Owners.REAL, masks_mode=True, hardlinks=Hardlinks.COPY),
    ContextRules(
        id="tar-fs",
        owners=Owners.REAL,
        masks_mode=True,
        hardlinks=Hardlinks.COPY,
        sends_root=True,
        root_name=".",
    ),
    ContextRules(
        id="buildkit",
        transport=Transport.FILE_SYNC,
        directory_slash=False,
        owners=Owners.ZERO,
        xattrs=Xattrs.ALL,
        whole_seconds=False,
        sends_sockets=True,
    ),
    ContextRules(
        id="podman-remote",
        directory_slash=False,
        owners=Owners.ZERO,
        owner_names="real",
        whole_seconds=False,
    ),
    ContextRules(
        id="podman-py",
        owners=Owners.ZERO_USER,
        owner_names="root",
        hardlinks=Hardlinks.DROPPED,
        sends_root=True,
        root_name="/",
        whole_seconds=False,
    ),
    ContextRules(
        id="buildah",
        transport=Transport.DISK,
        directory_slash=False,
        owners=Owners.REAL,
        xattrs=Xattrs.ALL,
        whole_seconds=False,
        sends_sockets=True,
    ),
)
"""``docker-cli`` is the classic builder's client from 24.0 on, ``docker-cli-23`` the one before;
``buildkit`` any client of BuildKit; ``tar`` GNU tar as ``tar -cf x.tar .``; ``tar-fs`` its ``pack(dir)``."""


def find_rules(rules_id: str) -> ContextRules:
    """The rules of a family. Raises: KeyError."""
    return {rules.id: rules for rules in RULES}[rules_id]


def sent_entries(
    tree: ScannedTree,
    paths: Iterable[str],
    rules: ContextRules,
    digests: Mapping[str, Digest],
    umask: int = 0o022,
) -> tuple[ContextEntry, ...]:
    """Entries as a client sends them, in the order of the paths.

    ``paths`` are what the client's ignore rules keep, ``digests`` the contents of regular files by path;
    a file without one counts as not sent. ``umask`` is the client's. Where a client sends entries in the
    order of the directory, which no key depends on, they come in the order of the paths, too.
    """
    sender = _Sender(tree=tree, rules=rules, umask=umask, names={}, digests=digests)
    with no_collection():
        entries = [sender.root()] if rules.sends_root else []
        for path in paths:
            status = tree.find(path)
            entry = sender.entry(path, status) if status is not None else None
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
    digests: Mapping[str, Digest]

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
            target = os.fspath(Path(f"{self.tree.root}/{path}").readlink())
            return self._make(name, path, status, kind, link=target)
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
            content = self.digests.get(path)
            source = ContentSource.NOT_SENT if content is None else ContentSource.DISK
        return ContextEntry(
            name=text,
            raw_name=raw,
            type=kind,
            typeflag=_TYPEFLAGS.get(kind, "") if self.rules.transport is Transport.TAR else "",
            mode=self._mode(status),
            uid=uid,
            gid=gid,
            uname=self._owner_name(status.st_uid, _user_name),
            gname=self._owner_name(status.st_gid, _group_name),
            size=status.st_size if kind is EntryType.FILE else 0,
            mtime_ns=mtime_ns - mtime_ns % 10**9 if self.rules.whole_seconds else mtime_ns,
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
        if self.rules.xattrs is Xattrs.NONE:
            return ()
        place = f"{self.tree.root}/{path}"
        try:
            names = os.listxattr(place, follow_symlinks=False)
        except OSError:
            return ()
        if self.rules.xattrs is Xattrs.CAPABILITY:
            names = [name for name in names if name == "security.capability"]
        return tuple((name, os.getxattr(place, name, follow_symlinks=False)) for name in sorted(names))


_TYPEFLAGS = {
    EntryType.FILE: "0",
    EntryType.HARDLINK: "1",
    EntryType.SYMLINK: "2",
    EntryType.CHAR_DEVICE: "3",
    EntryType.BLOCK_DEVICE: "4",
    EntryType.DIRECTORY: "5",
    EntryType.FIFO: "6",
}


def _text(name: str) -> tuple[str, bytes | None]:
    return (name, None) if name.isascii() else display_name(os.fsencode(name))


@lru_cache
def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


@lru_cache
def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""
