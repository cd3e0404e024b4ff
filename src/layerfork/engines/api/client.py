"""A small client of the Docker Engine API, over a unix socket or plain TCP."""

import contextlib
import http.client
import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit

from layerfork.engines.api.unreachable import unreachable
from layerfork.errors import EngineError
from layerfork.wire.proxy.sockets import Address

TIMEOUT_S = 30.0


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

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The JSON that the engine answers. Raises: ApiError, EngineError."""
        return self.request("GET", path, query)

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Any:
        """Send a request with an optional JSON body and return the answer's JSON; None when it has none.

        Raises: ApiError when the engine refuses, EngineError when it cannot be reached.
        """
        headers = {"Content-Type": "application/json"}
        data = b"" if body is None else json.dumps(body).encode()
        answer = self._send(method, path, query, data, headers, timeout_s)[1]
        return json.loads(answer) if answer.strip() else None

    def upload(self, path: str, archive: IO[bytes], length: int) -> list[Any]:
        """Post a tar and return the JSON lines of the answer. Raises: ApiError, EngineError."""
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(length)}
        answer = self._send("POST", path, {"quiet": "1"}, archive, headers, timeout_s=600)[1]
        return [json.loads(line) for line in answer.splitlines() if line.strip()]

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
    ) -> tuple[dict[str, str], bytes]:
        target = quote(path) + (f"?{urlencode(query)}" if query else "")
        connection = self._connection(timeout_s)
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it refuses an upload half-way
                connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            answer = response.read()
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
    text = answer.decode("utf-8", errors="replace").strip()
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text
