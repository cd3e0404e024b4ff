"""The page: everything on it follows from the evidence, and what people know of it from `notes.toml`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from layerfork.app.experiment.fromfiles import read_reports
from layerfork.record.answer import Caution, Verdict
from layerfork.record.run import TrialBuild
from layerfork.record.scenarioresults import CatalogueReport
from layerfork.report.markdown.text import block, code, escaped, prose
from layerfork.report.overview.overview import NO_RESULT, NOT_KNOWN, Overview, overviews
from layerfork.report.overview.words import counted
from layerfork.report.picture.draw import Panel, document
from layerfork.report.picture.panels import panels_of
from research.currentstate import findings, used
from research.currentstate.columns import Column, columns
from research.currentstate.evidence import SCENARIOS, SEED
from research.currentstate.results import RESULTS, read, results, section
from research.currentstate.sharing import caches, lookup
from research.currentstate.upgrades import upgrades

PAGE = "current-state.md"
_TOLD = ("control-failed", "incomplete-record")
"""Warnings whose matter has a section of its own, or says nothing about reuse."""


def pages(seed: Path = SEED, cells: Path = SCENARIOS) -> Mapping[str, str]:
    """The page, its pictures, and the page of scenarios where they have evidence, by their names in docs/.

    Raises: EvidenceError, UsageError.
    """
    (overview,) = overviews(read_reports([str(seed)]).runs)
    pictures = {f"current-state/{_slug(panel)}.svg": panel for panel in panels_of(overview)}
    report = read(cells) if cells.is_file() else None
    return {
        PAGE: "\n".join(_page(overview, pictures, report)).rstrip() + "\n",
        **({RESULTS: results(report)} if report else {}),
        **{name: document([panel], "auto") for name, panel in pictures.items()},
    }


def _slug(panel: Panel) -> str:
    first = panel.title.partition(" on Engine ")[2].partition(",")[0]
    return re.sub(r"[^a-z0-9.]+", "-", first.lower())


def _page(overview: Overview, pictures: Mapping[str, Panel], report: CatalogueReport | None) -> Iterator[str]:
    found = columns(overview)
    yield f"# The state of cache reuse, {_days(overview)[-1][:4]}\n"
    yield from _summary(overview, found)
    yield "## Does A share with B?\n"
    yield (
        f"Find both clients, and the column of your engine: one letter is one cache. `{NO_RESULT}` is "
        f"[no result](#without-a-result), `{NOT_KNOWN}` a build of which nothing shows it. An image store is "
        "named where the two differ. A range of versions has all that were built.\n"
    )
    yield from (*lookup(overview, found), "")
    yield from section(report) if report else ()
    yield "## Where it forks\n"
    yield from findings.forks(overview)
    yield from _pictures(pictures)
    yield "## Clients that do not reuse their own build\n"
    yield from (*findings.own_misses(overview), "")
    yield "## Worth knowing\n"
    yield from (f"- {prose(each.text)}." for each in _cautions(overview))
    yield "\n## What an upgrade changes\n"
    yield "Each engine has the docker, buildx and compose of its Debian generation, which change with it.\n"
    yield from upgrades(overview)
    yield "## Without a result\n"
    yield from (*findings.without_result(overview), "")
    yield from _used(overview)


def _summary(overview: Overview, found: Sequence[Column]) -> Iterator[str]:
    records = [build.record for report in overview.reports for build in report.builds if build.record]
    days = _days(overview)
    clients = {build.client for report in overview.reports for build in report.builds if build.record}
    held = sum(report.judgement.verdict is Verdict.REUSED for report in overview.reports)
    controls = sum(bool(build.control) for report in overview.reports for build in report.builds)
    yield (
        f"Who reuses what another build client stored? Measured with {counted(len(records), 'build')} of one "
        f"Dockerfile by {counted(len(clients), 'client')} on {counted(len(overview.engines), 'engine')}; "
        f"{controls} of them were made twice. The hypothesis of [2015](experiment.md), that the cache is "
        f"fully reusable whatever client builds, holds on {held} of these engines.\n"
    )
    yield "## In short\n"
    for kind in dict.fromkeys(each.kind for each in found):
        yield from (*caches(overview, next(each for each in found if each.kind == kind)), "")
    yield "A cache is named by a letter, in all tables and pictures. What was built:\n"
    yield block((_dockerfile(overview)).splitlines(), "dockerfile")
    yield (
        f"Measured on {' to '.join(dict.fromkeys((days[0], days[-1])))} with layerfork "
        f"{overview.reports[0].layerfork}. This page is written by `make current-state` from "
        "[evidence/seed.jsonl](evidence/seed.jsonl), which `layerfork report` reads too; a test writes it "
        "again and compares. To repeat the run:\n"
    )
    yield block(["layerfork run seed --client all --engine all -o run.jsonl", "layerfork report run.jsonl"])


def _pictures(pictures: Mapping[str, Panel]) -> Iterator[str]:
    yield "## The forks as pictures\n"
    for name, panel in pictures.items():
        yield f"![{escaped(f'{panel.title}: {panel.subtitle}')}]({name})\n"


def _cautions(overview: Overview) -> Iterator[Caution]:
    """One of a kind for each client: engines and versions word it otherwise."""
    found = {
        (each.code, each.client.partition("@")[0]): each
        for each in reversed(overview.warnings)
        if each.code not in _TOLD
    }
    yield from reversed(found.values())


def _days(overview: Overview) -> list[str]:
    """When it was measured."""
    builds = (build for report in overview.reports for build in report.builds)
    return sorted({build.record.recorded_at[:10] for build in builds if build.record})


def _dockerfile(overview: Overview) -> str:
    return next(text for report in overview.reports for build in report.builds if (text := _text(build)))


def _text(build: TrialBuild) -> str:
    return (build.record.request.dockerfile or "") if build.record else ""


def _used(overview: Overview) -> Iterator[str]:
    yield "## What was used\n"
    yield from (*used.engines(overview), "")
    yield f"Clients with a version in their id, such as {code('docker_py-build@4.4.4')}, have that one.\n"
    yield from (*used.clients(overview), "")
    yield "Every package of the client libraries: `layerfork report -v docs/evidence/seed.jsonl`.\n"
