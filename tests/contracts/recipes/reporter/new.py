"""Forks as tab-separated lines, for a spreadsheet."""

from collections.abc import Iterator, Sequence

from layerfork.record.answer import Judgement
from layerfork.record.run import DiffReport, RunReport
from layerfork.report.rendering import Look, Renderers


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    return "".join(line for report in reports for line in _lines(report.judgement))


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    return "".join(line for report in reports for line in _lines(report.judgement))


def _lines(judgement: Judgement) -> Iterator[str]:
    for fork in judgement.forks:
        codes = ",".join(cause.code for cause in fork.causes)
        yield f"{fork.writer}\t{fork.reader}\t{fork.step}\t{codes}\n"


RENDERERS: Renderers = {"runs": render_runs, "diffs": render_diffs}
