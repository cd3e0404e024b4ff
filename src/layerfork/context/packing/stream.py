"""A canonical tar, piece by piece. One that ends early cannot be taken for a whole one."""

import errno
import itertools
import os
import stat
from collections.abc import Callable, Collection, Iterator

from layerfork.context.packing.buffer import PIECE_BYTES, SPARE, TarBuffer
from layerfork.context.packing.entries import (
    ROOT_HEAD,
    directory_head,
    file_head,
    is_executable,
    may_come_first,
    other_head,
)
from layerfork.context.packing.plan import PackPlan
from layerfork.context.packing.walking import Found, walk
from layerfork.context.tarball import BLOCK
from layerfork.errors import LayerforkError

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TYPE = 0o170000
_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
_TEXT_BYTES = PIECE_BYTES // 2

Say = Callable[[str], None]
"""Is told in a line what a tar does not have of the directory."""
Blocks = tuple[bytes, Found | None]
"""Whole blocks, and the file whose content follows."""


def tar_pieces(plan: PackPlan, say: Say, outputs: Collection[tuple[int, int]] = ()) -> Iterator[memoryview]:
    """The tar of a plan; each piece is good until the next is asked for.

    ``outputs`` are device and inode of what it is written to: that is left out. Every piece but the last ends
    in the middle of a block: see `TarBuffer`.
    Raises: LayerforkError when something cannot be read, or changes meanwhile; UsageError for a malformed
    ignore pattern.
    """
    buffer = TarBuffer()
    for blocks, file in _from_the_first(_entries(plan, say, outputs)):
        if not buffer.has_room(len(blocks)):
            yield from buffer.handed_on()
        buffer.put(blocks)
        if file is not None:
            handle, size = _open(file), file[2].st_size
            try:
                while not buffer.has_room(size + SPARE):
                    size -= _read_part(buffer, handle, file, size)
                    yield from buffer.handed_on()
                _read_rest(buffer, handle, file, size)
            finally:
                os.close(handle)
    yield from buffer.ended()


def _from_the_first(entries: Iterator[Blocks]) -> Iterator[Blocks]:
    """All entries, and before them the root's where the first of them may not come first."""
    first = next(entries)
    root: tuple[Blocks, ...] = () if may_come_first(first[0]) else ((ROOT_HEAD, None),)
    return itertools.chain(root, (first,), entries)


def _entries(plan: PackPlan, say: Say, outputs: Collection[tuple[int, int]]) -> Iterator[Blocks]:
    if plan.text is not None:
        yield file_head(plan.dockerfile, len(plan.text), executable=False), None
        padded = plan.text + bytes(-len(plan.text) % BLOCK)
        for begin in range(0, len(padded), _TEXT_BYTES):
            yield padded[begin : begin + _TEXT_BYTES], None
    for found in walk(plan.root, plan.selection):
        path, _, status, _ = found
        kind = status.st_mode & _TYPE
        if outputs and (status.st_dev, status.st_ino) in outputs:
            say(f"{path} is left out: it is the tar itself")
        elif plan.text is not None and path == plan.dockerfile:
            say(f"{path} of the context is left out: the Dockerfile from elsewhere has its name")
        elif kind == stat.S_IFREG:
            if status.st_mode & _BITS:
                say(f"{path} is packed without its setuid, setgid or sticky bit")
            yield file_head(path, status.st_size, executable=is_executable(status)), found
        elif kind == stat.S_IFDIR:
            yield directory_head(path), None
        else:
            head = other_head(path, status, _target(found) if kind == stat.S_IFLNK else b"")
            if head is None:
                say(f"{path} is left out: a tar cannot have sockets")
            else:
                yield head, None


def _target(link: Found) -> bytes:
    path, name, _, directory = link
    try:
        return os.fsencode(os.readlink(name, dir_fd=directory))
    except OSError as error:
        raise _changed(path, "it is no link any more") from error


def _open(file: Found) -> int:
    path, name, _, directory = file
    try:
        return os.open(name, _FLAGS, dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            raise _changed(path, "it is no file any more") from error
        raise _unreadable(path, error) from error


def _read_part(buffer: TarBuffer, handle: int, file: Found, size: int) -> int:
    """As much of the last ``size`` bytes of a content as there is room for; the rest is to come."""
    try:
        done = buffer.read_blocks(handle, size)
    except OSError as error:
        raise _unreadable(file[0], error) from error
    if done is None:
        raise _changed(file[0], f"it lost some of its {file[2].st_size} bytes")
    return done


def _read_rest(buffer: TarBuffer, handle: int, file: Found, size: int) -> None:
    """The last ``size`` bytes of a content."""
    path, _, status, _ = file
    try:
        done = buffer.read(handle, size)
        is_same = os.fstat(handle).st_mtime_ns == status.st_mtime_ns
    except OSError as error:
        raise _unreadable(path, error) from error
    if done > size:
        raise _changed(path, f"it grew beyond {status.st_size} bytes")
    if done < size:
        raise _changed(path, f"it lost some of its {status.st_size} bytes")
    if not is_same:
        raise _changed(path, "it was written to")


def _unreadable(path: str, error: OSError) -> LayerforkError:
    return LayerforkError(
        f"{path} of the context cannot be read: {error.strerror}",
        hint="make it readable for this user, or leave it out in .dockerignore",
    )


def _changed(path: str, how: str) -> LayerforkError:
    return LayerforkError(
        f"{path} changed while it was packed: {how}",
        hint="pack when nothing writes to it, or leave it out in .dockerignore",
    )
