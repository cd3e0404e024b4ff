"""What stands between a client and an engine that works: links that dribble, engines that refuse upgrades."""

import contextlib
import re
import select
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

Relay = Callable[[socket.socket, socket.socket], None]


@contextlib.contextmanager
def in_front_of(target: Path, place: Path, relay: Relay) -> Iterator[Path]:
    """A socket whose connections are relayed to the target in this way."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen(64)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        def serve(client: socket.socket) -> None:
            with contextlib.suppress(OSError), client, socket.socket(socket.AF_UNIX) as engine:
                engine.connect(str(target))
                relay(client, engine)

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield place
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            place.unlink(missing_ok=True)


def dribbling(every_s: float, first: int) -> Relay:
    """The first bytes of each answer come one by one, and at times there is a pause."""

    def relay(client: socket.socket, engine: socket.socket) -> None:
        back = threading.Thread(target=_drip, args=(engine, client, every_s, first), daemon=True)
        back.start()
        _pour(client, engine)
        back.join()

    return relay


def refusing(path: str, status: bytes) -> Relay:
    """Upgrades on this path are answered with a status; everything else passes."""
    asked = re.compile(rb"POST (/v[0-9.]+)?/" + path.encode() + rb"[ ?]")

    def relay(client: socket.socket, engine: socket.socket) -> None:
        first = client.recv(1 << 16)
        if asked.match(first):
            body = b'{"message":"no upgrades here"}\n'
            head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            client.sendall(head % (status, len(body)) + body)
            return
        engine.sendall(first)
        back = threading.Thread(target=_pour, args=(engine, client), daemon=True)
        back.start()
        _pour(client, engine)
        back.join()

    return relay


@contextlib.contextmanager
def tls_in_front_of(target: Path, directory: Path) -> Iterator[int]:
    """The port of one that speaks TLS, with ``ca.pem`` in the directory.

    As with Go's, a side may end before the other.
    """
    cert, key = directory / "ca.pem", directory / "server.key"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    made += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        def serve(client: socket.socket) -> None:
            with contextlib.suppress(OSError), client, socket.socket(socket.AF_UNIX) as engine:
                engine.connect(str(target))
                _Secured(client, engine, context).relay()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


class _Secured:
    """A connection with TLS on the client's side."""

    def __init__(self, client: socket.socket, engine: socket.socket, context: ssl.SSLContext) -> None:
        self._client, self._engine = client, engine
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._reading = {client, engine}

    def relay(self) -> None:
        """Until both sides have ended."""
        self._shake_hands()
        self._decrypt()  # what came with the end of the handshake
        while self._reading:
            for source in select.select(list(self._reading), [], [])[0]:
                if source is self._engine:
                    self._from_engine()
                else:
                    self._from_client()
            self._flush()

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._receive()
            else:
                self._flush()
                return

    def _receive(self) -> None:
        if data := self._client.recv(1 << 16):
            self._in.write(data)
        else:
            self._in.write_eof()

    def _from_engine(self) -> None:
        if data := self._engine.recv(1 << 16):
            self._tls.write(data)
            return
        self._reading.discard(self._engine)
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()
        self._client.shutdown(socket.SHUT_WR)
        self._reading.clear()  # nobody answers any more

    def _from_client(self) -> None:
        self._receive()
        self._decrypt()

    def _decrypt(self) -> None:
        try:
            while data := self._tls.read(1 << 16):
                self._engine.sendall(data)
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError:
            pass  # its end, in whatever way
        self._reading.discard(self._client)
        self._engine.shutdown(socket.SHUT_WR)

    def _flush(self) -> None:
        while data := self._out.read():
            self._client.sendall(data)


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def _drip(source: socket.socket, sink: socket.socket, every_s: float, first: int) -> None:
    with contextlib.suppress(OSError):
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 12)
        while data := source.recv(1 << 16):
            for byte in data[:first]:
                sink.sendall(bytes([byte]))
                time.sleep(every_s)
            sink.sendall(data[first:])
            first = max(0, first - len(data))
        sink.shutdown(socket.SHUT_WR)
