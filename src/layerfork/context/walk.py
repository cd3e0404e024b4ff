"""What lies in a context directory: names and attributes of everything, contents not yet read."""

import contextlib
import functools
import gc
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from layerfork.errors import UsageError
from layerfork.record.context import EntryType

_TYPES = {
    stat.S_IFREG: EntryType.FILE,
    stat.S_IFDIR: EntryType.DIRECTORY,
    stat.S_IFLNK: EntryType.SYMLINK,
    stat.S_IFCHR: EntryType.CHAR_DEVICE,
    stat.S_IFBLK: EntryType.BLOCK_DEVICE,
    stat.S_IFIFO: EntryType.FIFO,
    stat.S_IFSOCK: EntryType.SOCKET,
}
Prune = Callable[[str], bool]
"""Says of a directory's path whether nothing below it matters."""


Row = tuple[str, os.stat_result]
"""One name in a directory and its status, links not followed. Bytes of a name that are not UTF-8 are
surrogates, as `os.fsdecode` makes them. A bare tuple: there are very many."""


def type_of(status: os.stat_result) -> EntryType:
    """What a file is."""
    return _TYPES.get(stat.S_IFMT(status.st_mode), EntryType.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that could not be read."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ScannedTree:
    """A directory tree at one moment."""

    root: Path
    root_status: os.stat_result
    directories: dict[str, list[Row]]
    """Rows by the directory's path relative to the root (the root is ``.``), sorted by name as bytes."""
    problems: tuple[Problem, ...] = ()
    """Directories that could not be listed: they look empty."""
    began_ns: int = 0
    """When the listing began, by the system's clock."""
    targets: Mapping[str, str] | None = None
    """What links point to, by their paths, of a tree that is not on disk; None for one that is."""

    def walk(self) -> Iterator[tuple[str, os.stat_result]]:
        """Everything below the root in lexical order, each directory before what it holds."""
        return iter(self.statuses.items())

    def files(self) -> Iterator[tuple[str, os.stat_result]]:
        """Regular files with their paths, directory by directory."""
        for directory, rows in self.directories.items():
            prefix = "" if directory == "." else directory + "/"
            for name, status in rows:
                if status.st_mode & 0o170000 == 0o100000:
                    yield prefix + name, status

    @functools.cached_property
    def statuses(self) -> dict[str, os.stat_result]:
        """Status of every path below the root, in lexical order."""
        found: dict[str, os.stat_result] = {}
        directories = self.directories
        parents = {path.rpartition("/")[0] for path in directories} | {"."}
        stack = [("", iter(directories["."]))]
        while stack:
            prefix, rows = stack[-1]
            for name, status in rows:
                path = prefix + name
                found[path] = status
                if path not in directories:
                    continue
                if path in parents:
                    stack.append((path + "/", iter(directories[path])))
                    break
                below = path + "/"
                found.update([(below + name, status) for name, status in directories[path]])
            else:
                stack.pop()
        return found

    def target(self, path: str) -> str:
        """What a link points to. Raises: OSError."""
        if self.targets is not None:
            return self.targets[path]
        return os.fspath(Path(f"{self.root}/{path}").readlink())

    def find(self, path: str) -> os.stat_result | None:
        """The status of a path, links not followed; None when there is nothing."""
        return self.root_status if path == "." else self.statuses.get(path)


def scan(root: Path, prune: Prune | None = None) -> ScannedTree:
    """List a directory and all below it. Links are never followed.

    Directories that ``prune`` names are listed as rows of their parents, but not entered.
    Raises: UsageError when the root itself is no readable directory.
    """
    directories: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    began_ns = time.time_ns()
    top = os.fspath(root)
    _check_root(root)
    pending = ["."]
    with no_collection():
        while pending:
            path = pending.pop()
            try:
                rows = _list(top if path == "." else f"{top}/{path}")
            except OSError as error:
                problems.append(Problem(path=path, reason=error.strerror or str(error)))
                directories[path] = []
                continue
            directories[path] = rows
            prefix = "" if path == "." else path + "/"
            below = [prefix + name for name, status in rows if status.st_mode & 0o170000 == 0o040000]
            pending.extend(below if prune is None else [each for each in below if not prune(each)])
    return ScannedTree(
        root=root,
        root_status=root.stat(),
        directories=directories,
        problems=tuple(problems),
        began_ns=began_ns,
    )


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """No garbage collection meanwhile: a walk makes many objects and no garbage.

    Afterwards they count as old, or the next allocation would have the collector visit all of them.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _list(directory: str) -> list[Row]:
    # By a handle the kernel looks up each name alone, and not its whole path.
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    status_of = functools.partial(os.lstat, dir_fd=handle)
    try:
        names = sorted_names(handle)
        return list(zip(names, map(status_of, names), strict=True))
    except FileNotFoundError:
        return list(_still_there(sorted_names(handle), status_of))
    finally:
        os.close(handle)


def sorted_names(handle: int) -> list[str]:
    """Names in a directory, sorted as bytes. Raises: OSError."""
    names = os.listdir(handle)
    names.sort(key=None if "".join(names).isascii() else os.fsencode)
    return names


def _still_there(names: list[str], status_of: Callable[[str], os.stat_result]) -> Iterator[Row]:
    """Those that did not go away since the listing."""
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            yield name, status_of(name)


def _check_root(root: Path) -> None:
    try:
        os.scandir(root).close()
    except FileNotFoundError as error:
        if root.is_symlink():
            message = f"context {root} is a link to {root.readlink()}, which does not exist"
            raise UsageError(message, "name an existing directory") from error
        raise UsageError(f"there is no context directory {root}", "name an existing directory") from error
    except NotADirectoryError as error:
        raise UsageError(f"context {root} is not a directory", "name the directory that holds it") from error
    except PermissionError as error:
        hint = "make it readable for this user, or run as another user"
        raise UsageError(f"context {root} is not readable", hint) from error
