"""A byte-transparent proxy on a unix socket: forwards at once, then shows a copy to a tap.

One thread serves all connections without blocking on any of them. Nothing is buffered beyond one
read per direction: when a peer is slow, its partner is not read.
"""

import contextlib
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from layerfork.wire.proxy.connection import READ_BYTES, ConnectionFacts, KeptFacts, ProxiedConnection
from layerfork.wire.proxy.sockets import (
    Way,
    enlarge_buffer,
    listen_on,
    open_at_once,
    open_in_time,
    open_socket,
)
from layerfork.wire.proxy.tap import ConnectionTap, describe_fault

QUIET_S = 0.01
"""Nothing passed for so long: idle work may begin."""
IDLE_WORK_S = 0.002
"""How long one piece of it may keep new bytes waiting."""
STOPPED = "the recorder was stopped"
"""The problem of connections that were open to the end."""
UNREACHABLE = "cannot reach the engine"
"""Start of the problem text when no engine could be reached for a client."""


class Proxy:
    """Forwards connections to ``listen`` to an engine while the context is open.

    Every connection is followed by a tap of its own. When a tap raises, its `lost` is
    called, it gets nothing more, and the bytes go on.
    """

    def __init__(
        self,
        listen: Path,
        connect: Way,
        taps: Callable[[], ConnectionTap],
        *,
        idle: Callable[[float], bool] | None = None,
        accepted: Callable[[socket.socket], None] = lambda connection: None,
        verify: bool = False,
    ) -> None:
        """``listen`` must not exist; its directory must. ``connect`` is the engine's address, or
        opens a connection to it. ``idle`` is called while nothing passes, with the seconds it may
        take, as long as it says that something is left to do. ``accepted`` is shown a client's
        connection just before a tap for it is asked for, to look at only. ``verify`` keeps digests of the
        bytes received and forwarded.
        """
        self.listen = listen
        self._socket = connect if isinstance(connect, Path) else None
        self._connect = connect if callable(connect) else lambda: open_socket(connect)
        self._connecting: set[socket.socket] = set()
        """Clients whose connection to the engine is being opened by a thread of its own."""
        self._connected: deque[tuple[socket.socket, socket.socket | OSError]] = deque()
        """What such threads have to say: the client, and its connection or why there is none."""
        self._taps = taps
        self._idle = idle
        self._accepted = accepted
        self._verify = verify
        self._selector = selectors.DefaultSelector()
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._changed = threading.Condition()
        self._open: set[ProxiedConnection] = set()
        self._facts = KeptFacts()
        self._stopping = False
        self._fault: Exception | None = None
        self._asked = self._answered = 0
        self._thread = threading.Thread(target=self._serve, name=f"proxy {listen.name}", daemon=True)

    def __enter__(self) -> Self:
        """Raises: EngineError when the socket cannot be made."""
        self._listener = listen_on(self.listen)
        self._waker, wake_end = socket.socketpair()
        self._wake_end = wake_end
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._selector.register(wake_end, selectors.EVENT_READ, None)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._wake()
        self._thread.join()
        self._waker.close()
        self.listen.unlink(missing_ok=True)
        if self._fault is not None and error is None:
            raise self._fault

    @property
    def connections(self) -> tuple[ConnectionFacts, ...]:
        """Facts about connections that have ended, in that order: of very many the newest `KEPT`, and besides
        them the first ones that did not go well."""
        with self._changed:
            return self._facts.all()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until no connection is open or about to be accepted; False when time is up first."""
        with self._changed:
            # A connection may still wait in the listener's queue. The thread accepts what is there before it
            # answers, so an answer to this question says that none was left out.
            self._asked += 1
            asked = self._asked
            self._wake()
            return self._changed.wait_for(
                lambda: self._answered >= asked and not (self._open or self._connecting), timeout_s
            )

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # the thread has ended
            self._waker.send(b"\0")

    def _serve(self) -> None:
        try:
            self._loop()
        except Exception as error:  # clients must not wait for a thread that is gone
            self._fault = error
        for sock in (self._listener, self._wake_end):
            sock.close()
        with self._changed:
            waiting = [sock for _, sock in self._connected if not isinstance(sock, OSError)]
            for sock in (*self._connecting, *waiting):
                sock.close()
            self._connecting.clear()
        for connection in tuple(self._open):
            connection.lose(STOPPED)
            self._finish(connection)
        self._selector.close()

    def _loop(self) -> None:
        quiet_s: float | None = None
        while not self._stopping:
            answers = 0
            ready = self._selector.select(quiet_s)
            if ready:
                quiet_s = QUIET_S if self._idle is not None else None
            else:
                quiet_s = 0 if self._do_idle_work() else None
            for key, events in ready:
                if key.fileobj is self._listener:
                    while self._accept():
                        pass
                elif key.fileobj is self._wake_end:
                    answers = len(self._wake_end.recv(4096))
                    self._take_connected()
                elif key.data[0] in self._open:
                    self._advance(key.data[0], key.data[1], events)
            if answers:
                with self._changed:
                    self._answered += answers
                    self._changed.notify_all()

    def _do_idle_work(self) -> bool:
        """Nothing passed for a while. Whatever a decoder does wrong, the bytes go on."""
        if self._idle is None:
            return False
        try:
            return self._idle(IDLE_WORK_S)
        except Exception as error:
            self._idle = None
            self._note(ConnectionFacts(problem=describe_fault(error)))
            return False

    def _accept(self) -> bool:
        """Take one waiting connection; False when there was none."""
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return False
        except OSError as error:  # no descriptors left: the connection stays in the queue
            self._note(ConnectionFacts(problem=f"cannot accept a connection: {error}"))
            time.sleep(0.05)  # the listener stays readable: without a pause this would spin
            return False
        if self._socket is not None and self._joined_at_once(client, self._socket):
            return True
        with self._changed:
            self._connecting.add(client)
        threading.Thread(target=self._connect_aside, args=(client,), daemon=True).start()
        return True

    def _joined_at_once(self, client: socket.socket, path: Path) -> bool:
        """False where the engine is late to accept connections: that must not hold up those that are open."""
        try:
            engine: socket.socket | OSError = open_at_once(path)
        except BlockingIOError:
            return False
        except OSError as error:
            engine = error
        self._join(client, engine)
        return True

    def _try_to_connect(self) -> socket.socket | OSError:
        try:
            return self._connect() if self._socket is None else open_in_time(self._socket)
        except OSError as error:
            return error

    def _connect_aside(self, client: socket.socket) -> None:
        """A slow way to the engine must not hold up the connections that are open."""
        engine = self._try_to_connect()
        with self._changed:
            if client in self._connecting:
                self._connected.append((client, engine))
                self._wake()
            elif not isinstance(engine, OSError):
                engine.close()  # the proxy was stopped meanwhile

    def _take_connected(self) -> None:
        while self._connected:
            client, engine = self._connected.popleft()
            self._join(client, engine)
            with self._changed:
                self._connecting.discard(client)
                self._changed.notify_all()

    def _join(self, client: socket.socket, engine: socket.socket | OSError) -> None:
        """Relay between a client and its connection to the engine, if there is one."""
        if isinstance(engine, OSError):
            client.close()
            self._note(ConnectionFacts(problem=f"{UNREACHABLE}: {engine}"))
            return
        self._accepted(client)
        for sock in (client, engine):
            sock.setblocking(False)
            enlarge_buffer(sock)
        connection = ProxiedConnection(client, engine, self._new_tap(), verify=self._verify)
        with self._changed:
            self._open.add(connection)
        self._watch(connection)

    def _new_tap(self) -> ConnectionTap | None:
        try:
            return self._taps()
        except Exception as error:  # as above
            self._note(ConnectionFacts(problem=describe_fault(error)))
            return None

    def _advance(self, connection: ProxiedConnection, sock: socket.socket, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                connection.on_writable(sock)
            if events & selectors.EVENT_READ:
                connection.on_readable(sock, self._buffer)
        except OSError as error:  # one connection's fault must not stop the others
            connection.lose(f"the connection failed: {error}")
            self._finish(connection)
            return
        if connection.finished:
            self._finish(connection)
        else:
            self._watch(connection)

    def _watch(self, connection: ProxiedConnection) -> None:
        """Ask the selector for exactly what can happen next: nothing is watched for nothing."""
        for sock in (connection.client, connection.engine):
            wanted = connection.interest(sock)
            if wanted == connection.watched.get(sock, 0):
                continue
            if not wanted:
                self._selector.unregister(sock)
            elif connection.watched.get(sock, 0):
                self._selector.modify(sock, wanted, (connection, sock))
            else:
                self._selector.register(sock, wanted, (connection, sock))
            connection.watched[sock] = wanted

    def _finish(self, connection: ProxiedConnection) -> None:
        for sock in (connection.client, connection.engine):
            if connection.watched.get(sock, 0):
                self._selector.unregister(sock)
        facts = connection.close()
        with self._changed:
            self._open.discard(connection)
            self._facts.add(facts)
            self._changed.notify_all()

    def _note(self, facts: ConnectionFacts) -> None:
        with self._changed:
            self._facts.add(facts)
