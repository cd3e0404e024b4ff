"""`layerfork history CLONE --predict N`: what ordinary commits of a repository would have rebuilt."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from layerfork.app.study.clones import Built, Clone, check_source, find_built, make_clone, name_of
from layerfork.app.study.counting import after_the_cold_one, blamed_lines, count
from layerfork.app.study.fixedhistory import Fixer
from layerfork.app.study.unmade import ENGINE
from layerfork.app.study.walking import Walker
from layerfork.errors import EvidenceError, UsageError
from layerfork.lint.linter import lint
from layerfork.record.build import Builder
from layerfork.record.lint import Trap, TrapCode
from layerfork.record.prediction import CommitPrediction
from layerfork.record.progress import Say
from layerfork.record.study import Counts, Saving, StudiedDockerfile, StudyReport, TriedEdit

_DOCKERFILES = 4
"""How many Dockerfiles of a repository are looked at, the topmost first."""
_NO_FIXES = "a commit cannot be checked out, so no edit was tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkedHistory:
    """The builds of one Dockerfile's commits, each after that of the commit before."""

    commits: tuple[CommitPrediction, ...]
    counts: Counts
    """Without the first build, whose cache is empty."""
    savings: tuple[Saving, ...]
    has_fixes: bool
    """Whether fixes could be tried at all."""


def walk_history(walker: Walker, clone: Clone, built: Built) -> WalkedHistory:
    """Predict every commit of a clone; then once more with each fix that lint knows."""
    commits = tuple(walker.walk(clone, built, clone.commits))
    counts = count(after_the_cold_one(commits))
    savings: tuple[Saving, ...] = ()
    has_fixes = bool(counts.commits)
    if has_fixes:
        try:
            savings = tuple(Fixer(walker=walker, clone=clone, built=built).savings(commits))
        except UsageError:
            has_fixes = False
    return WalkedHistory(commits=commits, counts=counts, savings=savings, has_fixes=has_fixes)


def traps_at(top: Path, built: Built) -> tuple[Trap, ...]:
    """What lint says of a Dockerfile and the ignore files beside it, as they are checked out."""
    ignore = (f"{built.dockerfile}.dockerignore", f"{built.context}/.dockerignore")
    files = {(top / name).resolve() for name in (built.dockerfile, *ignore)}
    found = lint([top], frozenset(TrapCode)).traps
    return tuple(trap for trap in found if Path(trap.path).resolve() in files)


def predict_history(source: Path, commits: int, say: Say) -> StudyReport:
    """The newest commits of a local clone, which is only read: nothing is built, and no engine is needed.

    Raises: UsageError when it is no repository; EvidenceError when it has no Dockerfile.
    """
    check_source(source)
    with TemporaryDirectory(prefix="layerfork-") as scratch:
        clone = make_clone(source, name_of(source), Path(scratch, "clone"), commits)
        found = find_built(clone)
        if not found:
            raise EvidenceError(
                f"{source} has no Dockerfile whose context holds it",
                hint="name the top of a clone whose newest commit has a Dockerfile",
            )
        walker = Walker(builder=Builder.BUILDKIT, caches=Path(scratch, "blobs"))
        chosen = found[:_DOCKERFILES]
        # Trying fixes checks other commits out: what lint says of the newest one comes first.
        traps = [traps_at(clone.place, built) for built in chosen]
        studied = []
        for built, own in zip(chosen, traps, strict=True):
            say(f"{built.dockerfile}: {len(clone.commits) - 1} commits are predicted")
            studied.append(_studied(walker, clone, built, own))
    first, newest = clone.commits[0], clone.commits[-1]
    return StudyReport(
        repository=clone.name,
        head=newest.id,
        began=_day(first.committed_at),
        ended=_day(newest.committed_at),
        builder=f"BuildKit {ENGINE.buildkit_version.removeprefix('v')} of Docker Engine {ENGINE.version}",
        dockerfiles=tuple(each for each in studied if each is not None),
        left_out=tuple(_left_out(found, studied)),
    )


def _left_out(found: Sequence[Built], studied: Sequence[StudiedDockerfile | None]) -> list[str]:
    pairs = zip(found, studied, strict=False)
    lines = [
        f"{built.dockerfile}: there are not two commits that can be predicted"
        for built, each in pairs
        if each is None
    ]
    return [
        *lines,
        *(f"{built.dockerfile}: only {_DOCKERFILES} are looked at" for built in found[len(studied) :]),
    ]


def _studied(walker: Walker, clone: Clone, built: Built, traps: Sequence[Trap]) -> StudiedDockerfile | None:
    walked = walk_history(walker, clone, built)
    if not walked.counts.commits:
        return None
    last = walked.commits[-1].prediction
    return StudiedDockerfile(
        dockerfile=built.dockerfile,
        context=built.context,
        steps=len(last.steps) if last is not None else 0,
        counts=walked.counts,
        lines=blamed_lines(after_the_cold_one(walked.commits)),
        edits=tuple(
            _tried(saving, traps) for saving in sorted(walked.savings, key=lambda each: -each.runs_saved)
        ),
        traps=tuple(Counter(trap.code.value for trap in traps).items()),
        problem="" if walked.has_fixes else _NO_FIXES,
    )


def _tried(saving: Saving, traps: Sequence[Trap]) -> TriedEdit:
    own = [trap.fix for trap in traps if trap.code.value in saving.rules and trap.fix.edits]
    return TriedEdit(
        saving=saving,
        sentences=tuple(dict.fromkeys(fix.sentence for fix in own)),
        warnings=tuple(dict.fromkeys(fix.warning for fix in own if fix.warning)),
    )


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
