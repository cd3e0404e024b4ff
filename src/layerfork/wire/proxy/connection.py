"""One proxied connection: two directions, each with at most one unsent rest, and the tap beside them."""

import contextlib
import selectors
import socket
from collections import deque
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from layerfork.record.context import Digest
from layerfork.wire.proxy.tap import ConnectionTap, describe_fault

if TYPE_CHECKING:
    from _hashlib import HASH

READ_BYTES = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """How one connection went."""

    client_bytes: int = 0
    """Bytes that the client sent."""
    engine_bytes: int = 0
    """Bytes that the engine sent."""
    problem: str = ""
    """Why something of it is not recorded; empty when all went well."""
    reset: str = ""
    """Which side went away with bytes unread, and what the system said; nothing is lost by it."""
    undelivered_bytes: int = 0
    """Bytes of either side that the other no longer read. The digests are without them."""
    client_received: Digest | None = None
    """Digest of what came from the client; like the other digests only when asked for."""
    client_forwarded: Digest | None = None
    """Digest of what went on to the engine."""
    engine_received: Digest | None = None
    engine_forwarded: Digest | None = None

    @property
    def transparent(self) -> bool:
        """Whether what was received is what was forwarded, both ways."""
        return self.client_received == self.client_forwarded and self.engine_received == self.engine_forwarded


class _Digests:
    """Of one direction: what was received and can be forwarded, and what was forwarded."""

    def __init__(self) -> None:
        self.received = sha256()
        self.forwarded = sha256()
        self._before = self.received
        self._last = b""

    def receive(self, data: memoryview) -> None:
        self._before = self.received.copy()
        self._last = bytes(data)
        self.received.update(data)

    def give_up(self, count: int) -> None:
        """The last bytes of what was received will never be forwarded."""
        self.received = self._before.copy()
        self.received.update(self._last[: len(self._last) - count])


class _Flow:
    """One direction of a connection."""

    def __init__(self, source: socket.socket, sink: socket.socket, *, verify: bool) -> None:
        self.source = source
        self.sink = sink
        self.unsent = memoryview(b"")
        self.at_end = False
        """The source sends nothing more."""
        self.broken = False
        """The sink takes nothing more."""
        self.count = 0
        self.undelivered = 0
        self.digests = _Digests() if verify else None

    @property
    def finished(self) -> bool:
        return self.broken or (self.at_end and not self.unsent)

    def send(self, data: memoryview) -> memoryview:
        """What could not be sent yet."""
        try:
            sent = self.sink.send(data)
        except (BlockingIOError, InterruptedError):
            return data
        except OSError:
            self.unsent = data
            self.break_off()
            return data[:0]
        if self.digests is not None:
            self.digests.forwarded.update(data[:sent])
        return data[sent:]

    def break_off(self) -> None:
        """The sink is gone: let the source's next write fail, as it would without us."""
        # SHUT_RD on a unix socket gives its peer EPIPE. Without it the source would go on writing, and block
        # once our receive buffer is full.
        if self.broken:
            return
        self.broken = True
        self.undelivered += len(self.unsent)
        if self.digests is not None:
            self.digests.give_up(len(self.unsent))
        self.unsent = memoryview(b"")
        with contextlib.suppress(OSError):
            self.source.shutdown(socket.SHUT_RD)

    def end(self) -> None:
        """The source ended and everything was sent: so does our side towards the sink."""
        # Only this direction: clients of hijacked connections close their side when their input ends, and
        # still read what the engine sends.
        with contextlib.suppress(OSError):
            self.sink.shutdown(socket.SHUT_WR)


