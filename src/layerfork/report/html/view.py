"""What the page shows, gathered from reports: values that a template only has to print."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from layerfork.record.answer import Answer, CauseStatus, Caution, Fork, Verdict, worst
from layerfork.record.record import StepRecord, StepStatus
from layerfork.record.run import DiffReport, RunProblem, RunReport, TrialBuild
from layerfork.report.svg.colors import color_of
from layerfork.report.svg.draw import inline
from layerfork.report.svg.graph import graph_of_diff, graphs_of
from layerfork.report.views.cachebalance import balance_sentence
from layerfork.report.views.overview import Edge, Overview, answer_to, keyword, overviews
from layerfork.report.views.sentences import (
    cost_of,
    findings,
    names_of,
    size_of,
    subject_of,
    title_of,
    verdicts,
    warnings_of,
    where,
)
from layerfork.report.views.sentvalues import Missing, SentField, missing_of, sent_fields

# The versions used, each once however many runs name it.

FACTS = (
    "Storage Driver",
    "Backing Filesystem",
    "Kernel Version",
    "Operating System",
    "Architecture",
    "containerd",
    "runc",
)
"""Lines of ``docker info`` that decide most; JSON has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    engines: tuple[tuple[str, str], ...]
    """Version, and facts with commas."""
    clients: tuple[tuple[str, tuple[str, ...]], ...]
    """Client, and its versions: that of its engine where it belongs to one."""
    packages: tuple[tuple[str, tuple[str, ...]], ...]
    """Client environment and what is installed there."""


