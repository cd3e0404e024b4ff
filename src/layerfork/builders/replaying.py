"""A recorded build made again in a copy of its directory, after the same change."""

import os
import random
import re
import shutil
import stat
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from layerfork.builders.process import last_lines, run
from layerfork.builders.projectedits import leads_elsewhere
from layerfork.errors import LayerforkError
from layerfork.record.build import Command, is_plain_build
from layerfork.record.change import Change, EntriesAre
from layerfork.record.context import ContextEntry, EntryType

_WITH_VALUE = ("-t", "--tag", "--iidfile", "--metadata-file", "-o", "--output", "--cache-to")
_SHORT = ("-t", "-o")
"""Those that a value may follow without a blank."""
_ALONE = ("--push", "--load")
"""Options that leave something behind besides the cache."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


class NoReplayError(LayerforkError):
    """A recorded command cannot be run again on a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A directory, and where its copy lies."""

    source: Path
    target: Path

    def there(self, path: str) -> str:
        """A path in the copy; one that lies elsewhere stays."""
        full = os.path.normpath(path)
        if full == str(self.source) or full.startswith(f"{self.source}/".replace("//", "/")):
            return str(self.target / os.path.relpath(full, self.source))
        return path

    def file(self, path: str) -> Path:
        """A file in the copy, to be written. Raises: NoReplayError when a link leads out of the copy."""
        place = Path(self.there(path))
        if not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(self.target)):
            raise NoReplayError(f"{path} is reached by a link that leads out of the copy")
        return place


def root_to_copy(ran_in: str, directory: str, dockerfile: str, argv: Sequence[str]) -> Path:
    """What of the disk a build needs: its context and Dockerfile; for a command of whose needs nothing is
    known, all of the repository or directory that it ran in as well.

    Raises: NoReplayError when it is too much, or is gone.
    """
    places = [directory, os.path.dirname(dockerfile) if dockerfile else directory]  # noqa: PTH120 - as recorded
    if not is_plain_build(argv):
        places.append(_repository(ran_in))
    root = Path(os.path.commonpath(places))
    if not root.is_dir():
        raise NoReplayError(f"{root} no longer exists")
    if root in (Path("/"), Path.home(), Path("/tmp")):
        raise NoReplayError(f"the build would need a copy of {root}")
    return root


def _repository(ran_in: str) -> str:
    return next(
        (str(each) for each in (Path(ran_in), *Path(ran_in).parents) if (each / ".git").exists()), ran_in
    )


def on_copy(
    argv: Sequence[str], ran_in: str, copied: Copied, cache: str = ""
) -> tuple[tuple[str, ...], Path]:
    """The command for the copy, and its working directory; variables before it, as in a shell, are set.

    ``cache`` is an option of a plain build that takes the place of its own about caches.
    """
    directory = Path(copied.there(ran_in))
    inside = directory != Path(ran_in)
    variables = tuple(takewhile(_VARIABLE.match, argv))
    own = argv[len(variables) :]
    words = _leaving_nothing(own, cache) if is_plain_build(own) else list(own)
    led = tuple(_word(word, ran_in, copied, relative=not inside) for word in words)
    return (("env", *variables, *led) if variables else led), directory


def _word(word: str, ran_in: str, copied: Copied, *, relative: bool) -> str:
    """A word with a path in it, alone or behind ``=``, that leads into the copy."""
    head, mark, tail = word.rpartition("=")
    for prefix, path in ((f"{head}{mark}", tail), ("", word)):
        if path.startswith("/"):
            return prefix + copied.there(path)
        if relative and ("/" in path or path in (".", "..")):
            full = os.path.normpath(os.path.join(ran_in, path))  # noqa: PTH118 - a word, not a path yet
            there = copied.there(full)
            if there != full:
                return prefix + there
    return word


def _leaving_nothing(argv: Sequence[str], cache: str) -> list[str]:
    dropped = (*_WITH_VALUE, "--cache-from") if cache else _WITH_VALUE
    kept: list[str] = []
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word in dropped:
            skip = True
        elif not (word.partition("=")[0] in dropped or word in _ALONE or word.startswith(_SHORT)):
            kept.append(word)
            if cache and word == "build":
                kept.append(cache)
    return kept


# A directory copied with everything that a builder may look at: modes, owners, times, attributes, links.


def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory; ``target`` is made. What may not be read, or not be made, is an error.

    An owner that we may not give is left out: clients that matter for it run as root.
    Raises: LayerforkError.
    """
    copied: dict[tuple[int, int], Path] = {}
    try:
        _directory(source, target, copied)
    except OSError as error:
        raise LayerforkError(
            f"cannot copy {error.filename or source}: {error.strerror}",
            hint="the build is tried on a copy; TMPDIR says where it is made",
        ) from error


