"""A socket whose conversation has an end: in time and in bytes, whatever the other side does."""

import io
import socket
import time
from typing import Any


class TooLongError(OSError):
    """The other side said more than is listened to."""


class BoundedSocket:
    """What `http.client` needs of a socket. Raises: TimeoutError, TooLongError."""

    def __init__(self, inner: socket.socket, deadline: float, most_bytes: int) -> None:
        """``deadline`` is monotonic; the most bytes are those that are received."""
        self._inner = inner
        self._deadline = deadline
        self._left_bytes = most_bytes

    def sendall(self, data: Any) -> None:
        """Send all of it before the deadline."""
        self._hurry()
        self._inner.sendall(data)

    def makefile(self, mode: str = "rb", *_: object) -> io.BufferedReader:
        """What the other side says."""
        return io.BufferedReader(_Reader(self, self._inner.makefile("rb", buffering=0)))

    def close(self) -> None:
        """Close our end, once what is read of it is closed too."""
        self._inner.close()

    def receive(self, stream: io.RawIOBase, buffer: Any) -> int | None:
        """Read what comes next."""
        self._hurry()
        count: int | None = stream.readinto(buffer)
        self._left_bytes -= count or 0
        if self._left_bytes < 0:
            raise TooLongError("it says more than any engine has to say")
        return count

    def _hurry(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._inner.settimeout(left)


class _Reader(io.RawIOBase):
    def __init__(self, owner: BoundedSocket, stream: Any) -> None:
        self._owner = owner
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return self._owner.receive(self._stream, buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()
