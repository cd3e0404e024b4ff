"""Sockets of the proxy: towards the engine, for clients, and with room in them."""

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

from layerfork.errors import EngineError

Address = Path | tuple[str, int]
"""Where an engine listens: a unix socket, or host and TCP port."""
Way = Address | Callable[[], socket.socket]
"""How to an engine: its address, or what opens a connection to it and raises OSError."""

CONNECT_S = 10.0
SOCKET_BUFFER_BYTES = 4 << 20
_SO_SNDBUFFORCE = 32


def open_socket(address: Address) -> socket.socket:
    """A connection to an engine. Raises: OSError."""
    if isinstance(address, tuple):
        sock = socket.create_connection(address, CONNECT_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    return _connected(address, CONNECT_S)


def open_at_once(path: Path) -> socket.socket:
    """A connection to a unix socket. Raises: BlockingIOError when it has no room for one, OSError."""
    return _connected(path, 0)


def open_in_time(path: Path) -> socket.socket:
    """A connection to a unix socket, whenever it has room: as a client of its own waits. Raises: OSError."""
    return _connected(path, None)


def _connected(path: Path, timeout_s: float | None) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.settimeout(timeout_s)
        sock.connect(os.fspath(path))
    except BaseException:
        sock.close()
        raise
    return sock


def listen_on(path: Path) -> socket.socket:
    """A listening socket that only its owner may connect to. Raises: EngineError."""
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(os.fspath(path))
        path.chmod(0o600)  # before listen(), so that no other user can connect in between
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise EngineError(
            f"cannot listen on {path}: {error}", hint="set TMPDIR to a short, writable directory"
        ) from error
    sock.setblocking(False)
    return sock


def enlarge_buffer(sock: socket.socket) -> None:
    """Room for the peer to keep working while we decode; without the privilege, what the system allows."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, SOCKET_BUFFER_BYTES)
    except OSError:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
