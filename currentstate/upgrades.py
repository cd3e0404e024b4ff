"""What each newer engine changed, and the other image store: as `layerfork report --diff` says it."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, permutations

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
        change, _ = changed_run(old, new)
        yield f"**{escaped(names[id(old)])} → {escaped(names[id(new)])}**: {escaped(heading(change))}.\n"
        yield from (f"- {escaped(line)}" for line in sentences(change, whole=False))
        yield ""


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
