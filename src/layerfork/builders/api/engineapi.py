"""A small client of the Docker Engine API, over a unix socket or plain TCP."""

import contextlib
import grp
import http.client
import json
import os
import socket
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from layerfork.builders.api.apianswers import BoundedSocket, LoadLine, Refusal
from layerfork.errors import EngineError
from layerfork.wire.proxy.sockets import Address

# Why an engine's address does not answer, and what the user can do about it.


def unreachable(docker_host: str, error: Exception) -> EngineError:
    """The error to raise when a connection to an engine failed."""
    parts = urlsplit(docker_host)
    if parts.scheme == "unix":
        return _at_socket(Path(parts.path), docker_host, error)
    if isinstance(error, ConnectionRefusedError):
        return EngineError(f"nothing listens at {docker_host}", "start the engine there, or name another one")
    if isinstance(error, socket.gaierror):
        return EngineError(f"the name in {docker_host} is unknown: {error.strerror}", "check its spelling")
    return _silent(docker_host, error)


def not_an_engine(docker_host: str, path: str, error: Exception) -> EngineError:
    """The error to raise when the server at an address does not answer as an engine does."""
    return EngineError(
        f"{docker_host} does not answer like a container engine: "
        f"its answer to {path} cannot be read ({error})",
        "use the address of an engine: DOCKER_HOST=unix:///var/run/docker.sock, or --engine private",
    )


def _at_socket(path: Path, docker_host: str, error: Exception) -> EngineError:
    if isinstance(error, PermissionError):
        return EngineError(f"permission denied: this user may not open {docker_host}", _way_in(path))
    if isinstance(error, FileNotFoundError):
        return EngineError(f"there is no socket {docker_host}", "start the engine there, or name another one")
    if isinstance(error, ConnectionRefusedError):
        return EngineError(
            f"nothing listens at {docker_host}: the socket was left by an engine that has ended",
            "start the engine again, or name another one",
        )
    return _silent(docker_host, error)


def _way_in(path: Path) -> str:
    """Who may open a socket, by its group and permissions."""
    try:
        found = path.stat()
    except OSError:
        return f"this user may not enter a directory above {path}"
    if not found.st_mode & stat.S_IWGRP:
        return "only its owner may: run the same command as that user (sudo)"
    group, user = _group_name(found.st_gid), os.environ.get("USER", "USER")
    return (
        f"the group {group} may: add this user to it (sudo usermod -aG {group} {user}, "
        "then log in again), or use sudo"
    )


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _silent(docker_host: str, error: Exception) -> EngineError:
    return EngineError(
        f"the engine at {docker_host} does not answer: {error}",
        "check that it runs, and that this user may open its socket",
    )


TIMEOUT_S = 30.0
"""For a request and its whole answer."""
UPLOAD_LIMIT_S = 600.0
MOST_BYTES = 64 << 20
"""Of an answer. The longest are lists of images, some 500 bytes each."""
_PIECE = 1 << 16
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_LONGEST_REASON = 500
T = TypeVar("T")


