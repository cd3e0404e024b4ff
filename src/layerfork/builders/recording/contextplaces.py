"""The directory that a context was sent from, found through the clients' processes and sessions."""

import os
import socket
import stat
import struct
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from layerfork.context.hashing.statuses import statuses_of
from layerfork.record.context import ContentSource, ContextEntry, ContextManifest, EntryType

if TYPE_CHECKING:
    from layerfork.context.hashing.contents import File

# Which process connected to the recorder: its command line and directory say where build contexts lie.

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


Files = Sequence["File | None"]
"""Of the unsent files of a context, in their order, path and status; None: not there as it was announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextPlace:
    """A directory that a context may have been sent from."""

    directory: Path
    files: Files


Find = Callable[[ContextManifest], Sequence[ContextPlace]]
"""Where a context may have been sent from, each as likely as the others."""
MAX_DIRECTORIES = 20_000
"""How many directories are examined below those that clients ran in."""
_FEW = 20
_SEPARATORS = str.maketrans("=,", "\0\0")
"""In ``--build-context=docs=./docs`` and ``type=local,src=docs``."""


def find_places(manifest: ContextManifest, processes: Iterable[ClientProcess]) -> tuple[ContextPlace, ...]:
    """Every directory among the likely ones in which all unsent files lie as they were announced.

    Likely are directories that a command line names; else those that clients ran in, and what lies below
    them. A client's session often says the directory's name, and then only directories of that name count;
    without a name, files in a directory without a name are recognized by their exact times.
    """
    known = tuple(processes)
    named = _fitting(manifest, likely_directories(manifest, known))
    if named or not (manifest.directory_name or _has_exact_times(manifest)):
        return named
    nearby = islice(nearby_directories(known), MAX_DIRECTORIES)
    return _fitting(
        manifest, dict.fromkeys(each for each in nearby if has_name(each, manifest.directory_name))
    )


def likely_directories(manifest: ContextManifest, processes: Iterable[ClientProcess]) -> tuple[Path, ...]:
    """Directories of the context's name that command lines name."""
    found = named_directories(tuple(processes))
    return tuple(dict.fromkeys(each for each in found if has_name(each, manifest.directory_name)))


def place_at(directory: Path, manifest: ContextManifest) -> ContextPlace:
    """A directory that is known to be the context's."""
    return ContextPlace(directory=directory, files=_files(directory, unsent_files(manifest)))


def unsent_files(manifest: ContextManifest) -> tuple[ContextEntry, ...]:
    """Files that were announced, but whose content the builder did not ask for."""
    return tuple(
        entry
        for entry in manifest.entries
        if entry.content_source is ContentSource.NOT_SENT and entry.type is EntryType.FILE
    )


def is_as_announced(found: os.stat_result, entry: ContextEntry) -> bool:
    """Whether a file still has the size, time and mode that the client sent."""
    return stat.S_ISREG(found.st_mode) and (
        (found.st_size, found.st_mtime_ns, stat.S_IMODE(found.st_mode))
        == (entry.size, entry.mtime_ns, entry.mode & 0o7777)
    )


def _fitting(manifest: ContextManifest, directories: Iterable[Path]) -> tuple[ContextPlace, ...]:
    files = unsent_files(manifest)
    found = (_fitting_place(each, files) for each in directories)
    return tuple(place for place in found if place is not None)


def _fitting_place(directory: Path, files: Sequence[ContextEntry]) -> ContextPlace | None:
    """The directory, if all files lie there as they were announced; the first few decide nearly always."""
    if None in _files(directory, files[:_FEW]):
        return None
    found = _files(directory, files)
    return None if None in found else ContextPlace(directory=directory, files=found)


def _files(directory: Path, files: Sequence[ContextEntry]) -> Files:
    paths = [entry.name if entry.raw_name is None else os.fsdecode(entry.raw_name) for entry in files]
    return [
        (path, status) if status is not None and is_as_announced(status, entry) else None
        for path, status, entry in zip(paths, statuses_of(os.fspath(directory), paths), files, strict=True)
    ]


def has_name(directory: Path, name: str) -> bool:
    """Clients take the last part of the path as it was given, links not followed."""
    return name in ("", os.path.basename(os.path.abspath(directory)))  # noqa: PTH100, PTH119 - as they do


def _has_exact_times(manifest: ContextManifest) -> bool:
    """Whether some time is finer than what tools that make trees reproducible set."""
    return any(entry.mtime_ns % 10**9 for entry in unsent_files(manifest))


def nearby_directories(processes: Sequence[ClientProcess]) -> Iterator[Path]:
    """Directories that clients ran in, or in which a file lies that they name, and what lies below them."""
    roots = [process.directory for process in processes]
    roots += [path.parent for path in _mentioned(processes) if os.path.isfile(path)]  # noqa: PTH113
    return _trees(roots)


def named_directories(processes: Iterable[ClientProcess]) -> Iterator[Path]:
    """Directories that command lines name."""
    return (path for path in _mentioned(processes) if os.path.isdir(path))  # noqa: PTH112 - see below


def _mentioned(processes: Iterable[ClientProcess]) -> Iterator[Path]:
    """What in the command lines may be a path; `Path.is_dir` would raise for what is too long for one."""
    for process in processes:
        for word in process.argv:
            for piece in word.translate(_SEPARATORS).split("\0"):
                if piece:
                    yield process.directory / piece


def _trees(roots: Iterable[Path]) -> Iterator[Path]:
    """Directories and what lies below them, the nearest first; links are named, but not followed."""
    waiting = deque(dict.fromkeys(roots))
    seen = set(waiting)
    while waiting:
        directory = waiting.popleft()
        yield directory
        for path in _inside(directory):
            if path not in seen:
                seen.add(path)
                if path.is_symlink():
                    yield path
                else:
                    waiting.append(path)


def _inside(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            return [Path(entry) for entry in entries if entry.name != ".git" and _is_directory(entry)]
    except OSError:
        return []


def _is_directory(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
