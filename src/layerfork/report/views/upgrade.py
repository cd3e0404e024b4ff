"""What an upgrade changed, in sentences that more than one format says."""

from collections.abc import Iterator, Sequence

from layerfork.record.record import BuildOutcome
from layerfork.record.scenarioresults import (
    BuildState,
    ForkSeen,
    Move,
    ScenarioChange,
    StateChange,
    UpgradeReport,
    VersionChange,
)
from layerfork.report.views.outcomes import outcome
from layerfork.report.views.sentences import counted

MANY = 3
"""More names than these are counted, where not everything is asked for."""


def verdict(report: UpgradeReport) -> str:
    """One sentence about all of it."""
    if not report.is_alike:
        changed = sum(each.compared - each.alike for engine in report.engines for each in engine.scenarios)
        return f"{counted(changed, 'client')} changed" if changed else "the forks changed"
    if any(engine.versions for engine in report.engines):
        return "only versions changed"
    return "nothing changed"


def version(change: VersionChange, *, whole: bool) -> str:
    """``docker-build, buildx-build 26.1.5 → 28.5.2``."""
    return f"{named(change.names, whole=whole)} {change.old or 'unknown'} → {change.new or 'unknown'}"


def heading(change: ScenarioChange) -> str:
    """``seed: 40 of 42 clients as before``."""
    if change.alike == change.compared:
        return f"{change.scenario}: {counted(change.compared, 'client')}, all as before"
    return f"{change.scenario}: {change.alike} of {counted(change.compared, 'client')} as before"


def sentences(change: ScenarioChange, *, whole: bool) -> Iterator[str]:
    """Everything that differs in one scenario; ``whole`` names every client."""
    if change.other_dockerfile:
        yield "the Dockerfile differs: differences may not come from the upgrade"
    for state in change.states:
        yield f"{named(state.clients, whole=whole)}: {_state(state)}"
    for move in change.moves:
        yield f"{named(move.clients, whole=whole)}: {_move(move, whole=whole)}"
    yield from (f"no longer forks at {_fork(fork)}" for fork in change.forks_gone)
    yield from (f"forks now at {_fork(fork)}" for fork in change.forks_new)
    for phase in change.phases:
        was, now = outcome(phase.old), outcome(phase.new)
        yield f"{phase.new.title}: {was}; now {now} ({named(phase.clients, whole=whole)})"
    if change.only_old:
        yield f"only in the earlier run: {named(change.only_old, whole=whole)}"
    if change.only_new:
        yield f"only in the later run: {named(change.only_new, whole=whole)}"


def named(names: Sequence[str], *, whole: bool) -> str:
    """All names, or the first with how many more there are."""
    if whole or len(names) <= MANY:
        return ", ".join(names)
    return f"{', '.join(names[:MANY])} and {len(names) - MANY} more"


def _state(change: StateChange) -> str:
    old, new = change.old, change.new
    if old.outcome is not new.outcome:
        return f"{_outcome(old)} before, {_outcome(new)} now"
    if old.builder != new.builder:
        return f"built by {old.builder} before, by {new.builder} now"
    return f"a second build was a {old.control} before, is a {new.control} now"


def _outcome(state: BuildState) -> str:
    if state.outcome is BuildOutcome.SUCCEEDED:
        return f"{state.outcome.value} ({state.builder})"
    return f"{state.outcome.value} ({state.reason})" if state.reason else state.outcome.value


def _move(move: Move, *, whole: bool) -> str:
    if move.left is None:
        was = "its cache was unknown"
    elif move.left:
        was = f"shared a cache with {named(move.left, whole=whole)}"
    else:
        was = "shared a cache with no other"
    if move.joined is None:
        return f"{was}and is unknown now" if move.left is None else f"{was}; its cache is unknown now"
    return f"{was}, now {f'with {named(move.joined, whole=whole)}' if move.joined else 'with no other'}"


def _fork(fork: ForkSeen) -> str:
    causes = ", ".join(fork.causes) or "not explained"
    return f"step {fork.step}, {fork.instruction}: {causes} ({fork.writer}, {fork.reader})"
