"""How an answer says values, paths and who has what."""

import re
from collections.abc import Sequence

from layerfork.diagnose.answer.scene import Scene
from layerfork.record.secrets import HIDDEN

_DIGEST = re.compile(r"\b(?:sha256:)?([0-9a-f]{64})\b")
_BY_NAME = 2
"""So many paths are named; of more the first."""


def values(scene: Scene, noun: str, writer: str, reader: str, *, many: bool = False) -> str:
    """``mode of run.sh is 0644, was 0755``; ``… is 0644 for laptop, 0755 for ci``."""
    now, before = ("are", "were") if many else ("is", "was")
    if scene.again:
        return f"{noun} {now} {reader}, {before} {writer}"
    return f"{noun} {now} {reader} for {scene.reader_name}, {writer} for {scene.writer_name}"


def shown(value: str | None, absent: str = "absent") -> str:
    """A value in a sentence, digests cut to twelve digits."""
    if value is None:
        return absent
    if value.startswith(HIDDEN):
        return "hidden"
    return _DIGEST.sub(lambda match: match[1][:12], value) or "empty"


def named(paths: Sequence[str], things: str = "files") -> str:
    """``a``, ``a and b``, ``a and 12 more files``."""
    if len(paths) <= _BY_NAME:
        return " and ".join(paths)
    return f"{paths[0]} and {len(paths) - 1:,} more {things}"


def verb(paths: Sequence[str], one: str, several: str) -> str:
    """The form of a verb that goes with them."""
    return one if len(paths) == 1 else several