class ProxiedConnection:
    """A client's connection and the one to the engine that it is relayed over."""

    def __init__(
        self, client: socket.socket, engine: socket.socket, tap: ConnectionTap | None, *, verify: bool
    ) -> None:
        self.client = client
        self.engine = engine
        self.watched: dict[socket.socket, int] = {}
        """What the selector watches each socket for; kept by the proxy."""
        self._out = _Flow(client, engine, verify=verify)
        self._back = _Flow(engine, client, verify=verify)
        self._tap = tap
        self._problem = ""
        self._reset = ""

    @property
    def finished(self) -> bool:
        return self._out.finished and self._back.finished

    def interest(self, sock: socket.socket) -> int:
        """Selector events that matter for one of the two sockets."""
        reading, writing = self._flows(sock)
        wanted = 0
        # What is unsent stops reading: the source feels the sink's pace, and one buffer is enough.
        if not (reading.at_end or reading.broken or reading.unsent):
            wanted |= selectors.EVENT_READ
        if writing.unsent:
            wanted |= selectors.EVENT_WRITE
        return wanted

    def on_writable(self, sock: socket.socket) -> None:
        flow = self._flows(sock)[1]
        if flow.unsent:
            flow.unsent = flow.send(flow.unsent)
            if flow.at_end and not flow.unsent:
                flow.end()

    def on_readable(self, sock: socket.socket, buffer: memoryview) -> None:
        """Forward what can be read, then show it to the tap."""
        flow = self._flows(sock)[0]
        if flow.at_end or flow.broken or flow.unsent:
            return
        try:
            count = flow.source.recv_into(buffer)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._on_reset(flow, error)
            return
        if not count:
            self._on_end(flow)
            return
        data = buffer[:count]
        flow.count += count
        if flow.digests is not None:
            flow.digests.receive(data)
        rest = flow.send(data)  # before the tap: a slow decoder must not delay the build
        if rest:
            flow.unsent = memoryview(bytes(rest))  # a copy: the buffer is reused for the next read
        self._show(flow, data)

    def lose(self, reason: str) -> None:
        """The connection will be closed before its end; the tap hears why."""
        self._problem = self._problem or reason
        tap, self._tap = self._tap, None
        if tap is not None:
            with contextlib.suppress(Exception):
                tap.lost(reason)

    def close(self) -> ConnectionFacts:
        """Close both sockets and give the tap what it was not given yet."""
        for flow in (self._out, self._back):
            if not flow.at_end:
                flow.at_end = True
                self._show_end(flow)
            if flow.unsent:
                flow.break_off()
        for sock in (self.client, self.engine):
            sock.close()
        out, back = self._out.digests, self._back.digests
        return ConnectionFacts(
            client_bytes=self._out.count,
            engine_bytes=self._back.count,
            problem=self._problem,
            reset=self._reset,
            undelivered_bytes=self._out.undelivered + self._back.undelivered,
            client_received=_digest(out.received) if out is not None else None,
            client_forwarded=_digest(out.forwarded) if out is not None else None,
            engine_received=_digest(back.received) if back is not None else None,
            engine_forwarded=_digest(back.forwarded) if back is not None else None,
        )

    def _flows(self, sock: socket.socket) -> tuple[_Flow, _Flow]:
        """The flow that reads from this socket and the one that writes to it."""
        return (self._out, self._back) if sock is self.client else (self._back, self._out)

    def _on_end(self, flow: _Flow) -> None:
        flow.at_end = True
        if not flow.unsent:
            flow.end()
        self._show_end(flow)

    def _on_reset(self, flow: _Flow, error: OSError) -> None:
        """The source is gone both ways: what it sent still goes out, nothing can go to it."""
        side = "client" if flow is self._out else "engine"
        self._reset = self._reset or f"{side}: {error}"
        self._on_end(flow)
        self._flows(flow.source)[1].break_off()

    def _show(self, flow: _Flow, data: memoryview) -> None:
        if self._tap is None:
            return
        try:
            if flow is self._out:
                self._tap.client_sent(data)
            else:
                self._tap.engine_sent(data)
        except Exception as error:  # whatever a decoder does wrong, the bytes go on
            self.lose(describe_fault(error))

    def _show_end(self, flow: _Flow) -> None:
        if self._tap is None:
            return
        try:
            if flow is self._out:
                self._tap.client_closed()
            else:
                self._tap.engine_closed()
        except Exception as error:  # as above
            self.lose(describe_fault(error))


def _digest(hasher: "HASH") -> Digest:
    return Digest(f"sha256:{hasher.hexdigest()}")


# What is kept of connections that have ended: a client may open very many, most of them no builds.

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
