"""What a comparison says: verdict, forks and causes as judged, and the answer that every reporter renders."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    REUSED = "reused"
    FORKED = "forked"
    ERROR = "error"


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Of several builds or engines: a fork counts most, then an error. None when there are none."""
    found = set(verdicts)
    return next((each for each in (Verdict.FORKED, Verdict.ERROR, Verdict.REUSED) if each in found), None)


class CauseStatus(StrEnum):
    PROVEN = "PROVEN"
    """Reverting exactly these causes, and no fewer, gives the reader's step the writer's key, and the model
    agrees with what the engine did for both builds; for a predicted build, with the recorded one."""
    INFERRED = "INFERRED"
    """As PROVEN, where the files of a context were not recorded but are those of the commit that the build
    names: proven if it was built of a clean checkout, which nothing contradicts."""
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
    sentence: str = ""
    """What it blames, to follow ``<instruction> forked:``."""
    detail: str = ""
    """What the sentence needs and no other field holds."""
    text: str
    """One line that stands alone: the instruction and the sentence."""
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    affected_builders: tuple[str, ...] = ()
    more: int = 0
    """How many more paths differ in the same way."""
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
    subject: str = ""
    """Of ``incomplete-record`` what the record lacks, such as ``context``; else empty."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The judgement of the builds of one relay, or of two records."""

    verdict: Verdict
    classes: tuple[tuple[str, ...], ...]
    """Client ids; builds of one class share every step. In relay order."""
    class_unknown: tuple[str, ...] = ()
    """Client ids of builds whose class is unknown."""
    forks: tuple[Fork, ...]
    warnings: tuple[Caution, ...] = ()


# An answer: what a person needs to know of one fork. Made once; every reporter renders the same value.


class Situation(StrEnum):
    """Whose builds are compared: what can be done about a fork depends on it."""

    AGAIN = "again"
    """The same person's two builds on one machine: `why`."""
    TWICE = "twice"
    """The same, made by one command that ran twice, one right after the other: `check`."""
    MACHINES = "machines"
    """Builds of two machines, such as CI and a laptop: `diff`."""
    CLIENTS = "clients"
    """Two client programs on one context: `run`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two builds."""

    name: str
    """What rows and sentences call it: ``before``, ``now``, ``ci``, ``docker_py-build``."""
    sent_by: str = ""
    """The program that sent its context: ``docker-build 26.1.5``; empty when unknown."""
    is_own: bool = False
    """A client that the user has described, so its command is theirs to edit."""
    takes_tar: bool = False
    """A client that is given a tar of the context, made by another program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change of one text file, as whole lines."""

    file: str
    """Path relative to the context's directory, or absolute when it lies elsewhere."""
    line: int = 0
    """From 1: the first of the lines in `before`, or the line that `after` is put in front of. 0: the end of
    the file, which is made where there is none; or, with `before`, wherever these lines stand."""
    before: tuple[str, ...] = ()
    """The lines that are taken out, without line ends."""
    after: tuple[str, ...] = ()
    """The lines that replace them."""


NOTHING_TO_FIX = "nothing to fix"
"""How the sentence begins where there is nothing to fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One thing that the reader of the answer can do now."""

    sentence: str
    """One line that stands alone."""
    edits: tuple[Edit, ...] = ()
    """Lines are numbered as before the first edit; no two of one file touch the same line."""
    command: str = ""
    """For a shell in the context's directory; empty when nothing is to be run."""
    warning: str = ""
    """Why the edit may be unsafe; empty when nothing is known against it."""

    @property
    def says_command(self) -> bool:
        """Whether the sentence has the command already, or there is none: it is shown once."""
        return self.command in self.sentence

    @property
    def is_none(self) -> bool:
        """Whether there is nothing to fix."""
        return self.sentence.startswith(NOTHING_TO_FIX)


