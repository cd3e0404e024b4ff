"""A canonical tar as a file object, for programs that take one."""

import io
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


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
