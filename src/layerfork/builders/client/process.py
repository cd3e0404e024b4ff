"""Which process connected to the recorder: its command line and directory say where build contexts lie."""

import os
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

_CREDENTIALS = struct.Struct("3i")
"""Process, user, group. Source: unix(7), SO_PEERCRED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProcess:
    """A program that may have asked for builds. Never recorded: its argv may hold secrets."""

    directory: Path
    """Its working directory."""
    argv: tuple[str, ...] = ()


def process_behind(connection: socket.socket, proc: Path = Path("/proc")) -> ClientProcess | None:
    """The process at the other end of a unix socket; None when it is gone, or sees other files than we do.

    None on every system but Linux.
    """
    if sys.platform != "linux":
        return None
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        place = proc / str(_CREDENTIALS.unpack(raw)[0])
        directory = (place / "cwd").readlink()
        if not os.path.samestat((place / "cwd").stat(), directory.stat()):
            return None  # it lives in a mount namespace of its own
        arguments = (place / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return ClientProcess(directory=directory, argv=tuple(map(os.fsdecode, filter(None, arguments))))
