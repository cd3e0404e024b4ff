"""A registry behind a link of known speed that notes when which bytes passed.

    python pacedregistry.py PORT REGISTRY_PORT BYTES_A_SECOND LOG

Both ports are on 127.0.0.1 of the network namespace that it runs in. Each request is a line of JSON.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from typing import IO

from layerfork.builders.engines import RunningEngine

PORT = 5001
ADDRESS = f"127.0.0.1:{PORT}"
_PIECE = 64 << 10
_TLS_HANDSHAKE = b"\x16"
_HOP = frozenset({"connection", "transfer-encoding", "keep-alive", "content-length"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One request. Times are seconds since 1970."""

    method: str
    path: str
    status: int
    began: float
    ended: float
    received: int
    """Bytes of the request's body."""
    sent: int
    """Bytes of the answer's body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacedRegistry:
    """What passed is in its log."""

    log: Path

    def passed(self, since: float) -> list[Passed]:
        """The requests that began after a point of time, in order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        found = [Passed(**json.loads(line)) for line in lines]
        return sorted((each for each in found if each.began >= since), key=lambda each: each.began)


@contextlib.contextmanager
def paced_registry(
    engine: RunningEngine, behind: str, bytes_a_second: int, directory: Path
) -> Iterator[PacedRegistry]:
    """In the engine's network at `ADDRESS`, in front of a registry there."""
    log = directory / "passed.jsonl"
    inside = ["nsenter", f"--net={engine.network}", sys.executable, __file__]
    words = [str(PORT), behind.rpartition(":")[2], str(bytes_a_second), str(log)]
    with subprocess.Popen([*inside, *words], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"listening\n"
            yield PacedRegistry(log=log)
        finally:
            process.terminate()


class _Link:
    """Passes bytes on at a speed."""

    def __init__(self, bytes_a_second: int) -> None:
        self._speed = bytes_a_second

    def pump(self, pieces: Iterator[bytes], write: Callable[[bytes], object]) -> int:
        began, count = time.monotonic(), 0
        for piece in pieces:
            write(piece)
            count += len(piece)
            time.sleep(max(0.0, began + count / self._speed - time.monotonic()))
        return count


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = 0
    link: _Link
    log: IO[str]

    def handle_one_request(self) -> None:
        """A client that begins with TLS tries again without, if the answer looks as Go's server gives it."""
        assert isinstance(self.rfile, BufferedReader)
        if self.rfile.peek(1)[:1] == _TLS_HANDSHAKE:
            self.wfile.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            self.close_connection = True
            return
        super().handle_one_request()

    def _handle(self) -> None:
        began = time.time()
        connection = HTTPConnection("127.0.0.1", self.upstream)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP:
                connection.putheader(name, value)
        length = self.headers.get("Content-Length")
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "")
        received = 0
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            received = self.link.pump(_chunks(self.rfile), lambda piece: connection.send(_framed(piece)))
            connection.send(b"0\r\n\r\n")
        else:
            if length is not None:
                connection.putheader("Content-Length", length)
            connection.endheaders()
            received = self.link.pump(_pieces(self.rfile.read, int(length or 0)), connection.send)
        answer = connection.getresponse()
        sent = self._answer(answer)
        connection.close()
        passed = {"method": self.command, "path": self.path, "status": answer.status, "began": began}
        line = json.dumps({**passed, "ended": time.time(), "received": received, "sent": sent})
        self.log.write(line + "\n")
        self.log.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def _answer(self, answer: HTTPResponse) -> int:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        body = self.command != "HEAD" and answer.status not in (204, 304)
        length = answer.getheader("Content-Length")
        whole = b"" if length is not None or not body else answer.read()
        size = int(length) if length is not None else len(whole)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        if not body:
            return 0
        return self.link.pump(iter([whole]) if whole else _pieces(answer.read, size), self.wfile.write)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Its own log is enough."""


def _framed(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


def _pieces(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    while size and (piece := read(min(size, _PIECE))):
        size -= len(piece)
        yield piece


def _chunks(source: BufferedIOBase) -> Iterator[bytes]:
    while size := int(source.readline().split(b";")[0], 16):
        yield from _pieces(source.read, size)
        source.readline()
    source.readline()


def _serve(port: str, upstream: str, bytes_a_second: str, log: str) -> None:
    _Handler.upstream, _Handler.link = int(upstream), _Link(int(bytes_a_second))
    address = "127.0.0.1", int(port)
    with Path(log).open("a") as _Handler.log, ThreadingHTTPServer(address, _Handler) as server:
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
