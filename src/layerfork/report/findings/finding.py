"""One thing to say about one line."""

from dataclasses import dataclass
from enum import StrEnum

from layerfork.record.answer import Edit

BUILD_FAILED = "build-failed"
"""Code of a finding that is no fork: a build that ended early."""
UNEXPLAINED = "unexplained"
BAD_FILE = "bad-file"
"""Code of a finding about a file that cannot be read."""


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """It makes a check fail."""
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of a file."""

    path: str
    """Relative to the root of the report, or absolute when it lies elsewhere."""
    line: int = 0
    """From 1; 0 when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fork, a step that nothing explains, or a build that ended early."""

    code: str
    """Cause code of what explains most."""
    level: Level
    place: Place
    sentence: str
    """What happened, on one line: ``COPY . .  missed: src/a.js changed``."""
    details: tuple[str, ...] = ()
    """What it cost and how sure that is, what to do, a line each."""
    fix: str = ""
    """What to do, in one sentence."""
    edits: tuple[tuple[str, Edit], ...] = ()
    """Of that what is known to the line, with the path of the file as in `Place`."""
    fingerprint: str = ""
    """Stays the same from run to run while the same step forks for the same cause; one for each finding."""
