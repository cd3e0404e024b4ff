"""Predictions of commits, counted."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from layerfork.record.prediction import CommitPrediction, PredictedStatus, PredictedStep
from research.study.kinds import Kind, kind_of
from research.study.results import Counts

_RUNS = (Kind.INSTALL, Kind.RUN)
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
    return msgspec.convert({**tally, **ordered}, Counts)


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


def after_the_cold_one(commits: Sequence[CommitPrediction]) -> Sequence[CommitPrediction]:
    """Without those before the first that can be built, and without that one: its cache was empty."""
    first = next((at for at, each in enumerate(commits) if _has_steps(each)), len(commits))
    return commits[first + 1 :]


def _has_steps(commit: CommitPrediction) -> bool:
    return commit.prediction is not None and bool(commit.prediction.steps)
