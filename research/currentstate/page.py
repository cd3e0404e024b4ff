"""The page: everything on it follows from the evidence, and what people know of it from `notes.toml`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from layerfork.app.experiment.fromfiles import read_reports
from layerfork.record.answer import Caution, Verdict
from layerfork.record.run import TrialBuild
from layerfork.record.scenarioresults import CatalogueReport
from layerfork.report.markdown.words import block, code, escaped, prose
from layerfork.report.svg.draw import Panel, document, panels_of
from layerfork.report.views.overview import NO_RESULT, NOT_KNOWN, Overview, overviews
from layerfork.report.views.sentences import counted
from research.currentstate import findings, used
from research.currentstate.columns import Column, columns
from research.currentstate.evidence import SCENARIOS, SEED
from research.currentstate.results import COSTS, RESULTS, costs, read, results, section
from research.currentstate.sharing import caches, lookup
from research.currentstate.upgrades import upgrades

PAGE = "current-state.md"
_SHOWN_ELSEWHERE = ("control-failed", "incomplete-record")
"""Warnings that have a section of their own, or say nothing about reuse."""


def pages(seed: Path = SEED, cells: Path = SCENARIOS) -> Mapping[str, str]:
    """The page, its pictures, and the page of scenarios with its picture, by their names in docs/.

    The last two are there if there is evidence of scenarios.

    Raises: EvidenceError, UsageError.
    """
    (overview,) = overviews(read_reports([str(seed)]).runs)
    pictures = {f"current-state/{_slug(panel)}.svg": panel for panel in panels_of(overview)}
    report = read(cells) if cells.is_file() else None
    return {
        PAGE: "\n".join(_page(overview, pictures, report)).rstrip() + "\n",
        **({RESULTS: results(report), COSTS: costs(report)} if report else {}),
        **{name: document([panel], "auto") for name, panel in pictures.items()},
    }


def _slug(panel: Panel) -> str:
    first = panel.title.partition(" on Engine ")[2].partition(",")[0]
    return re.sub(r"[^a-z0-9.]+", "-", first.lower())


def _page(overview: Overview, pictures: Mapping[str, Panel], report: CatalogueReport | None) -> Iterator[str]:
    found = columns(overview)
    yield f"# The state of cache reuse, {_days(overview)[-1][:4]}\n"
    yield from _summary(overview, found, next(iter(pictures.items())))
    yield "## Does A share with B?\n"
    yield (
        "Find both clients in the column of your engine. If they have the same letter, they share a cache. "
        f"`{NO_RESULT}` means [no result](#without-a-result), `{NOT_KNOWN}` that the records do not show it. "
        "A column names the image store where the two stores differ. `client@1.6-7.2` stands for all "
        "versions "
        "in that range that were measured.\n"
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
    yield "Each engine comes with docker, buildx and compose of its Debian release, so these change too.\n"
    yield from upgrades(overview)
    yield "## Without a result\n"
    yield from (*findings.without_result(overview), "")
    yield from _used(overview)


def _summary(overview: Overview, found: Sequence[Column], picture: tuple[str, Panel]) -> Iterator[str]:
    records = [build.record for report in overview.reports for build in report.builds if build.record]
    days = _days(overview)
    clients = {build.client for report in overview.reports for build in report.builds if build.record}
    held = sum(report.judgement.verdict is Verdict.REUSED for report in overview.reports)
    controls = sum(bool(build.control) for report in overview.reports for build in report.builds)
    most = max(len(report.judgement.classes) for report in overview.reports)
    yield (
        f"On {held or 'none'} of {counted(len(overview.engines), 'engine')} do all build clients share one "
        "layer "
        f"cache. Clients form up to {most} groups on an engine: within a group they reuse each other's "
        "steps, "
        "between groups they build some step again. This page says which client is in which group, at which "
        "step two groups part, why, and what makes them share.\n"
    )
    yield _picture(*picture)
    yield (
        "How to read the pictures and tables: a letter (**A**, **B**, …) names one **cache**, that is a "
        "group of "
        "clients that reuse each other's steps; it means the same cache everywhere on this page. Two caches "
        "**part** (fork) at the first step that one misses although the other has stored it. **PROVEN** "
        "means "
        "that reverting exactly the named causes reproduces the other cache key; **SUSPECTED** means that "
        "the difference is there but was not proven to be the cause.\n"
    )
    yield "## In short\n"
    for kind in dict.fromkeys(each.kind for each in found):
        yield from (*caches(overview, next(each for each in found if each.kind == kind)), "")
    yield "## What was measured\n"
    yield (
        f"{counted(len(clients), 'client')} built this Dockerfile on "
        f"{counted(len(overview.engines), 'engine')}, "
        f"{counted(len(records), 'build')} in all. {controls} builds were repeated to check that the client "
        "reuses its own cache.\n"
    )
    yield block((_dockerfile(overview)).splitlines(), "dockerfile")
    yield (
        "The hypothesis of [2015](experiment.md) was that the cache is fully reusable, whichever client "
        "builds. "
        f"Measured on {' to '.join(dict.fromkeys((days[0], days[-1])))} with layerfork "
        f"{overview.reports[0].layerfork}. `make current-state` writes this page from "
        "[evidence/seed.jsonl](evidence/seed.jsonl), which `layerfork report` can read as well; a test "
        "compares "
        "the two. To repeat the run:\n"
    )
    yield block(["layerfork run seed --client all --engine all -o run.jsonl", "layerfork report run.jsonl"])


def _picture(name: str, panel: Panel) -> str:
    return f"![{escaped(f'{panel.title}: {panel.subtitle}')}]({name})\n"


def _pictures(pictures: Mapping[str, Panel]) -> Iterator[str]:
    yield "## The forks as pictures\n"
    for name, panel in pictures.items():
        yield _picture(name, panel)


def _cautions(overview: Overview) -> Iterator[Caution]:
    """One of a kind for each client: engines and versions word it otherwise."""
    found = {
        (each.code, each.client.partition("@")[0]): each
        for each in reversed(overview.warnings)
        if each.code not in _SHOWN_ELSEWHERE
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
