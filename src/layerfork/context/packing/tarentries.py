"""Walks a directory, and makes each entry what a canonical tar holds of it."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layerfork.context.selection import Selection, State
from layerfork.context.tarball import BLOCK, entry_head, header_block
from layerfork.context.walk import sorted_names, type_of
from layerfork.errors import LayerforkError
from layerfork.record.context import TYPEFLAGS, ContextEntry, EntryType, display_name

WalkedEntry = tuple[str, str, os.stat_result, int]
"""Path relative to the root; the name; its status, links not followed; a handle of its directory, which is
open until the next one is asked for. Bytes that are not UTF-8 are surrogates."""
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_TYPE, _DIRECTORY = 0o170000, 0o040000


@dataclass(slots=True, kw_only=True)
class _Level:
    """A directory that is being walked."""

    prefix: str
    handle: int
    names: Iterator[str]
    """Those that are still to come."""
    state: State
    """What the ignore rules hand on to what it holds."""


def walk(root: Path, selection: Selection) -> Iterator[WalkedEntry]:
    """What is sent of a directory, in lexical order of bytes, each directory before what it holds.

    Links are never followed.
    Raises: LayerforkError for a directory that cannot be listed; UsageError for a malformed ignore pattern.
    """
    decide, may_keep_below = selection.decide, selection.may_keep_below
    levels = [_enter(os.fspath(root), None, "", None)]
    try:
        while levels:
            level = levels[-1]
            for name in level.names:
                try:
                    status = os.lstat(name, dir_fd=level.handle)
                except FileNotFoundError:  # it went away after it was listed
                    continue
                except OSError as error:
                    raise _unreadable(level.prefix, error) from error
                path = level.prefix + name
                excluded, state = decide(path, level.state)
                if not excluded:
                    yield path, name, status, level.handle
                if status.st_mode & _TYPE == _DIRECTORY and (not excluded or may_keep_below(path)):
                    levels.append(_enter(name, level.handle, path + "/", state))
                    break
            else:
                os.close(levels.pop().handle)
    finally:
        for level in levels:
            os.close(level.handle)


def _enter(name: str, above: int | None, prefix: str, state: State) -> _Level:
    flags = _FLAGS if above is None else _FLAGS | os.O_NOFOLLOW
    try:
        handle = os.open(name, flags, dir_fd=above)
    except OSError as error:
        raise _unreadable(prefix or name, error) from error
    try:
        names = sorted_names(handle)
    except OSError as error:
        os.close(handle)
        raise _unreadable(prefix or name, error) from error
    return _Level(prefix=prefix, handle=handle, names=iter(names), state=state)


def _unreadable(directory: str, error: OSError) -> LayerforkError:
    return LayerforkError(
        f"directory {directory or '.'} of the context cannot be read: {error.strerror}",
        hint="make it readable for this user, or leave it out in .dockerignore",
    )


# How a canonical tar holds each entry of a directory: only what a checkout reproduces is left.
#
# docs/pack.md has the same for people, with what each builder's key reads.

FILE_MODE, PROGRAM_MODE, DIRECTORY_MODE, LINK_MODE = 0o644, 0o755, 0o755, 0o777
TIME_S = 318_211_200
"""1980-02-01 00:00 UTC. Zip files begin with 1980 in local time, so an earlier time breaks programs that
make them; a month later it is 1980 everywhere.

Gradle's archives have the same time, in local time (CONSTANT_TIME_FOR_ZIP_ENTRIES).
"""
_SHORT = 100
"""Bytes of a name that a header has room for."""
_LARGEST = 8**11 - 1
"""Size in bytes that a header has room for."""
_COMPRESSED = (b"BZh", b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
"""How bzip2, gzip, xz and zstd begin."""
ROOT_HEAD = header_block(name=b"./", mode=DIRECTORY_MODE, size=0, seconds=TIME_S, typeflag="5")
"""An entry for the directory itself, which no builder's key reads."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A header without name and size: most differ in nothing else."""

    before: bytes
    """Between the name and the size."""
    after: bytes
    """Between the size and the checksum."""
    end: bytes
    """From the checksum on."""
    total: int
    """Sum of all that, with the checksum's own field as the blanks that it counts as."""


def _form(mode: int, typeflag: str) -> _Form:
    block = header_block(name=b"", mode=mode, size=0, seconds=TIME_S, typeflag=typeflag)
    before, after, end = block[100:124], block[136:148], block[156:]
    return _Form(before, after, end, sum(before) + sum(after) + sum(end) + 8 * ord(" "))


_FILE, _PROGRAM = _form(FILE_MODE, "0"), _form(PROGRAM_MODE, "0")
_DIRECTORY_FORM = _form(DIRECTORY_MODE, "5")


def file_head(path: str, size: int, *, executable: bool) -> bytes:
    """What stands before a regular file's content."""
    name = os.fsencode(path)
    if len(name) > _SHORT or size > _LARGEST:
        mode = PROGRAM_MODE if executable else FILE_MODE
        return _rare_head(name, EntryType.FILE, mode, size=size)
    return _head(_PROGRAM if executable else _FILE, name, size)


def directory_head(path: str) -> bytes:
    """The header of a directory, whose name ends in a slash."""
    name = os.fsencode(path) + b"/"
    if len(name) > _SHORT:
        return _rare_head(name, EntryType.DIRECTORY, DIRECTORY_MODE)
    return _head(_DIRECTORY_FORM, name, 0)


def other_head(path: str, status: os.stat_result, target: bytes) -> bytes | None:
    """The header of a link with its target, a FIFO or a device; None for what cannot be in a tar."""
    kind = type_of(status)
    if kind not in TYPEFLAGS:
        return None
    mode = LINK_MODE if kind is EntryType.SYMLINK else FILE_MODE
    return _rare_head(os.fsencode(path), kind, mode, link=target, device=status.st_rdev)


def is_executable(status: os.stat_result) -> bool:
    """As git sees it: its owner may run it."""
    return bool(status.st_mode & stat.S_IXUSR)


def may_come_first(head: bytes) -> bool:
    """Whether programs see that a tar begins with this.

    Docker's tell a tar from a Dockerfile, or from a compressed tar, by the first kilobyte: an extended header
    does not fit, and a name may begin as compressed data does.
    Source: docker/cli cli/command/image/build/context.go:{DetectArchiveReader,IsArchive} @ v26.1.5;
    moby/moby pkg/archive/archive.go:DetectCompression @ v26.1.5.
    """
    return len(head) == BLOCK and not head.startswith(_COMPRESSED)


def _head(form: _Form, name: bytes, size: int) -> bytes:
    digits = b"%011o\0" % size
    total = form.total + sum(name) + sum(digits)
    return b"".join((name.ljust(100, b"\0"), form.before, digits, form.after, b"%06o\0 " % total, form.end))


def _rare_head(
    name: bytes, kind: EntryType, mode: int, *, size: int = 0, link: bytes = b"", device: int = 0
) -> bytes:
    """As `tarball` writes it, with a PAX header where something does not fit."""
    text, raw = display_name(name)
    link_text, raw_link = display_name(link)
    has_device = kind in (EntryType.CHAR_DEVICE, EntryType.BLOCK_DEVICE)
    return entry_head(
        ContextEntry(
            name=text,
            raw_name=raw,
            type=kind,
            mode=mode,
            size=size,
            mtime_ns=TIME_S * 10**9,
            linkname=link_text,
            raw_linkname=raw_link,
            devmajor=os.major(device) if has_device else 0,
            devminor=os.minor(device) if has_device else 0,
        )
    )
