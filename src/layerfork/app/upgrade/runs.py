"""Two runs of one scenario on one engine, client by client."""

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain

from layerfork.app.upgrade.classes import Place, moves
from layerfork.app.upgrade.matching import Matched, match
from layerfork.record.record import BuildOutcome
from layerfork.record.report import RunReport, TrialBuild
from layerfork.record.upgrade import BuildState, ForkSeen, ScenarioChange, StateChange, VersionChange

Builds = Matched[TrialBuild]
_PIN = re.compile(r"@[^+]*")
_ForkKey = tuple[int, tuple[str, ...]]


def unpinned(client: str) -> str:
    """A client's id without its version: ``docker_py-build``."""
    return _PIN.sub("", client)


def changed_run(old: RunReport, new: RunReport) -> tuple[ScenarioChange, tuple[VersionChange, ...]]:
    """What differs, and which clients have other versions."""
    found: Builds = match(
        old.builds,
        new.builds,
        lambda build: (build.client, build.builder),
        lambda build: build.client,
        lambda build: unpinned(build.client),
    )
    states = tuple(_states(found))
    moved = tuple(moves(dict(_places(found))))
    gone, came = _forks(old), _forks(new)
    named = {*chain.from_iterable(each.clients for each in states)}
    named |= {*chain.from_iterable(each.clients for each in moved)}
    change = ScenarioChange(
        scenario=new.scenario,
        compared=len(found.pairs),
        alike=len(found.pairs) - len(named),
        other_dockerfile=_other_dockerfile(found.pairs),
        states=states,
        moves=moved,
        forks_gone=tuple(fork for key, fork in gone.items() if key not in came),
        forks_new=tuple(fork for key, fork in came.items() if key not in gone),
        only_old=tuple(build.client for build in found.only_old),
        only_new=tuple(build.client for build in found.only_new),
    )
    return change, client_versions((one.version, two.version, two.client) for one, two in found.pairs)


def client_versions(pairs: Iterable[tuple[str, str, str]]) -> tuple[VersionChange, ...]:
    """Old and new version with the client; clients with the same change are one."""
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for old, new, client in pairs:
        if old and new and old != new:
            groups.setdefault((old, new), {})[client] = None
    return tuple(VersionChange(names=tuple(names), old=old, new=new) for (old, new), names in groups.items())


def _states(found: Builds) -> Iterator[StateChange]:
    groups: dict[Hashable, list[tuple[str, BuildState, BuildState]]] = {}
    for one, two in found.pairs:
        if _differ(one, two):
            old, new = _state(one), _state(two)
            key = (_compared(old), _compared(new))
            groups.setdefault(key, []).append((two.client, old, new))
    for alike in groups.values():
        _, old, new = alike[0]
        yield StateChange(clients=tuple(client for client, _, _ in alike), old=old, new=new)


def _differ(one: TrialBuild, two: TrialBuild) -> bool:
    controls = one.control and two.control and one.control != two.control
    if one.outcome is not two.outcome or controls:
        return True
    return one.outcome is BuildOutcome.SUCCEEDED and one.builder != two.builder


def _compared(state: BuildState) -> Hashable:
    return state.outcome, state.builder, state.control


def _state(build: TrialBuild) -> BuildState:
    lines = build.reason.splitlines()
    reason = lines[0] if lines and build.outcome is not BuildOutcome.SUCCEEDED else ""
    return BuildState(outcome=build.outcome, builder=build.builder, control=build.control, reason=reason)


def _places(found: Builds) -> Iterator[tuple[str, tuple[Place, Place]]]:
    """Of the clients that built in both runs."""
    for one, two in found.pairs:
        if one.outcome is two.outcome is BuildOutcome.SUCCEEDED:
            yield two.client, (one.class_index, two.class_index)


def _forks(report: RunReport) -> dict[_ForkKey, ForkSeen]:
    """One for each step and set of causes."""
    forks: dict[_ForkKey, ForkSeen] = {}
    for fork, answer in zip(report.judgement.forks, report.answers, strict=True):
        causes = tuple(dict.fromkeys(str(cause.code) for cause in fork.causes))
        seen = ForkSeen(
            step=fork.step,
            instruction=answer.instruction or fork.instruction,
            causes=causes,
            writer=fork.writer,
            reader=fork.reader,
        )
        forks.setdefault((fork.step, tuple(sorted(causes))), seen)
    return forks


def _other_dockerfile(pairs: Sequence[tuple[TrialBuild, TrialBuild]]) -> bool:
    """No text of the earlier run is one of the later; False where a run shows none."""
    old = {text for one, _ in pairs if (text := _dockerfile(one))}
    new = {text for _, two in pairs if (text := _dockerfile(two))}
    return bool(old and new) and not old & new


def _dockerfile(build: TrialBuild) -> str:
    return (build.record.request.dockerfile or "") if build.record else ""
