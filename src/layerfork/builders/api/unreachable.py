"""Why an engine's address does not answer, for the person who has to do something about it."""

import grp
import os
import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

from layerfork.errors import EngineError


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
    """The error to raise when what answers at an address does not answer as an engine does."""
    return EngineError(
        f"what listens at {docker_host} is no engine, or a broken one: of its answer to {path} "
        f"layerfork understands nothing ({error})",
        "name an engine's own address: DOCKER_HOST=unix:///var/run/docker.sock, or --engine private",
    )


def _at_socket(path: Path, docker_host: str, error: Exception) -> EngineError:
    if isinstance(error, PermissionError):
        return EngineError(f"permission denied: this user may not open {docker_host}", _way_in(path))
    if isinstance(error, FileNotFoundError):
        return EngineError(f"there is no socket {docker_host}", "start the engine there, or name another one")
    if isinstance(error, ConnectionRefusedError):
        return EngineError(
            f"nothing listens at {docker_host}: the socket is left of an engine that has ended",
            "start the engine again, or name another one",
        )
    return _silent(docker_host, error)


def _way_in(path: Path) -> str:
    """Who may open a socket, as far as it can be seen."""
    try:
        found = path.stat()
    except OSError:
        return f"a directory above {path} is closed to this user"
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