def _directory(source: Path, target: Path, copied: dict[tuple[int, int], Path]) -> None:
    target.mkdir()
    with os.scandir(source) as entries:
        for entry in entries:
            place = target / entry.name
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                _directory(source / entry.name, place, copied)
            else:
                _copy_file(source / entry.name, place, status, copied)
    _copy_attributes(source, target, source.lstat())


def _copy_file(
    source: Path, target: Path, status: os.stat_result, copied: dict[tuple[int, int], Path]
) -> None:
    name = (status.st_dev, status.st_ino)
    if status.st_nlink > 1 and name in copied:
        os.link(copied[name], target, follow_symlinks=False)
        return
    if stat.S_ISLNK(status.st_mode):
        target.symlink_to(source.readlink())
    elif stat.S_ISREG(status.st_mode):
        shutil.copyfile(source, target, follow_symlinks=False)
    elif stat.S_ISFIFO(status.st_mode):
        os.mkfifo(target)
    elif stat.S_ISSOCK(status.st_mode):
        os.mknod(target, status.st_mode)
    else:
        os.mknod(target, status.st_mode, status.st_rdev)
    if status.st_nlink > 1:
        copied[name] = target
    _copy_attributes(source, target, status)


def _copy_attributes(source: Path, target: Path, status: os.stat_result) -> None:
    with suppress(PermissionError):
        os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)
    shutil.copystat(source, target, follow_symlinks=False)


# Makes happen in a directory what happened between two recorded builds.

_PERMISSIONS = 0o7777
_BLANKS = 64
"""This many blanks and line feeds make a content that no build has had."""


class NotMadeError(LayerforkError):
    """A change cannot be made to a directory."""


def make_happen(changes: Iterable[Change], directory: Path) -> None:
    """Change entries of a directory as `EntriesAre` says, in which no content is written down: a file whose
    content is to change gets blanks and empty lines at its end, which no program of ours has seen to matter.

    Raises: NotMadeError.
    """
    for change in changes:
        if isinstance(change, EntriesAre):
            if leads_elsewhere(directory, os.path.dirname(change.path)):  # noqa: PTH120 - as recorded
                raise NotMadeError(f"cannot change {change.path}: one of its directories is a link now")
            try:
                _make(change, directory / change.path)
            except OSError as error:
                raise NotMadeError(f"cannot change {change.path}: {error.strerror}") from error


def _make(change: EntriesAre, path: Path) -> None:
    if not change.entries:
        _remove(path)
        return
    entry = change.entries[0]
    match entry.type:
        case EntryType.SYMLINK:
            _remove(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(os.fsdecode(entry.linkname_bytes))
            return
        case EntryType.DIRECTORY:
            if path.is_symlink() or not path.is_dir():
                _remove(path)
                path.mkdir(parents=True)
        case EntryType.FILE:
            _change_file(path)
        case _:
            raise NotMadeError(f"{change.path} is a {entry.type.value}: it cannot be created")
    _set_attributes(path, entry)


def _change_file(path: Path) -> None:
    if path.is_symlink() or path.is_dir():
        _remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = path.read_bytes() if path.exists() else b""
    path.unlink(missing_ok=True)  # it may be a link of a file that stays
    path.write_bytes(data + b"\n" + bytes(random.SystemRandom().choices(b" \n", k=_BLANKS)) + b"\n")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _set_attributes(path: Path, entry: ContextEntry) -> None:
    path.chmod(entry.mode & _PERMISSIONS)
    if sys.platform == "linux":
        had = set(os.listxattr(path))
        for name, value in entry.xattrs:
            os.setxattr(path, name, value)
        for name in had - dict(entry.xattrs).keys():
            if name.startswith("user."):
                os.removexattr(path, name)


# Runs the command of a remedy.


class CommandFailedError(LayerforkError):
    """A command of a remedy failed."""


def run_in(directory: Path, command: str) -> None:
    """Run a remedy's command in a directory. Raises: CommandFailedError."""
    done = run(Command(argv=("sh", "-c", command), env=os.environ, cwd=directory))
    if not done.ok:
        said = last_lines(done.stderr, 1) or f"it ended with {done.returncode}"
        raise CommandFailedError(f"`{command}` failed: {said}", hint="run it yourself")
