"""Puts decoding off: copies of what passed wait here until there is time for them.

Decoding costs more than forwarding. While a build is busy its bytes only queue up, in the order of
their arrival over all connections; the limit bounds the memory, beyond it each arrival pays for the
oldest.
"""

import time
from collections import deque
from collections.abc import Callable

from layerfork.wire.proxy.tap import Bytes

LIMIT_BYTES = 16 << 20

_EVENT_BYTES = 200
"""What an entry costs besides its payload, about."""
END_BYTES = 8 << 10
"""What one side of a connection keeps alive until its end is decoded, about: tables of headers, above all."""


class Backlog:
    """A queue of bytes and the functions that decode them. One thread only."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit_bytes
        self._clock = clock
        self._queue: deque[tuple[float, Callable[[bytes], None], bytes, int]] = deque()
        self._waiting = 0
        self._now: float | None = None

    def now(self) -> float:
        """When the bytes arrived that are being decoded; outside of that, the clock."""
        return self._now if self._now is not None else self._clock()

    def put(self, decode: Callable[[bytes], None], data: Bytes, holds_bytes: int = 0) -> None:
        """Have ``decode(data)`` called later, after everything that was put before.

        ``holds_bytes`` is what stays in memory until then besides.
        """
        cost = len(data) + _EVENT_BYTES + holds_bytes
        self._queue.append((self._clock(), decode, bytes(data), cost))
        self._waiting += cost
        while self._waiting > self._limit:
            self._one()

    def work(self, seconds: float | None = None) -> bool:
        """Decode for about that long, or everything; True when something is left."""
        until = None if seconds is None else self._clock() + seconds
        while self._queue and (until is None or self._clock() < until):
            self._one()
        return bool(self._queue)

    def _one(self) -> None:
        self._now, decode, data, cost = self._queue.popleft()
        self._waiting -= cost
        try:
            decode(data)
        finally:
            self._now = None