class Way(StrEnum):
    """How a remedy brings reuse back, and so how it is tried."""

    REBUILD = "rebuild"
    """The project is changed so that such a change costs less: it is built with the remedy, then once more
    with the change made again."""
    RESTORE = "restore"
    """The earlier state comes back: one build with the remedy finds what the earlier build stored."""
    COLD = "cold"
    """A cache is passed on: built on one clean engine, then on another one that has only the cache."""
    HOLD = "hold"
    """The current state is pinned: one build with the remedy finds what the last build stored, which can no
    longer change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """How a fix is tried, and what of it is made: its edits or its command."""

    way: Way
    edits: bool = False
    """It is an edit of files; else a command."""
    by_hand: bool = False
    """The command prepares a build, or is the build: only a person can put it to use."""
    builds: bool = False
    """The command is the build."""
    warning: str = ""
    """In addition to that of the fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field of one thing, with both values."""

    label: str
    """``mode of run.sh``, ``build argument VERSION``."""
    writer: str
    reader: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Why a step missed, in one sentence: one cause, or several that follow one pattern."""

    culprit: str
    """To follow ``missed:``: ``src/a.js changed``."""
    code: str
    """Cause code of the first of its causes."""
    pattern: str = ""
    """Code of the pattern that its causes follow; empty for a single cause."""
    status: CauseStatus
    """That of the weakest of its causes: a pattern claims nothing that they do not."""
    causes: tuple[int, ...]
    """Places in `Fork.causes`, from 0. A cause of many paths may be in several points."""
    paths: tuple[str, ...] = ()
    """Paths in the context that it is about; the name of an argument or a variable. There may be very many,
    so no report lists them."""
    rows: tuple[FieldRow, ...] = ()
    """The first few of what differs."""
    more: int = 0
    """How many more fields or paths differ in the same way."""
    fix: Fix
    treatment: Treatment | None = None
    """None where the fix is not a remedy: the change may be intended, or an image moved."""

    @property
    def named(self) -> str:
        """What `layerfork explain` knows, and the pattern: ``mode (umask)``."""
        return f"{self.code} ({self.pattern})" if self.pattern else self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcerptLine:
    """One line of the Dockerfile."""

    number: int
    """From 1."""
    text: str
    marked: bool = False
    """It belongs to the instruction that missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterStep:
    """A later step that was built again only because this one was."""

    step: int
    line: int = 0
    instruction: str
    seconds: float | None = None


_SHORTEST_S = 0.05
"""Rounded, anything below would be nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person needs to know about one fork; the strongest point comes first."""

    writer: Side
    reader: Side
    situation: Situation
    file: str = "Dockerfile"
    """Name of the reader's Dockerfile."""
    line: int = 0
    """Where the instruction begins, from 1; 0 when unknown."""
    step: int
    """Index of the reader's step, from 1."""
    platform: str = ""
    """As in `StepRecord`."""
    instruction: str
    """As written in the Dockerfile, continuations joined, blanks as they are."""
    miss_kind: MissKind
    predicted: bool = False
    """The build did not happen: the step will miss."""
    points: tuple[Point, ...]
    """At least one."""
    seconds: float | None = None
    """Time spent on the step and all that followed; None when the record has no times."""
    excerpt: tuple[ExcerptLine, ...] = ()
    """The Dockerfile around the step; empty when it was not seen."""
    later: tuple[LaterStep, ...] = ()

    @property
    def place(self) -> str:
        """``Dockerfile:8``; ``step 3`` where the line is unknown."""
        return f"{self.file}:{self.line}" if self.line else f"step {self.step}"

    @property
    def verb(self) -> str:
        """``missed``, or of a build that did not happen ``will miss``."""
        return "will miss" if self.predicted else "missed"

    @property
    def culprit(self) -> str:
        """Of the strongest point, and how many more there are."""
        more = len(self.points) - 1
        return self.points[0].culprit + (f", and {more} more" if more else "")

    @property
    def status(self) -> CauseStatus:
        return self.points[0].status

    @property
    def fix(self) -> Fix:
        return self.points[0].fix

    @property
    def headline(self) -> str:
        """``Dockerfile:8  COPY . .  missed: src/a.js changed``."""
        platform = f" ({self.platform})" if self.platform else ""
        return f"{self.place}  {self.instruction}{platform}  {self.verb}: {self.culprit}"

    @property
    def cost(self) -> str:
        """``1.3 s, 2 more steps``: what was built again in all."""
        count = len(self.later)
        steps = f"{count} more step{'' if count == 1 else 's'}" if count else "no further step"
        if self.seconds is None:
            return steps
        return f"{self.seconds:.1f} s, {steps}" if self.seconds >= _SHORTEST_S else f"under 0.1 s, {steps}"
