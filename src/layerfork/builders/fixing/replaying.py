"""The command of a recorded build, made to build a copy: paths lead into the copy, and no tag is moved."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from layerfork.errors import LayerforkError
from layerfork.record.build import is_plain_build

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
        raise NoReplayError(f"{root} is not there any more")
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
