"""A canonical tar, piece by piece. One that ends early cannot be taken for a whole one."""

import errno
import os
import stat
from collections.abc import Callable, Collection, Iterator

from layerfork.buildcontext.packing.entries import (
    ROOT_HEAD,
    directory_head,
    file_head,
    is_executable,
    may_come_first,
    other_head,
)
from layerfork.buildcontext.packing.plan import PackPlan
from layerfork.buildcontext.packing.walking import walk
from layerfork.buildcontext.tarball import BLOCK, archive_end
from layerfork.errors import LayerforkError

PIECE_BYTES = 1 << 18
"""About so many bytes come at once."""
_HALF = BLOCK // 2
_READ_BYTES = 1 << 20
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ZEROS = bytes(BLOCK)
_TYPE = 0o170000
_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX

Say = Callable[[str], None]
"""Is told in a line what a tar does not have of the directory."""


def tar_pieces(plan: PackPlan, say: Say, outputs: Collection[tuple[int, int]] = ()) -> Iterator[memoryview]:
    """The tar of a plan. ``outputs`` are device and inode of what it is written to: that is left out.

    Go's programs take the end of a stream between two entries for the tar's end. So every piece but the last
    ends in the middle of a block, the first after half a one: whoever gets no further sees it, also where a
    pipe passed on some pages of a piece before its writer was killed.
    Source: golang/go src/archive/tar/reader.go:readHeader @ go1.22.
    Raises: LayerforkError when something cannot be read, or changes meanwhile; UsageError for a malformed
    ignore pattern.
    """
    held: list[bytes | memoryview] = []
    size = written = 0
    for block in _blocks(plan, say, outputs):
        held.append(block)
        size += len(block)
        if size >= PIECE_BYTES:
            joined = memoryview(b"".join(held))
            if not written:
                yield joined[:_HALF]
                joined = joined[_HALF:]
                written = _HALF
            full = (len(joined) - BLOCK) // BLOCK * BLOCK
            yield joined[:full]
            written += full
            held = [joined[full:]]
            size = len(joined) - full
    held.append(archive_end(written + size))
    yield memoryview(b"".join(held))


def _blocks(plan: PackPlan, say: Say, outputs: Collection[tuple[int, int]]) -> Iterator[bytes]:
    """Headers, contents and what fills up blocks, in turn; where the first may not come first, the root's."""
    blocks = _entries(plan, say, outputs)
    first = next(blocks, b"")
    if not may_come_first(first):
        yield ROOT_HEAD
    yield first
    yield from blocks


def _entries(plan: PackPlan, say: Say, outputs: Collection[tuple[int, int]]) -> Iterator[bytes]:
    if plan.text is not None:
        yield file_head(plan.dockerfile, len(plan.text), executable=False)
        yield plan.text + bytes(-len(plan.text) % BLOCK)
    for path, name, status, directory in walk(plan.root, plan.selection):
        kind = status.st_mode & _TYPE
        if outputs and (status.st_dev, status.st_ino) in outputs:
            say(f"{path} is left out: it is the tar itself")
        elif plan.text is not None and path == plan.dockerfile:
            say(f"{path} of the context is left out: the Dockerfile from elsewhere has its name")
        elif kind == stat.S_IFREG:
            if status.st_mode & _BITS:
                say(f"{path} is packed without its setuid, setgid or sticky bit")
            yield file_head(path, status.st_size, executable=is_executable(status))
            yield from _content(path, name, status, directory)
        elif kind == stat.S_IFDIR:
            yield directory_head(path)
        else:
            head = other_head(path, status, _target(path, name, kind, directory))
            if head is None:
                say(f"{path} is left out: a tar cannot have sockets")
            else:
                yield head


def _target(path: str, name: str, kind: int, directory: int) -> bytes:
    """What a link points to; nothing for what is no link."""
    if kind != stat.S_IFLNK:
        return b""
    try:
        return os.fsencode(os.readlink(name, dir_fd=directory))
    except OSError as error:
        raise _changed(path, "it is no link any more") from error


def _content(path: str, name: str, status: os.stat_result, directory: int) -> Iterator[bytes]:
    """A file's bytes, exactly as many as its header says, and what fills up the block."""
    handle = _open(path, name, directory)
    size, done = status.st_size, 0
    try:
        while True:
            # One byte more than there should be: getting all but that one is the end of the file.
            wanted = min(size - done + 1, _READ_BYTES)
            data = os.read(handle, wanted)
            done += len(data)
            if done > size:
                raise _changed(path, f"it grew beyond {size} bytes")
            yield data
            if len(data) < wanted and (done == size or not data):
                break
        if done < size:
            raise _changed(path, f"it had {size} bytes, then {done}")
        if os.fstat(handle).st_mtime_ns != status.st_mtime_ns:
            raise _changed(path, "it was written to")
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(handle)
    yield _ZEROS[: -size % BLOCK]


def _open(path: str, name: str, directory: int) -> int:
    try:
        return os.open(name, _FLAGS, dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            raise _changed(path, "it is no file any more") from error
        raise _unreadable(path, error) from error


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
