"""A canonical tar, piece by piece or as a file object. One that ends early never looks whole."""

import errno
import io
import itertools
import logging
import os
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from layerfork.context.packing.plan import PackPlan, plan_directory
from layerfork.context.packing.tarentries import (
    ROOT_HEAD,
    WalkedEntry,
    directory_head,
    file_head,
    is_executable,
    may_come_first,
    other_head,
    walk,
)
from layerfork.context.tarball import BLOCK, archive_end
from layerfork.errors import LayerforkError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE_BYTES = 1 << 18
"""At most this many bytes are handed on at once."""
SPARE = 2 * BLOCK
"""Room that a content needs besides its size: for what fills up its block, and a byte that is too much."""
_HALF = BLOCK // 2
_ZEROS = bytes(BLOCK)


class TarBuffer:
    """Begins and ends between blocks with every call; what it hands on is good until the next call.

    Go's programs take the end of a stream between two entries for the tar's end. So every piece but the last
    ends in the middle of a block, the first after half a one: whoever gets no further sees it, also where a
    pipe passed on some pages of a piece before its writer was killed.
    Source: golang/go src/archive/tar/reader.go:readHeader @ go1.22.
    """

    def __init__(self) -> None:
        self._view = memoryview(bytearray(PIECE_BYTES))
        self._at = 0
        self._written = 0
        """What was handed on."""

    def has_room(self, size: int) -> bool:
        """Whether it still takes ``size`` bytes."""
        return self._at + size <= PIECE_BYTES

    def put(self, data: bytes | memoryview) -> None:
        """Lay down whole blocks, for which there is room."""
        end = self._at + len(data)
        self._view[self._at : end] = data
        self._at = end

    def read(self, handle: int, size: int) -> int:
        """Lay down ``size`` bytes of a file, for which there is room besides `SPARE`.

        Gives how many there are, at most one more: if it is another number, nothing is laid down.
        Raises: OSError.
        """
        start, end = self._at, self._at + size
        done = os.readv(handle, (self._view[start : end + 1],))
        while done < size:
            more = os.readv(handle, (self._view[start + done : end + 1],))
            if not more:
                return done
            done += more
        if done == size:
            self._at = end + -size % BLOCK
            self._view[end : self._at] = _ZEROS[: self._at - end]
        return done

    def read_blocks(self, handle: int, size: int) -> int | None:
        """Lay down of ``size`` bytes of a file as many as there is room for in whole blocks.

        Gives how many that was; None if the file ended before, and nothing is laid down.
        Raises: OSError.
        """
        wanted = min(PIECE_BYTES - self._at, size) // BLOCK * BLOCK
        done = 0
        while done < wanted:
            more = os.readv(handle, (self._view[self._at + done : self._at + wanted],))
            if not more:
                return None
            done += more
        self._at += wanted
        return wanted

    def handed_on(self) -> Iterator[memoryview]:
        """Hand on all but the last half block, which stays."""
        if not self._at:
            return
        begin = 0
        if not self._written:
            yield self._view[:_HALF]
            begin = _HALF
        end = self._at - _HALF
        if end > begin:
            yield self._view[begin:end]
        self._view[:_HALF] = self._view[end : self._at]
        self._written += end
        self._at = _HALF

    def ended(self) -> Iterator[memoryview]:
        """Hand on the rest and the end of the archive."""
        yield memoryview(bytes(self._view[: self._at]) + archive_end(self._written + self._at))


# A canonical tar, piece by piece. One that ends early cannot be taken for a whole one.

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TYPE = 0o170000
_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
_TEXT_BYTES = PIECE_BYTES // 2

Say = Callable[[str], None]
"""Gets a line for whatever a tar leaves out of the directory."""
Blocks = tuple[bytes, WalkedEntry | None]
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


def _target(link: WalkedEntry) -> bytes:
    path, name, _, directory = link
    try:
        return os.fsencode(os.readlink(name, dir_fd=directory))
    except OSError as error:
        raise _changed(path, "it is no link any more") from error


def _open(file: WalkedEntry) -> int:
    path, name, _, directory = file
    try:
        return os.open(name, _FLAGS, dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            raise _changed(path, "it is no file any more") from error
        raise _unreadable(path, error) from error


def _read_part(buffer: TarBuffer, handle: int, file: WalkedEntry, size: int) -> int:
    """As much of the last ``size`` bytes of a content as there is room for; the rest is to come."""
    try:
        done = buffer.read_blocks(handle, size)
    except OSError as error:
        raise _unreadable(file[0], error) from error
    if done is None:
        raise _changed(file[0], f"it lost some of its {file[2].st_size} bytes")
    return done


def _read_rest(buffer: TarBuffer, handle: int, file: WalkedEntry, size: int) -> None:
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


# A canonical tar as a file object, for programs that take one.


class ContextTar(io.RawIOBase):
    """A tar that is made while it is read, once and from its beginning.

    Iterating gives pieces, not lines. What cannot be packed is raised by the read that would have had it.
    """

    def __init__(self, pieces: Iterator[memoryview]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill a part of a buffer; 0 at the end. Raises: LayerforkError, ValueError when it is closed."""
        self._check()
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def __iter__(self) -> "ContextTar":
        self._check()
        return self

    def __next__(self) -> bytes:
        piece = self.read(1 << 18)
        if not piece:
            raise StopIteration
        return piece

    def __enter__(self) -> "ContextTar":
        self._check()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End what is being read; closing again does nothing."""
        if not self.closed:
            self._rest = memoryview(b"")
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()
        super().close()

    def _check(self) -> None:
        if self.closed:
            raise ValueError("the tar is closed")


# Opens a directory as a canonical tar.


def open_context_tar(
    path: str | os.PathLike[str], dockerfile: str | os.PathLike[str] | None = None
) -> ContextTar:
    """The tar as a file object; ``dockerfile`` starts from ``path``. Notes go to the log ``layerfork``.

    Raises: UsageError.
    """
    root = Path(path)
    plan = plan_directory(root, None if dockerfile is None else root / dockerfile)
    return ContextTar(tar_pieces(plan, logging.getLogger("layerfork").warning))
