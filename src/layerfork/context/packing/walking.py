"""Goes through a directory one entry at a time: what it remembers does not grow with the tree."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layerfork.context.selection import Selection, State
from layerfork.context.walk import sorted_names
from layerfork.errors import LayerforkError

Found = tuple[str, str, os.stat_result, int]
"""Path relative to the root; the name; its status, links not followed; a handle of its directory, which is
open until the next one is asked for. Bytes that are not UTF-8 are surrogates."""
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_TYPE, _DIRECTORY = 0o170000, 0o040000


@dataclass(slots=True, kw_only=True)
class _Level:
    """A directory that is being walked."""

    prefix: str
    handle: int
    names: Iterator[str]
    """Those that are still to come."""
    state: State
    """What the ignore rules hand on to what it holds."""


def walk(root: Path, selection: Selection) -> Iterator[Found]:
    """What is sent of a directory, in lexical order of bytes, each directory before what it holds.

    Links are never followed.
    Raises: LayerforkError for a directory that cannot be listed; UsageError for a malformed ignore pattern.
    """
    decide, may_keep_below = selection.decide, selection.may_keep_below
    levels = [_enter(os.fspath(root), None, "", None)]
    try:
        while levels:
            level = levels[-1]
            for name in level.names:
                try:
                    status = os.lstat(name, dir_fd=level.handle)
                except FileNotFoundError:  # it went away after it was listed
                    continue
                except OSError as error:
                    raise _unreadable(level.prefix, error) from error
                path = level.prefix + name
                excluded, state = decide(path, level.state)
                if not excluded:
                    yield path, name, status, level.handle
                if status.st_mode & _TYPE == _DIRECTORY and (not excluded or may_keep_below(path)):
                    levels.append(_enter(name, level.handle, path + "/", state))
                    break
            else:
                os.close(levels.pop().handle)
    finally:
        for level in levels:
            os.close(level.handle)


def _enter(name: str, above: int | None, prefix: str, state: State) -> _Level:
    flags = _FLAGS if above is None else _FLAGS | os.O_NOFOLLOW
    try:
        handle = os.open(name, flags, dir_fd=above)
    except OSError as error:
        raise _unreadable(prefix or name, error) from error
    try:
        names = sorted_names(handle)
    except OSError as error:
        os.close(handle)
        raise _unreadable(prefix or name, error) from error
    return _Level(prefix=prefix, handle=handle, names=iter(names), state=state)


def _unreadable(directory: str, error: OSError) -> LayerforkError:
    return LayerforkError(
        f"directory {directory or '.'} of the context cannot be read: {error.strerror}",
        hint="make it readable for this user, or leave it out in .dockerignore",
    )
