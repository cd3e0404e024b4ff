"""Two builds compared, for a person at a terminal."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.model.judgement import Verdict
from layerfork.model.record import StepStatus
from layerfork.model.report import DiffReport
from layerfork.reporters.reporter import Look
from layerfork.reporters.text.console import print_lines
from layerfork.reporters.text.judgement import caution_lines, fork_lines


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """Forks with their causes, or one line that there is none."""
    return "\n".join(print_lines(_lines(report, look), look) for report in reports)


def _lines(report: DiffReport, look: Look) -> Iterator[Text]:
    if report.baseline_saved:
        yield Text(
            f"{report.reader}: no earlier build of this Dockerfile is known; this one was saved as baseline"
        )
        yield Text("  build again, and `layerfork why` explains what missed", style="dim")
    else:
        yield Text(f"{report.reader} compared with {report.writer}", style="bold")
        for fork in report.judgement.forks:
            yield from fork_lines(fork, report.reader_steps, look)
        yield from caution_lines(report.judgement.warnings)
        if report.judgement.verdict is Verdict.REUSED:
            yield Text(f"  no fork: {_reused(report)}", style="bold green")


def _reused(report: DiffReport) -> str:
    statuses = [step.status for step in report.reader_steps if step.status is not StepStatus.NOT_EVALUATED]
    if not statuses or StepStatus.UNKNOWN in statuses:
        return "nothing differs that enters a key; the record does not show which steps were reused"
    return f"{statuses.count(StepStatus.HIT)} of {len(statuses)} steps were reused"