class ApiError(Exception):
    """The engine answered with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _OpenedConnection(http.client.HTTPConnection):
    def __init__(self, way: Callable[[], socket.socket], timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._way = way

    def connect(self) -> None:
        self.sock = self._way()
        self.sock.settimeout(self.timeout)


class EngineApi:
    """Speaks to one engine; one connection per request, so a dead engine shows at once."""

    def __init__(self, docker_host: str, way: Callable[[], socket.socket] | None = None) -> None:
        """``docker_host`` is ``unix:///path`` or ``tcp://host:port``; any other needs a ``way`` to it."""
        self.docker_host = docker_host
        self._way = way

    def get(self, path: str, kind: type[T], query: Mapping[str, str] | None = None) -> T:
        """Get JSON and convert it to a type. Raises: ApiError, EngineError."""
        return self._understood(path, kind, self._send("GET", path, query, b"", {}, TIMEOUT_S)[1])

    def create(self, path: str, kind: type[T], body: object) -> T:
        """Post a JSON body and return the answer. Raises: ApiError, EngineError."""
        headers = {"Content-Type": "application/json"}
        answer = self._send("POST", path, None, json.dumps(body).encode(), headers, TIMEOUT_S)[1]
        return self._understood(path, kind, answer)

    def request(
        self, method: str, path: str, query: Mapping[str, str] | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Ask for something to be done; the body of the answer is not read.

        Raises: ApiError when the engine refuses, EngineError when it cannot be reached.
        """
        self._send(method, path, query, b"", {"Content-Type": "application/json"}, timeout_s)

    def upload(self, path: str, archive: IO[bytes], length: int) -> list[LoadLine]:
        """Post a tar and return the JSON lines of the answer. Raises: ApiError, EngineError."""
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(length)}
        answer = self._send("POST", path, {"quiet": "1"}, archive, headers, UPLOAD_LIMIT_S)[1]
        return [self._understood(path, LoadLine, line) for line in answer.splitlines() if line.strip()]

    def download(self, path: str) -> bytes:
        """Get the bytes of an answer, at most `MOST_BYTES`. Raises: ApiError, EngineError."""
        return self._send("GET", path, None, b"", {}, UPLOAD_LIMIT_S)[1]

    def save(self, path: str, target: IO[bytes], most_bytes: int) -> None:
        """Write the bytes of an answer into a file, at most ``most_bytes``. Raises: ApiError, EngineError."""
        self._send("GET", path, None, b"", {}, UPLOAD_LIMIT_S, target=target, most_bytes=most_bytes)

    def _understood(self, path: str, kind: type[T], answer: bytes) -> T:
        try:
            return msgspec.json.decode(answer, type=kind)
        except _UNREADABLE as error:
            raise not_an_engine(self.docker_host, path, error) from error

    def ping(self, timeout_s: float = TIMEOUT_S) -> Mapping[str, str]:
        """Headers of the answer to a ping, names in lower case. Raises: ApiError, EngineError."""
        return self._send("GET", "/_ping", None, b"", {}, timeout_s)[0]

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: bytes | IO[bytes],
        headers: Mapping[str, str],
        timeout_s: float,
        *,
        target: IO[bytes] | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body of an answer; the body is written into ``target`` where there is one."""
        address = quote(path) + (f"?{urlencode(query)}" if query else "")
        connection = self._connection(timeout_s)
        try:
            deadline = time.monotonic() + timeout_s
            connection.connect()
            connection.sock = BoundedSocket(connection.sock, deadline, most_bytes)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it refuses an upload half-way
                connection.request(method, address, body, dict(headers))
            with connection.getresponse() as response:
                pieces = iter(lambda: response.read(_PIECE), b"")
                if target is not None and response.status < 400:
                    target.writelines(pieces)
                answer = b"".join(pieces)
                if response.status >= 400:
                    raise ApiError(response.status, _message(answer))
                return {name.lower(): value for name, value in response.getheaders()}, answer
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(self.docker_host, error) from error
        finally:
            connection.close()

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        if self._way is not None:
            return _OpenedConnection(self._way, timeout_s)
        parts = urlsplit(self.docker_host)
        if parts.scheme == "unix":
            return _UnixConnection(parts.path, timeout_s)
        return http.client.HTTPConnection(parts.hostname or "", parts.port or 2375, timeout=timeout_s)


def answers(api: EngineApi, timeout_s: float = TIMEOUT_S) -> bool:
    """Whether the engine answers a ping."""
    try:
        api.ping(timeout_s)
    except (ApiError, EngineError):
        return False
    return True


def socket_of(docker_host: str) -> Path | None:
    """Path of a ``unix://`` address; None for others."""
    parts = urlsplit(docker_host)
    return Path(parts.path) if parts.scheme == "unix" else None


def address_of(docker_host: str) -> Address:
    """Where an engine listens.

    Raises: EngineError for anything but a unix socket or plain TCP.
    """
    parts = urlsplit(docker_host)
    if parts.scheme == "unix":
        return Path(parts.path)
    if parts.scheme in ("tcp", "http") and parts.hostname and parts.port:
        return (parts.hostname, parts.port)
    raise EngineError(
        f"cannot record an engine at {docker_host}", hint="use a unix socket or plain tcp://host:port"
    )


def _message(answer: bytes) -> str:
    try:
        text = msgspec.json.decode(answer, type=Refusal).message
    except _UNREADABLE:
        text = answer.decode("utf-8", errors="replace").strip()
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]} …"
