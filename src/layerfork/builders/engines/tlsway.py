"""A way to an engine through TLS: the connection handed out is plain, a thread encrypts what passes."""

import asyncio
import queue
import socket
import ssl
import threading
from dataclasses import dataclass

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
    """Until one of them is gone; then so is the sink, which ends the other direction as well."""
    try:
        while data := await source.read(PIECE_BYTES):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass  # the other direction ends by itself
    finally:
        sink.close()
