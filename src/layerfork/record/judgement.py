"""What `explain` says about records: alignment, forks, causes, classes, verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    REUSED = "reused"
    FORKED = "forked"
    ERROR = "error"


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Of several builds or engines: a fork, else what could not be told. None when there are none."""
    found = set(verdicts)
    return next((each for each in (Verdict.FORKED, Verdict.ERROR, Verdict.REUSED) if each in found), None)


class CauseStatus(StrEnum):
    PROVEN = "PROVEN"
    """With all causes of the fork undone the reader's step has the writer's key, with any one left out it has
    not, and the model agrees with what the engine did for both builds; of a predicted build for the one that
    happened."""
    SUSPECTED = "SUSPECTED"
    UNEXPLAINED = "UNEXPLAINED"


class MissKind(StrEnum):
    KEY_CHANGED = "key-changed"
    RECORD_GONE = "record-gone"
    OTHER_BUILDER = "other-builder"
    NOT_IMPORTED = "not-imported"
    CACHE_OFF = "cache-off"
    NOT_EVALUATED = "not-evaluated"


class ChangedPart(NamedTuple):
    """One part of a key that the two builds do not share."""

    path: str
    """Of a context entry, as the key holds it; else a name, or empty."""
    field: str
    writer: str | None
    """None when its key has no such part."""
    reader: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One difference that explains a fork, with both values."""

    code: str
    """From the closed set in docs/causes."""
    status: CauseStatus
    path: str = ""
    field: str = ""
    writer: str = ""
    reader: str = ""
    text: str
    """One line that stands alone."""
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    affected_builders: tuple[str, ...] = ()
    more: int = 0
    """How many further paths differ in the same way."""
    reaches: tuple[int, ...] = ()
    """A variable: indexes of all steps of the reader whose own keys it enters with another value, that of the
    fork included. Empty for other causes."""
    parts: tuple[ChangedPart, ...] = ()
    """Everything that it explains; empty for what no key holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """The earliest step where a reader missed what a writer stored."""

    writer: str
    """Client id (or record name) of the build that stored the step."""
    reader: str
    step: int
    """Index of the reader's step, from 1."""
    writer_step: int | None = None
    """Index of the writer's step, from 1; None when it has none for this one."""
    instruction: str
    stage: str = ""
    platform: str = ""
    """As in `StepRecord`."""
    miss_kind: MissKind
    causes: tuple[Cause, ...]
    consequences: tuple[int, ...] = ()
    """Indexes of later steps that missed only because this one did."""
    seconds_lost: float | None = None
    """Time spent on the fork and its consequences; None when the record has no times."""
    ruled_out: tuple[str, ...] = ()
    """Differences that cannot matter, one line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something wrong that is not a miss: a stale hit, a failed control, an incomplete record."""

    code: str
    """``stale-content``, ``duplicate-entry``, ``control-failed``, ``incomplete-record``, ``class-unknown``,
    ``added-label``, ``added-target``, ``added-platform``, ``contradiction``, ``writer-failed``,
    ``cache-import-failed``."""
    client: str
    step: int = 0
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Everything said about the builds of one relay, or about two records."""

    verdict: Verdict
    classes: tuple[tuple[str, ...], ...]
    """Client ids; builds of one class share every step. In relay order."""
    class_unknown: tuple[str, ...] = ()
    """Client ids of builds that may belong to some class, where nothing shows to which."""
    forks: tuple[Fork, ...]
    warnings: tuple[Caution, ...] = ()
