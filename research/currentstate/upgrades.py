"""What each newer engine changed, and the other image store: as `layerfork report --diff` says it."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import pairwise, permutations

from layerfork.app.experiment.rundiff import changed_run
from layerfork.record.engine import EngineInfo
from layerfork.record.run import RunReport
from layerfork.report.markdown.words import escaped
from layerfork.report.views.overview import Overview
from layerfork.report.views.sentences import counted
from layerfork.report.views.upgrade import sentences
from research.currentstate import findings
from research.currentstate.columns import number
from research.currentstate.threads import notes_of_client

_ENOUGH = 80
"""Of a reason: the whole of it is among those without a result."""


def upgrades(overview: Overview) -> Iterator[str]:
    """A section for each pair of neighbours: versions of one kind and store, then stores of one version."""
    places = {id(report): place for place, report in enumerate(overview.reports)}
    alike: list[str] = []
    for old, new in _pairs(overview.reports):
        luck = {*_by_chance(old), *_by_chance(new)}
        change, _ = changed_run(_without(old, luck), _without(new, luck))
        title = " → ".join(escaped(overview.engines[places[id(each)]]) for each in (old, new))
        lines = list(sentences(change, whole=False))
        if not lines:
            alike.append(title)
            continue
        yield f"**{title}**: {change.alike} of {counted(change.compared, 'client')} as before.\n"
        yield from (f"- {escaped(line)}" for line in lines)
        yield ""
    if alike:
        yield f"Nothing changed for any client: {'; '.join(alike)}.\n"


def _by_chance(report: RunReport) -> Iterator[str]:
    """Clients whose second build missed, of which it is known that it is chance."""
    for build in report.builds:
        if build.control == "miss" and any(note.chance for note in notes_of_client(build.client)):
            yield build.client


def _without(report: RunReport, clients: AbstractSet[str]) -> RunReport:
    """A report that says nothing about second builds of these clients, and of reasons the beginning."""
    again = {client + findings.AGAIN for client in clients}
    left = [
        each
        for each in zip(report.judgement.forks, report.answers, strict=True)
        if each[0].reader not in again
    ]
    builds = [
        replace(
            build,
            control="" if build.client in clients else build.control,
            reason=_short(build.reason),
        )
        for build in report.builds
    ]
    return replace(
        report,
        judgement=replace(report.judgement, forks=tuple(fork for fork, _ in left)),
        answers=tuple(answer for _, answer in left),
        builds=tuple(builds),
    )


def _short(reason: str) -> str:
    line = reason.partition("\n")[0]
    return line if len(line) <= _ENOUGH else f"{line[:_ENOUGH]}…"


def _pairs(reports: Sequence[RunReport]) -> Iterator[tuple[RunReport, RunReport]]:
    kinds: dict[tuple[str, str], list[RunReport]] = {}
    for report in reports:
        if report.engine is not None:
            kinds.setdefault((report.engine.kind, report.engine.image_store), []).append(report)
    for alike in kinds.values():
        ordered = sorted(alike, key=lambda each: number(each.engine.version if each.engine else ""))
        yield from pairwise(ordered)
    for old, new in permutations(reports, 2):
        if old.engine and new.engine and _named(old.engine) == _named(new.engine):
            stores = (old.engine.image_store, new.engine.image_store)
            yield from [(old, new)] if stores == ("graphdriver", "containerd") else []


def _named(engine: EngineInfo) -> tuple[str, str]:
    return engine.kind, engine.version
