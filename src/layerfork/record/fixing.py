"""What `layerfork fix` proposes for a fork, how each proposal was verified, and its patch."""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from layerfork.errors import ExitCode
from layerfork.record.answer import Answer, Edit, Way
from layerfork.record.change import Change

FIX_SCHEMA = "layerfork/fix/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to do about one fork: edits of files, or a command."""

    way: Way
    edits: tuple[Edit, ...] = ()
    command: str = ""
    """For a shell in the context's directory, when there are no edits."""
    by_hand: bool = False
    """The command prepares a build, or is the build: only a person can put it to use."""
    builds: bool = False
    """The command is the build itself."""
    warnings: tuple[str, ...] = ()
    """Why it may be unsafe."""
    left: tuple[str, ...] = ()
    """Other culprits, which it does not fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What must happen again for a build to miss as it did."""

    changes: tuple[Change, ...] = ()
    """Changes to entries of the context, as `EntriesAre`."""
    lines: tuple[tuple[str, str], ...] = ()
    """Lines of the Dockerfile as the later build had them, and what they read in the earlier one."""
    asked: tuple[Change, ...] = ()
    """Changes to the request: the earlier build's command is run."""
    unknown: str = ""
    """Why it cannot be repeated; empty when it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePatch:
    """One text file before and after a remedy."""

    path: str
    """Absolute."""
    name: str
    """Relative to the directory where the patch is to be applied."""
    before: bytes | None
    """None: there is no such file."""
    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildCost:
    """What one build had to build again."""

    forks: int
    steps: int
    seconds: float | None = None
    """None when it is unknown for some steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused:
    """A step that was built again, and is reused with the remedy."""

    line: int
    """In the Dockerfile as it was built; 0 when unknown."""
    instruction: str
    seconds: float | None = None
    """What building it took when it was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedReuse:
    """What the key model predicts for a remedy, before anything is built."""

    reused: tuple[Reused, ...] = ()
    unknown: str = ""
    """Why the prediction is missing or incomplete; empty when it is complete."""


class Fate(StrEnum):
    """How far a proposal got."""

    PROPOSED = "proposed"
    """Nothing was tried."""
    VERIFIED = "verified"
    """Built: it brings steps back. Its edits are in their files, and its command was run, if it may be."""
    NO_HELP = "no-help"
    """Built: no step that was built again is reused now. Nothing was edited."""
    BROKE = "broke"
    """The build fails with it. Nothing was edited."""
    UNCHECKED = "unchecked"
    """The result is unknown. Nothing was edited."""
    REFUSED = "refused"
    """A file may not be edited. Nothing was built."""
    APPLIED = "applied"
    """The edits are in their files; no build was requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One fork, what to do about it, and the result."""

    answer: Answer
    remedy: Remedy
    patches: tuple[FilePatch, ...] = ()
    shown: str = ""
    """The patches as one diff, without what looks secret: a file next to an edit may hold anything."""
    problem: str = ""
    """Why there is no patch although there are edits; empty otherwise."""
    predicted: PredictedReuse = field(default_factory=PredictedReuse)
    before: RebuildCost
    fate: Fate = Fate.PROPOSED
    after: RebuildCost | None = None
    """The cost of the last build that tried it."""
    reused: tuple[Reused, ...] = ()
    """The steps that a verified proposal brought back."""
    reason: str = ""
    """Why it was not verified."""

    @property
    def saved_s(self) -> float | None:
        """Recorded time of the steps that came back; None when no record has the time of any."""
        known = [step.seconds for step in self.reused if step.seconds is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixReport:
    """Everything that `layerfork fix` reports about one build."""

    build: str = ""
    """What the build is called among others."""
    directory: str = ""
    """Where the patches are to be applied."""
    is_here: bool = True
    """Whether that is the working directory."""
    command: str = ""
    """The command whose build was recorded."""
    recorded_at: str = ""
    proposals: tuple[Proposal, ...] = ()
    hopeless: tuple[Answer, ...] = ()
    """Forks that are left to a person: every known edit or command could revert an intended change."""

    @property
    def costliest_left(self) -> Answer | None:
        """The most expensive fork, if it is left to a person; None where it has a proposal or needs none."""
        left = max(self.hopeless, key=_cost, default=None)
        treated = max((_cost(each.answer) for each in self.proposals), default=(0.0, -1))
        return None if left is None or left.fix.is_none or _cost(left) <= treated else left

    @property
    def left_line(self) -> str:
        """The last line where the most expensive fork is left to a person; empty where it is not."""
        left = self.costliest_left
        if left is None:
            return ""
        build = f"{self.build}: " if self.build else ""
        which = "the most expensive fork" if self.proposals or len(self.hopeless) > 1 else "the fork"
        return f"{build}{which} is left to you: {left.place}, {left.cost}"


def _cost(answer: Answer) -> tuple[float, int]:
    return answer.seconds or 0.0, len(answer.later)


_OPEN = {Fate.UNCHECKED: ExitCode.COULD_NOT_RUN, Fate.VERIFIED: ExitCode.AS_HOPED}


def exit_code_of_fixes(reports: tuple[FixReport, ...]) -> ExitCode:
    """0 when all is verified or there is nothing to fix; 3 when the result is unknown; else 1, also when the
    most expensive fork is left to a person."""
    found = [proposal.fate for report in reports for proposal in report.proposals]
    codes = {_OPEN.get(fate, ExitCode.FORKED) for fate in found}
    codes |= {ExitCode.FORKED for report in reports if report.costliest_left is not None}
    worst = (ExitCode.FORKED, ExitCode.COULD_NOT_RUN)
    return next((code for code in worst if code in codes), ExitCode.AS_HOPED)


# Files before and after as one unified diff, which ``git apply`` and ``patch -p1`` take.

_AROUND = 3
_PLAIN = re.compile(r"[!#-\[\]-~ ]+")
_NO_END = b"\\ No newline at end of file\n"


def unified(patches: Iterable[FilePatch]) -> bytes:
    """The diff, byte for byte what the files hold."""
    return b"".join(b"".join(_file(each)) for each in patches)


def _file(patch: FilePatch) -> Iterator[bytes]:
    old, new = (_quoted(f"{side}/{patch.name}") for side in ("a", "b"))
    yield b"diff --git " + old + b" " + new + b"\n"
    if patch.before is None:
        yield b"new file mode 100644\n"
        old = b"/dev/null"
    tab = b"\t" if " " in patch.name else b""  # where a name with blanks ends
    yield b"--- " + old + tab + b"\n+++ " + new + tab + b"\n"
    before, after = _lines(patch.before or b""), _lines(patch.after)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(_AROUND):
        yield _head(group[0], group[-1])
        for tag, low, high, start, end in group:
            if tag == "equal":
                yield from (_shown(b" ", line) for line in before[low:high])
                continue
            yield from (_shown(b"-", line) for line in before[low:high])
            yield from (_shown(b"+", line) for line in after[start:end])


def _lines(data: bytes) -> list[bytes]:
    *whole, last = data.split(b"\n")
    return [*(line + b"\n" for line in whole), *([last] if last else [])]


def _shown(mark: bytes, line: bytes) -> bytes:
    return mark + line if line.endswith(b"\n") else mark + line + b"\n" + _NO_END


def _head(first: tuple[str, int, int, int, int], last: tuple[str, int, int, int, int]) -> bytes:
    old, new = _range(first[1], last[2]), _range(first[3], last[4])
    return f"@@ -{old} +{new} @@\n".encode()


def _range(start: int, end: int) -> str:
    length = end - start
    begin = start + 1 if length else start
    return f"{begin}" if length == 1 else f"{begin},{length}"


def _quoted(name: str) -> bytes:
    """As git writes a name: in quotes, with octal escapes, where it holds anything unusual."""
    raw = name.encode("utf-8", "surrogateescape")
    if _PLAIN.fullmatch(name):
        return raw
    letters = (
        b"\\" + bytes([byte]) if byte in b'"\\' else bytes([byte]) if 32 <= byte < 127 else b"\\%03o" % byte
        for byte in raw
    )
    return b'"' + b"".join(letters) + b'"'
