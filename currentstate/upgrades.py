"""What each newer engine changed, and the other image store: as `layerfork report --diff` says it."""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import pairwise, permutations

from currentstate import findings
from currentstate.threads import note_of_cause
from layerfork.model.engine import EngineInfo
from layerfork.model.report import RunReport
from layerfork.pipeline.upgrade.runs import changed_run
from layerfork.reporters.markdown.text import escaped
from layerfork.reporters.overview.overview import Overview
from layerfork.reporters.overview.upgrade import heading, sentences


def upgrades(overview: Overview) -> Iterator[str]:
    """A section for each pair of neighbours: versions of one kind and store, then stores of one version."""
    names = {id(report): name for report, name in zip(overview.reports, overview.engines, strict=True)}
    for old, new in _pairs(overview.reports):
        luck = {*_by_chance(old), *_by_chance(new)}
        change, _ = changed_run(_without(old, luck), _without(new, luck))
        yield f"**{escaped(names[id(old)])} → {escaped(names[id(new)])}**: {escaped(heading(change))}.\n"
        yield from (f"- {escaped(line)}" for line in sentences(change, whole=False))
        yield ""


def _by_chance(report: RunReport) -> Iterator[str]:
    """Clients whose second build missed, of which it is known that it is chance."""
    for fork in report.judgement.forks:
        client = fork.reader.removesuffix(findings.AGAIN)
        note = note_of_cause(client, [str(cause.code) for cause in fork.causes])
        if client != fork.reader and note is not None and note.chance:
            yield client


def _without(report: RunReport, clients: AbstractSet[str]) -> RunReport:
    """A report that says nothing about second builds of these clients."""
    again = {client + findings.AGAIN for client in clients}
    left = [
        each
        for each in zip(report.judgement.forks, report.answers, strict=True)
        if each[0].reader not in again
    ]
    builds = [replace(build, control="") if build.client in clients else build for build in report.builds]
    return replace(
        report,
        judgement=replace(report.judgement, forks=tuple(fork for fork, _ in left)),
        answers=tuple(answer for _, answer in left),
        builds=tuple(builds),
    )


def _pairs(reports: Sequence[RunReport]) -> Iterator[tuple[RunReport, RunReport]]:
    kinds: dict[tuple[str, str], list[RunReport]] = {}
    for report in reports:
        if report.engine is not None:
            kinds.setdefault((report.engine.kind, report.engine.image_store), []).append(report)
    for alike in kinds.values():
        ordered = sorted(alike, key=_number)
        yield from pairwise(ordered)
    for old, new in permutations(reports, 2):
        if old.engine and new.engine and _named(old.engine) == _named(new.engine):
            stores = (old.engine.image_store, new.engine.image_store)
            yield from [(old, new)] if stores == ("graphdriver", "containerd") else []


def _named(engine: EngineInfo) -> tuple[str, str]:
    return engine.kind, engine.version


def _number(report: RunReport) -> tuple[int, ...]:
    version = report.engine.version if report.engine else ""
    return tuple(map(int, re.findall(r"\d+", version.partition("+")[0])))
