"""What is kept of connections that have ended: a client may open very many, most of them no builds."""

from collections import deque

from layerfork.wire.proxy.connection import ConnectionFacts

KEPT = 1_000
"""Of connections that went well, and of those that did not."""


class KeptFacts:
    """Facts by the order in which connections ended. One that was not transparent is never forgotten."""

    def __init__(self) -> None:
        self._count = 0
        self._newest: deque[tuple[int, ConnectionFacts]] = deque(maxlen=KEPT)
        self._troubled: list[tuple[int, ConnectionFacts]] = []

    def add(self, facts: ConnectionFacts) -> None:
        """Keep what is worth it."""
        self._count += 1
        troubled = bool(facts.problem) or not facts.engine_bytes
        if not facts.transparent or (troubled and len(self._troubled) < KEPT):
            self._troubled.append((self._count, facts))
        elif not troubled:
            self._newest.append((self._count, facts))

    def all(self) -> tuple[ConnectionFacts, ...]:
        """Those that are kept, in order."""
        kept = sorted((*self._newest, *self._troubled), key=lambda each: each[0])
        return tuple(facts for _, facts in kept)
