"""A port that speaks TLS, in front of a socket that does not."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def tls_in_front_of(target: Path, directory: Path, *protocols: str) -> Iterator[tuple[int, Path]]:
    """The port, and the certificate of its authority: ``ca.pem`` of the directory, for localhost alone."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    cert, key = directory / "ca.pem", directory / "server.key"
    make = [
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
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*make, *names], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    server.set_alpn_protocols(list(protocols or ("http/1.1",)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, server, target), daemon=True).start()
        yield listener.getsockname()[1], cert


def _serve(listener: socket.socket, server: ssl.SSLContext, target: Path) -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_unix_connection(str(target))
        await asyncio.gather(_copy(reader, outer), _copy(inner, writer))

    async def serve() -> None:
        async with await asyncio.start_server(relay, sock=listener, ssl=server) as running:
            await running.serve_forever()

    asyncio.run(serve())


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()
