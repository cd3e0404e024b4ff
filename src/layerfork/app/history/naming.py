"""The build of a list that a word names."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from layerfork.errors import EvidenceError, UsageError

if TYPE_CHECKING:  # every `layerfork why` looks at its words here, and most need no more
    from layerfork.app.history.sources import PastBuild
    from layerfork.record.record import BuildRecord

_OFFSET = re.compile(r"\^([0-9]{1,6})")
"""``^1`` is the build before the newest one, as for ``docker buildx history inspect``.
Source: docker/buildx commands/history/utils.go:queryRecords @ 008142ef (2026): ``^0`` is the newest."""
_REF = re.compile(r"(?:[^/\s]+/[^/\s]+/)?([0-9a-z]{4,25})")
"""BuildKit's references have 25 such characters, ids of kept records 16 hexadecimal digits. buildx writes the
builder and its node before a reference (``buildx.build.ref`` of ``--metadata-file``).
Source: docker/buildx build/build.go (``exporterResponse["buildx.build.ref"]``) @ v0.10.0 to v0.36.1."""
_SHOWN = 3
"""At most this many builds are listed where a word names several."""


def names_past_build(word: str) -> bool:
    """Whether a word can name a past build: anything that is there is a PATH."""
    return bool(_OFFSET.fullmatch(word) or _REF.fullmatch(word)) and not Path(word).exists()


def is_named(record: "BuildRecord", word: str) -> bool:
    """Whether a word is the beginning of a build's id or reference."""
    found = _REF.fullmatch(word)
    return found is not None and any(each.startswith(found[1]) for each in (record.id, record.ref))


def is_offset(word: str) -> bool:
    """Whether a word counts builds from the newest, and so names one only among all of them."""
    return bool(_OFFSET.fullmatch(word))


def build_named(found: "Sequence[PastBuild]", word: str, problems: Sequence[str]) -> "PastBuild":
    """The build that a word names; ``found`` is in the order of the list, the newest first.

    Raises: EvidenceError when there is none; UsageError when there are several.
    """
    if offset := _OFFSET.fullmatch(word):
        place = int(offset[1])
        if place >= len(found):
            raise EvidenceError(
                f"{word} is not in the list: it holds {_counted(len(found))}{_said(problems)}",
                hint="`layerfork history` lists the builds that are found; ^0 is the newest",
            )
        return found[place]
    named = [each for each in found if is_named(each.record, word)]
    if not named:
        raise EvidenceError(
            f"no build with the id {word} was found{_said(problems)}",
            hint="`layerfork history` lists the builds that are found, each with its id; BuildKit's history "
            "drops old builds",
        )
    if len(named) > 1:
        shown = ", ".join(f"{each.id[:12]} of {each.record.recorded_at[:19]}Z" for each in named[:_SHOWN])
        more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
        raise UsageError(
            f"{len(named)} builds have an id that begins with {word}: {shown}{more}",
            "write more characters of the id",
        )
    return named[0]


def newest_here(found: "Sequence[PastBuild]", problems: Sequence[str]) -> "PastBuild":
    """The newest build, where only those of the working directory were looked for. Raises: EvidenceError."""
    if not found:
        raise EvidenceError(
            f"no build in {Path.cwd()} was recorded yet, and no build history has one{_said(problems)}",
            hint="record one: layerfork why PATH, or layerfork why -- CMD; `layerfork history` lists others",
        )
    return found[0]


def is_here(record: "BuildRecord") -> bool:
    """Whether a build was made of the working directory, or by a command that ran in it."""
    here = os.path.realpath(Path.cwd())
    return here in (os.path.realpath(each) for each in (record.place.directory, record.place.ran_in) if each)


def _counted(builds: int) -> str:
    return "1 build" if builds == 1 else f"{builds} builds"


def _said(problems: Sequence[str]) -> str:
    return f" ({'; '.join(problems)})" if problems else ""