def versions_of(overviews: Sequence[Overview]) -> Versions:
    """Of all runs, each once."""
    engines: dict[tuple[str, str], None] = {}
    clients: dict[str, dict[str, None]] = {}
    packages: dict[tuple[str, tuple[str, ...]], None] = {}
    for overview in overviews:
        for report in overview.reports:
            facts, engine = dict(report.versions.engine), report.engine
            known = (f"{name}: {facts[name]}" for name in FACTS if name in facts)
            kind = (f"{engine.kind}, API {engine.api_version}", engine.image_store) if engine else ()
            engines[(engine.version if engine else "", ", ".join(filter(None, (*kind, *known))))] = None
            for client, version in report.versions.clients:
                clients.setdefault(client, {})[version] = None
            packages |= dict.fromkeys(report.versions.packages)
    return Versions(
        engines=tuple(engines),
        clients=tuple((client, tuple(versions)) for client, versions in clients.items()),
        packages=tuple(packages),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkView:
    """One fork: its answer and its evidence."""

    id: str
    """Unique in the page."""
    caches: tuple[tuple[str, int | None], ...]
    """Letters of the writer's and the reader's cache with their colours; empty where there are no letters."""
    fork: Fork
    answer: Answer | None
    findings: tuple[tuple[CauseStatus, str], ...]
    cost: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one client did on one engine."""

    letter: str
    color: int | None
    seconds: float | None = None
    hits: int = 0
    steps: int = 0
    """Without FROM, which has no cache: as `layerfork check` counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRow:
    letter: str
    color: int
    client: str
    cells: tuple[Cell, ...]
    leaves: bool
    """It does not use the first cache everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioView:
    id: str
    overview: Overview
    title: str
    verdicts: tuple[tuple[tuple[str, ...], Verdict, str], ...]
    """Engines, verdict, and the sentence."""
    graphs: tuple[tuple[str, Markup], ...]
    """Engines, and the graph that they have."""
    forks: tuple[ForkView, ...]
    clients: tuple[ClientRow, ...]
    fields: tuple[SentField, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    title: str
    verdict: str
    scenarios: tuple[ScenarioView, ...]
    counts: tuple[tuple[ScenarioView, tuple[int | None, ...]], ...]
    """For each scenario how many caches there are on each of all engines; None where it did not run."""
    engines: tuple[str, ...]
    """Of all scenarios."""
    problems: tuple[RunProblem, ...]
    versions: Versions
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPair:
    """One step of both builds; None where one has none."""

    writer: StepRecord | None
    reader: StepRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffView:
    id: str
    report: DiffReport
    title: str
    names: tuple[str, str]
    """What the two builds are called."""
    graph: Markup | None
    forks: tuple[ForkView, ...]
    steps: tuple[StepPair, ...]
    balance: str
    """What its cache cost and saved; empty where it moved none."""
    warnings: tuple[Caution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffsView:
    title: str
    diffs: tuple[DiffView, ...]


def view_runs(reports: Sequence[RunReport]) -> RunView:
    """Everything of a page of runs."""
    seen = overviews(reports)
    scenarios = tuple(_scenario(overview, f"s{number}") for number, overview in enumerate(seen, 1))
    engines = tuple(dict.fromkeys(engine for each in seen for engine in each.engines))
    return RunView(
        title=_few([each.scenario for each in seen]) or "no engine",
        verdict=_verdict(seen),
        scenarios=scenarios,
        engines=engines,
        counts=tuple((each, _counts(each.overview, engines)) for each in scenarios),
        problems=tuple(dict.fromkeys(problem for report in reports for problem in report.problems)),
        versions=versions_of(seen),
        made_by=next((report.layerfork for report in reports if report.layerfork), ""),
    )


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _counts(overview: Overview, engines: Sequence[str]) -> tuple[int | None, ...]:
    counts = dict(zip(overview.engines, overview.caches, strict=True))
    return tuple(map(counts.get, engines))


def _verdict(seen: Sequence[Overview]) -> str:
    """One sentence above all: never more than what the engines' own verdicts say."""
    verdict = worst(each.verdict for each in seen)
    if verdict is None:
        return "Nothing was built."
    if verdict is Verdict.FORKED:
        return _where_it_forks(seen)
    if any(each.interrupted for each in seen):
        return "No fork was seen until the run was interrupted."
    if verdict is Verdict.ERROR:
        return "No fork was seen, but too few builds succeeded to rule one out."
    if any(report.judgement.class_unknown for each in seen for report in each.reports):
        return "No build missed what another had stored, but it is unknown which cache some of them used."
    return "The cache is shared by all." if len(seen) == 1 else "The cache is shared everywhere."


def _where_it_forks(seen: Sequence[Overview]) -> str:
    if len(seen) == 1:
        return "The cache forks."
    forked = sum(each.verdict is Verdict.FORKED for each in seen)
    return f"The cache forks in {forked} of {len(seen)} scenarios."


def _scenario(overview: Overview, own: str) -> ScenarioView:
    return ScenarioView(
        id=own,
        overview=overview,
        title=size_of(overview),
        verdicts=verdicts(overview),
        graphs=tuple(
            (engines, inline(graph, f"{overview.scenario} on {engines}"))
            for engines, graph in graphs_of(overview)
        ),
        forks=tuple(
            _fork_of_run(edge, overview, f"{own}f{number}") for number, edge in enumerate(overview.edges, 1)
        ),
        clients=tuple(_client_rows(overview)),
        fields=sent_fields(overview),
        missing=missing_of(overview),
    )


def _fork_of_run(edge: Edge, overview: Overview, own: str) -> ForkView:
    ends = (edge.writer, edge.reader)
    return ForkView(
        id=own,
        caches=tuple((each, _color(each, overview)) for each in ends),
        fork=edge.fork,
        answer=edge.answer,
        findings=findings(edge.fork, edge.answer),
        cost=cost_of(edge),
        where=where(edge, overview),
    )


def _color(letter: str, overview: Overview) -> int | None:
    number = overview.number_of(letter)
    return None if number is None else color_of(number)


def _client_rows(overview: Overview) -> Iterator[ClientRow]:
    builds = [{build.client: build for build in report.builds} for report in overview.reports]
    for number, row in enumerate(overview.rows):
        colors = [_color(letter, overview) for letter in row.cells]
        for client in row.clients:
            found = [each.get(client) for each in builds]
            yield ClientRow(
                letter=row.letter,
                color=color_of(number),
                client=client,
                cells=tuple(map(_cell, row.cells, colors, found)),
                leaves=set(row.cells) != {overview.rows[0].letter},
            )


def _cell(letter: str, color: int | None, build: TrialBuild | None) -> Cell:
    steps = [step for step in build.steps if keyword(step.instruction) != "FROM"] if build else []
    if build is None or not steps:
        return Cell(letter=letter, color=color)
    return Cell(
        letter=letter,
        color=color,
        seconds=build.seconds_of_client or build.seconds,
        hits=sum(step.status is StepStatus.HIT for step in steps),
        steps=len(steps),
    )


def view_diffs(reports: Sequence[DiffReport]) -> DiffsView:
    """Everything of a page of compared builds."""
    diffs = tuple(_diff(report, f"d{number}") for number, report in enumerate(reports, 1))
    subjects = [subject_of(each) or title_of(each) for each in reports]
    return DiffsView(title=diffs[0].title if len(diffs) == 1 else _few(subjects), diffs=diffs)


def _diff(report: DiffReport, own: str) -> DiffView:
    forks = report.judgement.forks
    names = names_of(report)
    title = title_of(report)
    return DiffView(
        id=own,
        report=report,
        title=title,
        names=names,
        graph=inline(graph_of_diff(report), title) if report.compared and report.reader_steps else None,
        forks=tuple(
            _fork_of_diff(fork, answer_to(fork, forks, report.answers), f"{own}f{number}")
            for number, fork in enumerate(forks, 1)
        ),
        steps=tuple(_step_pairs(report)),
        balance=balance_sentence(report.balance),
        warnings=warnings_of(report),
    )


def _fork_of_diff(fork: Fork, answer: Answer | None, own: str) -> ForkView:
    cost = answer.cost if answer else ""
    found = findings(fork, answer)
    return ForkView(id=own, caches=(), fork=fork, answer=answer, findings=found, cost=cost, where="")


def _step_pairs(report: DiffReport) -> Iterator[StepPair]:
    """Steps of one index and instruction side by side; else each for itself."""
    writers = {(step.index, step.instruction): step for step in report.writer_steps}
    readers = {(step.index, step.instruction): step for step in report.reader_steps}
    for key in sorted(writers.keys() | readers.keys()):
        yield StepPair(writer=writers.get(key), reader=readers.get(key))
