"""Sockets that are no engine's: each takes any number of connections and misbehaves in its own way."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


def says(body: bytes, head: bytes = OK) -> Callable[[socket.socket], None]:
    """Answers every request alike."""
    answer = head + b"Content-Length: %d\r\n\r\n" % len(body) + body

    def answering(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(answer)

    return answering


def sends(data: bytes) -> Callable[[socket.socket], None]:
    """Sends these bytes and closes."""

    def sending(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(data)

    return sending


def drips(head: bytes) -> Callable[[socket.socket], None]:
    """One byte every tenth of a second, for ever."""

    def dripping(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(head)
        while True:
            connection.sendall(b" ")
            time.sleep(0.1)

    return dripping


def endless(head: bytes) -> Callable[[socket.socket], None]:
    """As much as is taken."""

    def pouring(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(head)
        while True:
            connection.sendall(b" " * (1 << 16))

    return pouring


def silent(connection: socket.socket) -> None:
    """Takes everything and says nothing."""
    while connection.recv(1 << 16):
        pass


NONSENSE: dict[str, Callable[[socket.socket], None]] = {
    "html": says(b"<!DOCTYPE html><html><body>It works!</body></html>"),
    "an empty object": says(b"{}"),
    "null": says(b"null"),
    "a number": says(b"7"),
    "a list": says(b"[1, 2]"),
    "a text": says(b'"Version"'),
    "nothing": says(b""),
    "other types": says(b'{"Version": 7, "ApiVersion": [], "Components": {}}'),
    "no UTF-8": says(b'{"Version": "\xff\xfe", "ApiVersion": "\x80"}'),
    "deep JSON": says(b"[" * 200_000 + b"]" * 200_000),
    "a deep member": says(
        b'{"Version": "1", "ApiVersion": "1", "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    ),
    "a long number": says(b'{"Version": ' + b"9" * 100_000 + b"}"),
    "an error page": says(b"<html>" + b"x" * 500_000, b"HTTP/1.1 502 Bad Gateway\r\n"),
    "a redirect": says(b"", b"HTTP/1.1 301 Moved\r\nLocation: http://example.org/\r\n"),
    "another protocol": sends(b"220 mail.example ESMTP\r\n"),
    "noise": sends(bytes(range(256)) * 100),
    "the end at once": sends(b""),
    "half an answer": sends(OK + b'Content-Length: 100\r\n\r\n{"Version'),
    "a length that is none": sends(OK + b"Content-Length: many\r\n\r\n{}"),
    "a length without end": sends(OK + b"Content-Length: 99999999999999999999\r\n\r\n{}"),
    "a chunk without end": sends(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}"),
    "a chunk that is none": sends(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
    "too many headers": sends(OK + b"x: y\r\n" * 100_000 + b"\r\n{}"),
    "a header without end": endless(b"HTTP/1.1 200 OK\r\nX: "),
    "a body without end": endless(OK + b"\r\n"),
    "escape sequences": says(b"\x1b]0;owned\x07\x1b[2J", b"HTTP/1.1 500 \x1b[2J\r\n"),
}
"""Ends by itself, or is cut off."""
SLOW: dict[str, Callable[[socket.socket], None]] = {
    "silence": silent,
    "a dripping head": drips(b"HTTP/1.1 200 OK\r\nX: "),
    "a dripping body": drips(OK + b"\r\n"),
}


@contextmanager
def hostile(directory: Path, behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Such a socket in a directory with a short path; its address."""
    path = directory / "hostile.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    threading.Thread(target=handle, args=(connection,), daemon=True).start()

        def handle(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                connection.settimeout(60)
                behave(connection)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"unix://{path}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    path.unlink(missing_ok=True)
