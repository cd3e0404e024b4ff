"""Predictions of commits, counted."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from layerfork.app.study.stepkinds import Kind, kind_of
from layerfork.record.prediction import CommitPrediction, PredictedStatus, PredictedStep
from layerfork.record.study import BlamedLine, Counts

_RUNS = (Kind.INSTALL, Kind.RUN)
_PATHS = 3
"""How many paths are named of each line."""
_NAMES = re.compile(r"`[^`]*`|\"[^\"]*\"|(?:line|step) \d+|\S+[/:]\S+|: \S+$")


def count(commits: Iterable[CommitPrediction]) -> Counts:
    """All of them; the cold build is not to be among them."""
    tally: dict[str, int] = Counter()
    grouped: dict[str, Counter[str]] = {
        name: Counter() for name in ("not_predicted", "first", "causes", "missed", "reasons")
    }
    for commit in commits:
        if commit.prediction is None or not commit.prediction.steps:
            grouped["not_predicted"][short(commit.problem or "nothing is known of it")] += 1
            continue
        _add(commit, tally, grouped)
    ordered = {name: dict(found.most_common()) for name, found in grouped.items()}
    return Counts(**tally, **ordered)  # type: ignore[arg-type]


def _add(commit: CommitPrediction, tally: dict[str, int], grouped: dict[str, Counter[str]]) -> None:
    assert commit.prediction is not None
    steps = commit.prediction.steps
    missed = [kind_of(step) for step in steps if step.prediction is PredictedStatus.MISS]
    tally["commits"] += 1
    tally["hits"] += commit.count(PredictedStatus.HIT)
    tally["misses"] += len(missed)
    tally["unknown"] += commit.count(PredictedStatus.UNKNOWN)
    tally["all_reused"] += all(step.prediction is PredictedStatus.HIT for step in steps)
    tally["busting"] += bool(missed)
    tally["runs_again"] += any(kind in _RUNS for kind in missed)
    tally["installs_again"] += Kind.INSTALL in missed
    grouped["missed"].update(missed)
    grouped["reasons"].update(_why(step) for step in steps if step.prediction is PredictedStatus.UNKNOWN)
    first = commit.first_miss
    if first is not None:
        grouped["first"][kind_of(first)] += 1
        grouped["causes"][first.causes[0].code if first.causes else ""] += 1


def _why(step: PredictedStep) -> str:
    if step.reason.endswith("which is unknown"):
        return "builds on such a step"
    if step.reason.endswith("which no record shows"):
        return "reads files that only the build makes"
    return short(step.reason)


def short(reason: str) -> str:
    """A reason without the names in it, so that alike ones are one."""
    return _NAMES.sub("…", reason.removeprefix("unknown: "))


def is_run(step: PredictedStep) -> bool:
    """Whether a step runs a command."""
    return kind_of(step) in _RUNS


def blamed_lines(commits: Sequence[CommitPrediction]) -> tuple[BlamedLine, ...]:
    """The instructions that missed first, and the RUN steps that run again in the builds of these commits."""
    newest = _lines_of(commits[-1]) if commits else {}
    found: dict[str, list[tuple[PredictedStep, CommitPrediction]]] = defaultdict(list)
    for commit in commits:
        first = commit.first_miss
        if first is not None:
            found[first.instruction].append((first, commit))
    lines = [_blamed(instruction, each, newest) for instruction, each in found.items()]
    return tuple(sorted(lines, key=lambda each: (-each.runs, -each.commits, each.line)))


def _blamed(
    instruction: str, found: Sequence[tuple[PredictedStep, CommitPrediction]], newest: Mapping[str, int]
) -> BlamedLine:
    again = [
        kind_of(step)
        for _, commit in found
        if commit.prediction is not None
        for step in commit.prediction.steps
        if step.prediction is PredictedStatus.MISS
    ]
    paths = Counter(path for first, _ in found for path in {cause.path for cause in first.causes} if path)
    return BlamedLine(
        line=newest.get(instruction, 0),
        instruction=instruction,
        commits=len(found),
        runs=sum(kind in _RUNS for kind in again),
        installs=again.count(Kind.INSTALL),
        paths=tuple(paths.most_common(_PATHS)),
    )


def _lines_of(commit: CommitPrediction) -> Mapping[str, int]:
    steps = commit.prediction.steps if commit.prediction is not None else ()
    return {step.instruction: step.line for step in steps}


def after_the_cold_one(commits: Sequence[CommitPrediction]) -> Sequence[CommitPrediction]:
    """Without those before the first that can be built, and without that one: its cache was empty."""
    first = next((at for at, each in enumerate(commits) if _has_steps(each)), len(commits))
    return commits[first + 1 :]


def _has_steps(commit: CommitPrediction) -> bool:
    return commit.prediction is not None and bool(commit.prediction.steps)
