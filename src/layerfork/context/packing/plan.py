"""What is packed: a directory, its Dockerfile, and the ignore rules that hold for both."""

import os
from dataclasses import dataclass
from pathlib import Path

from layerfork.context.ignore.ignorefile import DOCKER_IGNORE
from layerfork.context.projectfiles import read_regular
from layerfork.context.selection import Selection, packed_selection
from layerfork.errors import UsageError

DEFAULT_NAME = "Dockerfile"
_SECOND_NAME = "dockerfile"
"""What is taken where there is none of the first name.

Source: docker/cli cli/command/image/build/context.go:getDockerfileRelPath @ v26.1.5; moby/moby
builder/remotecontext/detect.go:withDockerfileFromContext @ v26.1.5.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPlan:
    """Everything that the bytes of a tar follow from, but the files."""

    root: Path
    dockerfile: str
    """The Dockerfile's name in the tar."""
    text: bytes | None
    """Its text, where it is not a file of the context; None where it is."""
    selection: Selection


def plan_directory(root: Path, dockerfile: Path | None = None) -> PackPlan:
    """The plan for a directory and a Dockerfile, which is ``Dockerfile`` in it where none is named.

    One that lies outside, be it by links, is packed with its text, as ``Dockerfile``.
    Raises: UsageError when there is no such directory or Dockerfile, or an ignore pattern is malformed.
    """
    place = _existing(root, dockerfile)
    target = _name_in(root.resolve(), place.resolve())
    if target is None:
        return _planned(root, DEFAULT_NAME, place, _read(place, named=dockerfile is not None))
    if not place.is_file():
        raise UsageError(f"the Dockerfile {place} is not a file", hint="name a file with -f")
    return _planned(root, _name_in(root.absolute(), place.absolute()) or target, place, None)


def plan_with_text(root: Path, text: bytes) -> PackPlan:
    """The plan for a directory and a Dockerfile that is nowhere on disk.

    Raises: UsageError when there is no such directory, or an ignore pattern is malformed.
    """
    _check_directory(root)
    return _planned(root, DEFAULT_NAME, root / DEFAULT_NAME, text)


def _planned(root: Path, name: str, place: Path, text: bytes | None) -> PackPlan:
    target = _name_in(root.resolve(), place.resolve())
    kept = tuple(dict.fromkeys(filter(None, (name, target))))
    selection = packed_selection(_ignore_text(root, place), kept)
    return PackPlan(root=root, dockerfile=name, text=text, selection=selection)


def _ignore_text(root: Path, dockerfile: Path) -> str:
    """Text of the ignore file that BuildKit would take; bytes that are not UTF-8 are surrogates."""
    for place in (Path(f"{dockerfile}{DOCKER_IGNORE}"), root / DOCKER_IGNORE):
        try:
            return read_regular(place).decode("utf-8", "surrogateescape")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise _unreadable("ignore file", place, error) from error
    return ""


def _existing(root: Path, dockerfile: Path | None) -> Path:
    _check_directory(root)
    place = dockerfile or root / DEFAULT_NAME
    if dockerfile is None and not os.path.lexists(place) and os.path.exists(root / _SECOND_NAME):  # noqa: PTH110
        return root / _SECOND_NAME
    if os.path.isdir(place):  # noqa: PTH112 - unlike a Path's, it answers False where permission is denied
        raise UsageError(f"the Dockerfile {place} is a directory", hint="name a file with -f")
    if os.path.exists(place):  # noqa: PTH110
        return place
    hint = "name it with -f; -f - reads it from standard input"
    if dockerfile is not None and not dockerfile.is_absolute() and (root / dockerfile).is_file():
        hint = f"-f starts from the working directory, as docker's does: -f {root / dockerfile}"
    raise UsageError(f"there is no Dockerfile at {place}", hint=hint)


def _check_directory(root: Path) -> None:
    try:
        os.scandir(root).close()
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no context directory {root}", hint="name an existing directory"
        ) from error
    except NotADirectoryError as error:
        raise UsageError(
            f"context {root} is not a directory", hint="name the directory that holds it"
        ) from error
    except OSError as error:
        raise _unreadable("context", root, error) from error


def _name_in(root: Path, place: Path) -> str | None:
    """A path relative to the root; None when it lies outside."""
    relative = os.path.relpath(place, root)
    return None if relative == ".." or relative.startswith("../") else relative


def _read(place: Path, *, named: bool) -> bytes:
    """What a person names may be a pipe, as a shell's ``<(…)``; what is found is a file."""
    try:
        return read_regular(place, pipes=named)
    except OSError as error:
        raise _unreadable("Dockerfile", place, error) from error


def _unreadable(what: str, place: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{what} {place} cannot be read: {error.strerror}",
        hint="make it readable for this user, or run as another user",
    )
