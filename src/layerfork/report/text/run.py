"""Runs for a person: the plan, and what was measured, as the table of 2015 or at a glance."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.answer import Verdict
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildOutcome, StepIdentity, StepRecord, StepStatus
from layerfork.record.run import PlanReport, RunReport, TrialBuild
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.answer import answer_lines
from layerfork.report.text.layout import print_lines, section, wrap
from layerfork.report.text.overview import all_problems, all_warnings, missing_lines, overview_lines
from layerfork.report.text.record import identity_lines, versions
from layerfork.report.views.overview import Overview, align, keyword, overviews
from layerfork.report.views.sentences import verdict_sentence, verdicts

# The table of 2015: right-aligned names, one column per instruction, twelve digits of each identity.

DIGITS = len("0123456789ab")
CELL = DIGITS + len("'', ")


def layout_table(builds: Sequence[TrialBuild], width: int | None = None) -> list[str]:
    """Lines of the table, header first; blocks of columns when ``width`` is too small for one row.

    Builds without steps are left out: they are listed with their reason elsewhere.
    """
    rows = [build for build in builds if build.steps]
    if not rows:
        return []
    name_width = max(len(build.client) for build in rows)
    columns, cells = _arrange(rows)
    placed = [(build.client, own) for build, own in zip(rows, cells, strict=True)]
    per_block = len(columns) if width is None else max(1, (width - name_width - 3) // CELL)
    lines: list[str] = []
    for first in range(0, len(columns), per_block):
        if lines:
            lines.append("")
        lines += _block(placed, name_width, columns[first : first + per_block], first)
    return lines


def _block(
    placed: Sequence[tuple[str, dict[int, str]]], name_width: int, columns: Sequence[str], first: int
) -> list[str]:
    lines = [(" " * (name_width + 2) + "".join(name.center(CELL) for name in columns)).rstrip()]
    for client, cells in placed:
        last = min(max(cells) + 1, first + len(columns))
        shown = [cells.get(column, " " * DIGITS) for column in range(first, last)]
        if shown:
            lines.append(f"{client.rjust(name_width)}: {shown}")
    return lines


def _arrange(rows: Sequence[TrialBuild]) -> tuple[list[str], list[dict[int, str]]]:
    """Keywords of the columns, and for each row its cells by the column that they stand in."""
    columns, places = align([[keyword(step.instruction) for step in row.steps] for row in rows])
    cells = [dict(zip(own, cells_of(build), strict=True)) for own, build in zip(places, rows, strict=True)]
    return columns, cells


def cells_of(build: TrialBuild) -> list[str]:
    """A cell for each step of a build."""
    identities = build.identities
    return [_cell(step, identities.get(step.index)) for step in build.steps]


def _cell(step: StepRecord, identity: StepIdentity | None) -> str:
    """Twelve digits that name the step, or its status where no identity is known."""
    if identity is not None:
        return identity.short.ljust(DIGITS)
    if step.status is StepStatus.NOT_EVALUATED:
        return "not needed".ljust(DIGITS)
    return step.status.value.ljust(DIGITS)


def missing_builds(builds: Sequence[TrialBuild]) -> list[TrialBuild]:
    """Builds that did not succeed: they failed, were refused, cannot be asked, or were not run."""
    return [build for build in builds if build.outcome is not BuildOutcome.SUCCEEDED]


VERDICT_STYLES = {Verdict.REUSED: "bold green", Verdict.FORKED: "bold yellow", Verdict.ERROR: "bold red"}


FEW_CLIENTS = 8
"""More builds than these, or several engines, are shown as classes instead of as the table of 2015."""


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """Few clients on one engine as the table of 2015; else every scenario at a glance, in full if verbose."""
    if len(reports) == 1 and _is_small(reports[0]):
        return print_lines(_run_lines(reports[0], look), look)
    seen = overviews(reports)
    parts = [print_lines(_glance(overview, look), look) for overview in seen]
    if None in _engines(reports):
        parts.append(print_lines(_without_engine(reports, look), look))
    if look.verbose or not seen:
        parts.append(render_tables(reports, look))
    return "\n\n".join(parts)


def _is_small(report: RunReport) -> bool:
    return sum(bool(build.steps) for build in report.builds) <= FEW_CLIENTS


def verdict_style(verdict: Verdict, *, interrupted: bool) -> str:
    """A run that a person ended is neither good nor an error."""
    return "bold yellow" if interrupted else VERDICT_STYLES[verdict]


def render_tables(reports: Sequence[RunReport], look: Look) -> str:
    """Every run with the table of 2015, however many clients it has."""
    return "\n\n".join(print_lines(_run_lines(report, look), look) for report in reports)


def _engines(reports: Sequence[RunReport]) -> Sequence[EngineInfo | None]:
    return [report.engine for report in reports]


def _glance(overview: Overview, look: Look) -> Iterator[Text]:
    yield from overview_lines(overview, look)
    yield from missing_lines(overview, look)
    yield from all_warnings(overview.reports, look)
    yield from section("Verdict")
    for engines, verdict, sentence in verdicts(overview):
        names = f"{', '.join(engines)}: " if len(overview.engines) > 1 else ""
        style = verdict_style(verdict, interrupted=overview.interrupted)
        yield from wrap(Text(f"  {names}{sentence}", style=style), look.width, 4)
    yield Text()
    for report in overview.reports:
        yield from versions(report, look)


def _without_engine(reports: Sequence[RunReport], look: Look) -> Iterator[Text]:
    yield from section("Engines that did not start")
    yield from all_problems([report for report in reports if report.engine is None], look)


def _run_lines(report: RunReport, look: Look) -> Iterator[Text]:
    yield from _heading(report, look)
    yield from (Text(line) for line in layout_table(report.builds, look.width))
    yield from _identity_notes(report, look)
    yield from _not_built(report, look)
    yield from _classes(report, look)
    yield from _forks(report, look)
    yield from all_warnings([report], look)
    yield from _verdict(report, look)
    yield Text()
    yield from versions(report, look)


def _heading(report: RunReport, look: Look) -> Iterator[Text]:
    builder = f"the {report.builder} builder" if report.builder else "each client's own builder"
    engine = f"Engine {report.engine.version} ({report.engine.kind})" if report.engine else "no engine"
    yield from wrap(Text(f"{report.scenario} on {engine}, {builder}", style="bold"), look.width, 2)
    yield Text()


def _identity_notes(report: RunReport, look: Look) -> Iterator[Text]:
    lines = list(identity_lines(report.builds))
    yield from [Text()] if lines else []
    for line in lines:
        yield from wrap(Text(f"  {line}", style="dim"), look.width, 4)


def _not_built(report: RunReport, look: Look) -> Iterator[Text]:
    builds = missing_builds(report.builds)
    if not builds:
        return
    yield from section("Without a result")
    for build in builds:
        first, *rest = (build.reason or "no reason given").splitlines()
        yield from wrap(Text(f"  {build.client}: {build.outcome.value}: {first}"), look.width, 4)
        for line in rest:
            yield from wrap(Text(f"      {line}", style="dim"), look.width, 8)


def _classes(report: RunReport, look: Look) -> Iterator[Text]:
    classes = report.judgement.classes
    if not classes:
        return
    yield from section("Classes: clients that share every step")
    for number, members in enumerate(classes, start=1):
        yield from wrap(Text(f"  {number}  {', '.join(members)}"), look.width, 5)
    if report.judgement.class_unknown:
        unknown = ", ".join(report.judgement.class_unknown)
        yield from wrap(Text(f"  ?  {unknown}: unknown", style="yellow"), look.width, 5)


def _forks(report: RunReport, look: Look) -> Iterator[Text]:
    for fork, answer in zip(report.judgement.forks, report.answers, strict=True):
        yield Text()
        yield from answer_lines(answer, fork, look)


def _verdict(report: RunReport, look: Look) -> Iterator[Text]:
    yield from section("Verdict")
    style = verdict_style(report.judgement.verdict, interrupted=report.interrupted)
    yield from wrap(Text(f"  {verdict_sentence(report)}", style=style), look.width, 2)


# What a run would do, for a person.


def render_plans(reports: Sequence[PlanReport], look: Look) -> str:
    """What would run, in order, and what would not, with the reason."""
    return "\n".join(line for report in reports for line in _lines(report)) + "\n"


def _lines(report: PlanReport) -> Iterator[str]:
    running = [row for row in report.rows if row.runs]
    engine = f"Engine {report.engine.version} ({report.engine.kind}, {report.engine.image_store})"
    yield f"{report.scenario} on {engine}: {len(running)} build{'' if len(running) == 1 else 's'}"
    for row in running:
        yield f"  {row.client} ({row.builder})" + (f": {row.note}" if row.note else "")
    left_out = [row for row in report.rows if not row.runs]
    if left_out:
        yield "  would not run:"
        yield from (f"    {row.client}: {row.note}" for row in left_out)


RENDERERS: Renderers = {
    "runs": render_runs,
    "plans": render_plans,
}
TABLES: Renderers = {"runs": render_tables}
"""The table of 2015, for any number of clients."""
