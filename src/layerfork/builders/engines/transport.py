"""Ways to an engine other than a plain socket: through a program, and through TLS."""

import asyncio
import contextlib
import queue
import socket
import ssl
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import IO, Self

from layerfork.builders.process import ProgramMissingError, end_group, last_lines, spawn_on_socket
from layerfork.record.build import Command

ENDING_S = 0.5
"""A program that ends this soon after its connection counts as failed."""


class ProgramWay:
    """Opens connections by starting a command for each; those that still run at the end are ended."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._started: list[subprocess.Popen[bytes]] = []
        """Those that run, and the first that failed by itself: a client may open very many connections."""
        self._starting = Lock()

    def __enter__(self) -> Self:
        self._log: IO[bytes] = tempfile.TemporaryFile()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._started:
            end_group(process)
        self._log.close()

    def __call__(self) -> socket.socket:
        """A connection; the program may still fail to reach the engine. Raises: OSError."""
        try:
            process, connection = spawn_on_socket(self._command, self._log)
        except ProgramMissingError as error:
            raise OSError(str(error)) from error
        with self._starting:
            failed = [each for each in self._started if each.poll()]
            running = [each for each in self._started if each.returncode is None]
            self._started = [*failed[:1], *running, process]
        return connection

    @property
    def complaint(self) -> str:
        """The last line of a program that failed by itself; empty when none did."""
        for process in self._started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(ENDING_S)
        if not any(process.poll() for process in self._started):
            return ""
        self._log.seek(0)
        lines = last_lines(self._log.read().decode(errors="replace"), 1)
        return lines or "it ended without a message"


# A way to an engine through TLS: the connection handed out is plain, a thread encrypts what passes.

CONNECT_S = 10.0
PIECE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Files in PEM, and the name that the server has to prove; empty for what was not said."""

    ca: str = ""
    cert: str = ""
    key: str = ""
    server_name: str = ""


class TlsWay:
    """Opens connections to a server that speaks gRPC over TLS."""

    def __init__(self, address: tuple[str, int], settings: TlsSettings) -> None:
        """Raises: OSError (ssl.SSLError is one) when a file is missing or holds no certificate or key."""
        self._address = address
        self._name = settings.server_name or address[0]
        self._context = ssl.create_default_context(cafile=settings.ca or None)
        self._context.set_alpn_protocols(["h2"])
        if settings.cert:
            self._context.load_cert_chain(settings.cert, settings.key or None)

    def __call__(self) -> socket.socket:
        """A connection, after the handshake. Raises: OSError."""
        ours, theirs = socket.socketpair()
        ready: queue.SimpleQueue[OSError | None] = queue.SimpleQueue()
        threading.Thread(target=self._serve, args=(theirs, ready), daemon=True).start()
        if (error := ready.get()) is not None:
            ours.close()
            raise error
        return ours

    def _serve(self, plain: socket.socket, ready: "queue.SimpleQueue[OSError | None]") -> None:
        with plain:
            try:
                asyncio.run(self._relay(plain, ready))
            except OSError as error:
                ready.put(error)

    async def _relay(self, plain: socket.socket, ready: "queue.SimpleQueue[OSError | None]") -> None:
        host, port = self._address
        opening = asyncio.open_connection(host, port, ssl=self._context, server_hostname=self._name)
        from_server, to_server = await asyncio.wait_for(opening, CONNECT_S)
        from_client, to_client = await asyncio.open_connection(sock=plain)
        ready.put(None)
        await asyncio.gather(_copy(from_client, to_server), _copy(from_server, to_client))


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Forward until one side is gone; closing the sink then ends the other direction too."""
    try:
        while data := await source.read(PIECE_BYTES):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass  # the other direction ends by itself
    finally:
        sink.close()
