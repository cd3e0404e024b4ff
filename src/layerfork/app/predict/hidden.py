"""Values that a record of another machine hides: its stand-ins were made with another key."""

import re

from layerfork.wire.redact import STAND_IN


def with_stand_ins_of(recorded: str, text: str) -> str:
    """A text with the stand-ins of the recorded one, in those lines that are alike but for them.

    Whether the hidden values are the same, nobody can tell.
    """
    known: dict[str, list[str]] = {}
    for line in recorded.split("\n"):
        known.setdefault(_bare(line), []).append(line)
    return "\n".join(_next(known, line) if STAND_IN.search(line) else line for line in text.split("\n"))


def _next(known: dict[str, list[str]], line: str) -> str:
    """The first recorded line that is alike and not taken yet."""
    alike = known.get(_bare(line))
    return alike.pop(0) if alike else line


def _bare(line: str) -> str:
    return re.sub(STAND_IN, "hidden:", line)
