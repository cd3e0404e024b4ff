"""Markdown for job summaries and comments: the answer first, everything else folded away."""

from collections.abc import Iterator, Sequence

from layerfork.record.answer import Answer, Caution, Edit, Fork, Verdict
from layerfork.record.check import CheckReport
from layerfork.record.run import DiffReport, RunReport
from layerfork.report.markdown.graph import graph_block
from layerfork.report.markdown.text import block, code, escaped, prose
from layerfork.report.overview.checks import hit_rate, left_lines
from layerfork.report.overview.checks import sentence as check_sentence
from layerfork.report.overview.missing import missing_of
from layerfork.report.overview.overview import Overview, answer_to, overviews
from layerfork.report.overview.words import cost_of, counted, findings, names_of, verdicts, where
from layerfork.report.picture.graph import graph_of_diff
from layerfork.report.picture.shapes import graphs_of
from layerfork.report.rendering import Look

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
        yield _told(edge.fork, edge.answer, caches, cost_of(edge), where(edge, overview))
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
        yield _folded(f"Without a result: {counted(sum(each.count for each in missing), 'client')}", lines)


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


def _pair(report: DiffReport) -> Iterator[str]:
    yield f"### layerfork: {_names(report)}, {_state(report)}\n"
    if report.failure:
        yield f"The build {prose(report.failure)}.\n"
    for fork in report.judgement.forks:
        answer = answer_to(fork, report.judgement.forks, report.answers)
        yield _told(fork, answer, "", answer.cost if answer else "", "")
    if report.judgement.forks and (graph := graph_block(graph_of_diff(report))):
        yield graph
    yield from _cautions(report.judgement.warnings)


def _names(report: DiffReport) -> str:
    if report.build:
        return escaped(report.build)
    return ", ".join(escaped(name) for name in names_of(report) if name)


def _state(report: DiffReport) -> str:
    if report.baseline_saved:
        return "saved as baseline"
    if report.judgement.forks:
        return "the cache forks"
    return "no fork" if report.compared else "nothing to compare it with"


def _told(fork: Fork, answer: Answer | None, caches: str, cost: str, place: str) -> str:
    """The answer, what to do, and the rest folded."""
    codes = [f"{status.value} {code(name)}" for status, name in findings(fork, answer)]
    parts = [caches + _headline(fork, answer), ""]
    parts.append(f"- {', '.join((*codes, *map(escaped, filter(None, (cost, place)))))}")
    if answer:
        parts.append(f"- **Fix:** {prose(answer.fix.sentence)}")
        parts += [f"- Take care: {prose(answer.fix.warning)}"] if answer.fix.warning else []
        parts.append("")
        parts += [_edit(edit) for edit in answer.fix.edits]
        parts += [block([answer.fix.command], "sh")] if not answer.fix.says_command else []
    parts += ["", _folded("Details", _details(fork, answer))]
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
    rows = [row for point in answer.points for row in point.rows] if answer else []
    if answer and rows:
        yield f"| | {escaped(answer.writer.name)} | {escaped(answer.reader.name)} |\n|---|---|---|"
        yield from (f"| {escaped(row.label)} | {code(row.writer)} | {code(row.reader)} |" for row in rows)
        yield ""
    for point in answer.points[1:] if answer else ():
        yield f"- Also: {prose(point.culprit)}. **Fix:** {prose(point.fix.sentence)}"
    for cause in fork.causes:
        yield f"- {cause.status.value} {code(cause.code)}: {prose(cause.text)}"
        yield from (f"  - {prose(line)}" for line in cause.evidence)


def _cautions(cautions: Sequence[Caution]) -> Iterator[str]:
    if cautions:
        yield "".join(f"- Take care, {code(each.code)}: {prose(each.text)}\n" for each in cautions)


def _folded(title: str, lines: Iterator[str]) -> str:
    body = "\n".join(lines)
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>\n"
