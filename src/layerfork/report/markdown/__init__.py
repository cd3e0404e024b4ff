"""Markdown for job summaries and comments."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from layerfork.record.answer import Answer, Caution, Edit, Fork, Verdict
from layerfork.record.check import CheckReport
from layerfork.record.run import DiffReport, RunReport
from layerfork.record.scenarioresults import CatalogueReport, EngineChange, ScenarioRow, UpgradeReport
from layerfork.record.visible import visible_line
from layerfork.report.markdown.history import render_found
from layerfork.report.markdown.words import block, code, escaped, folded, prose
from layerfork.report.rendering import Look, Renderers
from layerfork.report.svg.drawing import shorten
from layerfork.report.svg.graph import ForkGraph, Line, graph_of_diff, graphs_of
from layerfork.report.views.cachebalance import balance_sentence
from layerfork.report.views.checks import hit_rate, left_lines
from layerfork.report.views.checks import sentence as check_sentence
from layerfork.report.views.outcomes import alike, phase_titles, summary, surprises
from layerfork.report.views.overview import Overview, answer_to, overviews
from layerfork.report.views.sentences import (
    cost_of,
    counted,
    findings,
    names_of,
    verdicts,
    warnings_of,
    where,
)
from layerfork.report.views.sentvalues import missing_of
from layerfork.report.views.upgrade import heading, sentences, verdict, version

# The fork graph where a picture cannot be: as Mermaid, which GitHub and GitLab draw.
#
# Neither shows an SVG that stands in Markdown, and an image needs an address that everybody may read.

STEP_LETTERS = 40
MOST_EDGES = 200
"""Mermaid draws no more than 500 by default, and a reader could not follow as many."""
_SPECIAL_IN_LABELS = re.compile(r"[^\w .,:;=/()\[\]{}+*-]|_")
"""Written as entities: what could end a label, or be markup or a link in it."""


def graph_block(graph: ForkGraph) -> str:
    """A block that draws the graph; empty where nothing forks, or too much would have to be drawn."""
    edges = list(_edges(graph))
    if not graph.splits or len(edges) > MOST_EDGES:
        return ""
    return block(["flowchart LR", *_stations(graph), *_terminals(graph), *edges], "mermaid")


def _stations(graph: ForkGraph) -> Iterator[str]:
    """Steps, once for each cache that has them."""
    for column, step in enumerate(graph.columns):
        place = f"{step.line} " if step.line else ""
        label = _text(place + shorten(step.text, STEP_LETTERS))
        for cache in sorted({cell for line in graph.lines if (cell := line.cells[column]) is not None}):
            yield f'  s{column}_{cache}["{label}"]'


def _terminals(graph: ForkGraph) -> Iterator[str]:
    """Who uses a cache, at the end of its line."""
    for number, line in enumerate(graph.lines):
        names = ", ".join(line.names)
        yield f'  e{number}(["{_text(f"{line.letter}: {shorten(names, 2 * STEP_LETTERS)}")}"])'


def _edges(graph: ForkGraph) -> Iterator[str]:
    """From step to step, each once; the first of a fork says why."""
    causes = {f"s{split.column}_{split.child}": split.cause for split in graph.splits}
    drawn = dict.fromkeys(edge for number, line in enumerate(graph.lines) for edge in _way(number, line))
    for start, end in drawn:
        cause = causes.get(end, "")
        yield f'  {start} -- "{_text(cause)}" --> {end}' if cause else f"  {start} --> {end}"


def _way(number: int, line: Line) -> Iterator[tuple[str, str]]:
    stations = (f"s{column}_{cell}" for column, cell in enumerate(line.cells) if cell is not None)
    return pairwise((*stations, f"e{number}"))


def _text(text: str) -> str:
    """A label in quotes, whatever is in it."""
    return _SPECIAL_IN_LABELS.sub(lambda found: f"#{ord(found[0])};", visible_line(text))


VERDICTS = {
    Verdict.FORKED: "the cache forks",
    Verdict.ERROR: "too few builds succeeded",
    Verdict.REUSED: "no fork",
}


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """A table of caches for each scenario, then its forks."""
    parts = [part for overview in overviews(reports) for part in _scenario(overview)]
    problems = dict.fromkeys(problem for report in reports for problem in report.problems)
    parts += [f"- {prose(problem.what)}\n" for problem in problems]
    return "\n".join(parts)


def _scenario(overview: Overview) -> Iterator[str]:
    yield f"### layerfork: {escaped(overview.scenario)}, {_verdict(overview)}\n"
    yield table(overview)
    for edge in overview.edges:
        caches = f"**{escaped(edge.writer)} → {escaped(edge.reader)}** "
        yield _fork(edge.fork, edge.answer, caches, cost_of(edge), where(edge, overview))
    yield from filter(None, (graph_block(graph) for _, graph in graphs_of(overview)))
    yield from _cautions(overview.warnings)
    for engines, _, sentence in verdicts(overview):
        yield f"- {', '.join(map(code, engines))}: {escaped(sentence)}"
    yield ""
    if missing := missing_of(overview):
        lines = (
            f"- {', '.join(map(code, each.names))}{_places(each.engines)}: "
            f"{each.outcome}: {prose(each.reason)}"
            for each in missing
        )
        yield folded(f"Without a result: {counted(sum(each.count for each in missing), 'client')}", lines)


def _verdict(overview: Overview) -> str:
    if overview.interrupted and overview.verdict is not Verdict.FORKED:
        return "interrupted"
    return VERDICTS[overview.verdict]


def table(overview: Overview) -> str:
    """Caches as rows, engines as columns."""
    engines = "".join(f" {escaped(name)} |" for name in overview.engines)
    lines = [f"| | clients |{engines}", "|---|---|" + "---|" * len(overview.engines)]
    for row in overview.rows:
        cells = "".join(f" {escaped(cell)} |" for cell in row.cells)
        lines.append(f"| **{row.letter}** | {', '.join(map(code, row.names))} |{cells}")
    if len(overview.engines) > 1:
        lines += ["", f"Engines {'agree' if overview.agree else 'differ'}. A letter is a cache."]
    return "\n".join(lines) + "\n"


def _places(engines: Sequence[str]) -> str:
    return f" ({', '.join(map(escaped, engines))})" if engines else ""


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """Each pair of builds with its forks."""
    return "\n".join(part for report in reports for part in _pair(report))


def render_checks(reports: Sequence[CheckReport], look: Look) -> str:
    """What came of it, then the builds whose steps were not reused."""
    return "\n".join(part for report in reports for part in _check(report, look))


def _check(report: CheckReport, look: Look) -> Iterator[str]:
    yield f"### layerfork check: {'passed' if report.passed else 'failed'}\n"
    yield f"{prose(check_sentence(report))}\n"
    if rate := hit_rate(report):
        yield f"**Hit rate:** {rate}\n"
    yield from (f"- {prose(line)}" for line in (*left_lines(report), *report.hints))
    yield ""
    if report.runs:
        yield render_runs(report.runs, look)
    yield render_diffs([diff for diff in report.diffs if diff.judgement.forks], look)
    for diff in report.diffs:
        if not diff.judgement.forks:
            yield from _balance(diff, diff.build)


def _pair(report: DiffReport) -> Iterator[str]:
    yield f"### layerfork: {_names(report)}, {_state(report)}\n"
    if report.failure:
        yield f"The build {prose(report.failure)}.\n"
    for fork in report.judgement.forks:
        answer = answer_to(fork, report.judgement.forks, report.answers)
        yield _fork(fork, answer, "", answer.cost if answer else "", "")
    if report.judgement.forks and (graph := graph_block(graph_of_diff(report))):
        yield graph
    yield from _cautions(warnings_of(report))
    yield from _balance(report)


def _balance(report: DiffReport, name: str = "") -> Iterator[str]:
    """One line about the cache, where the build moved one."""
    if sentence := balance_sentence(report.balance):
        yield f"**Cache{f' of {escaped(name)}' if name else ''}:** {prose(sentence)}\n"


def _names(report: DiffReport) -> str:
    if report.build:
        return escaped(report.build)
    return ", ".join(escaped(name) for name in names_of(report) if name)


def _state(report: DiffReport) -> str:
    if report.baseline_saved:
        return "saved as baseline"
    if report.judgement.forks:
        return "the cache forks"
    return "no fork" if report.compared else "nothing to compare with"


def _fork(fork: Fork, answer: Answer | None, caches: str, cost: str, place: str) -> str:
    """The answer, what to do, and the rest folded."""
    codes = [f"{status.value} {code(name)}" for status, name in findings(fork, answer)]
    parts = [caches + _headline(fork, answer), ""]
    parts.append(f"- {', '.join((*codes, *map(escaped, filter(None, (cost, place)))))}")
    if answer:
        parts.append(f"- **Fix:** {prose(answer.fix.sentence)}")
        parts += [f"- Warning: {prose(answer.fix.warning)}"] if answer.fix.warning else []
        parts.append("")
        parts += [_edit(edit) for edit in answer.fix.edits]
        parts += [block([answer.fix.command], "sh")] if not answer.fix.says_command else []
    parts += ["", folded("Details", _details(fork, answer))]
    return "\n".join(parts)


def _headline(fork: Fork, answer: Answer | None) -> str:
    if answer is None:
        return f"step {fork.step} {code(fork.instruction)} missed"
    return f"{escaped(answer.place)} {code(answer.instruction)} missed: {prose(answer.culprit)}"


def _edit(edit: Edit) -> str:
    place = f"{edit.file}:{edit.line}" if edit.line else edit.file
    lines = [f"@@ {place} @@", *(f"-{line}" for line in edit.before), *(f"+{line}" for line in edit.after)]
    return block(lines, "diff")


def _details(fork: Fork, answer: Answer | None) -> Iterator[str]:
    if answer is not None:
        yield from _values(answer)
        for point in answer.points[1:]:
            yield f"- Also: {prose(point.culprit)}. **Fix:** {prose(point.fix.sentence)}"
    for cause in fork.causes:
        yield f"- {cause.status.value} {code(cause.code)}: {prose(cause.text)}"
        yield from (f"  - {prose(line)}" for line in cause.evidence)


def _values(answer: Answer) -> Iterator[str]:
    """A table of the values of both builds."""
    rows = [row for point in answer.points for row in point.rows]
    if not rows:
        return
    yield f"| | {escaped(answer.writer.name)} | {escaped(answer.reader.name)} |\n|---|---|---|"
    for row in rows:
        yield f"| {escaped(row.label)} | {code(row.writer)} | {code(row.reader)} |"
    yield ""


def _cautions(cautions: Sequence[Caution]) -> Iterator[str]:
    if cautions:
        yield "".join(f"- Warning {code(each.code)}: {prose(each.text)}\n" for each in cautions)


# What an upgrade changed, as Markdown.


def render_upgrades(reports: Sequence[UpgradeReport], look: Look) -> str:
    """A section for each engine."""
    return "\n".join(line for report in reports for line in _upgrade_lines(report, look)) + "\n"


def _upgrade_lines(report: UpgradeReport, look: Look) -> Iterator[str]:
    yield f"### layerfork: {code(report.old)} → {code(report.new)}, {verdict(report)}\n"
    for engine in report.engines:
        yield from _engine(engine, look)
    yield from (f"- only in {code(report.old)}: {escaped(each)}" for each in report.only_old)
    yield from (f"- only in {code(report.new)}: {escaped(each)}" for each in report.only_new)


def _engine(engine: EngineChange, look: Look) -> Iterator[str]:
    name = engine.old if engine.old == engine.new else f"{engine.old} → {engine.new}"
    yield f"**{escaped(name)}**\n"
    for scenario in engine.scenarios:
        lines = list(sentences(scenario, whole=look.verbose))
        if lines or len(engine.scenarios) == 1:
            yield f"- {escaped(heading(scenario))}"
            yield from (f"  - {escaped(line)}" for line in lines)
    if engine.versions:
        yield "\n<details><summary>Versions</summary>\n"
        yield from (f"- {escaped(version(each, whole=True))}" for each in engine.versions)
        yield "\n</details>"
    yield ""


# Scenarios as Markdown: a table for each family, a row for each phase and builder.


def render_catalogues(reports: Sequence[CatalogueReport], look: Look) -> str:
    """Every report after the other."""
    return "\n".join(line for report in reports for line in _catalogue_lines(report)) + "\n"


def _catalogue_lines(report: CatalogueReport) -> Iterator[str]:
    yield f"{escaped(summary(report))}\n"
    yield from (f"- **unexpected**: {escaped(line)}" for line in surprises(report))
    yield from (f"- problem: {prose(problem.what)}" for problem in report.problems)
    for family in dict.fromkeys(row.family for row in report.scenarios):
        yield f"\n### {escaped(family)}\n"
        for row in report.scenarios:
            if row.family == family:
                yield from _scenario_lines(report, row)


def _scenario_lines(report: CatalogueReport, row: ScenarioRow) -> Iterator[str]:
    yield f"**{escaped(row.question)}** ({code(row.name)})\n"
    yield "| then | builder | outcome | clients; engines |"
    yield "|---|---|---|---|"
    for number, title in phase_titles(report, row):
        for each in alike(report, row, number):
            outcome = f"**unexpected**: {escaped(each.outcome)}" if each.unexpected else escaped(each.outcome)
            yield f"| {escaped(title)} | {escaped(each.builder)} | {outcome} | {escaped(each.who)} |"
    yield ""


RENDERERS: Renderers = {
    "found": render_found,
    "runs": render_runs,
    "diffs": render_diffs,
    "checks": render_checks,
    "catalogues": render_catalogues,
    "upgrades": render_upgrades,
}
