"""What ordinary commits would have rebuilt, for a person."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.study import Counts, StudiedDockerfile, StudyReport, TriedEdit
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.layout import cut, hung, print_lines, table
from layerfork.report.views.sentences import counted

_LINES = 5
"""How many lines of a Dockerfile are shown; JSON has all."""
_LONGEST = 48


def render_studies(reports: Sequence[StudyReport], look: Look) -> str:
    """For each Dockerfile: how many builds rebuild, the lines that cost most, the edits that save most."""
    return "".join(print_lines(_lines(report, look), look) for report in reports)


def _lines(report: StudyReport, look: Look) -> Iterator[Text]:
    for number, each in enumerate(report.dockerfiles):
        if number:
            yield Text()
        yield from _dockerfile(each, look)
    if not report.dockerfiles:
        yield Text("no commit can be predicted")
    for line in report.left_out:
        yield from (Text(each, style="yellow") for each in hung(f"not looked at: {line}", look.width, "", 2))
    yield Text()
    said = (
        f"predicted, not built: for {report.builder}, commits of {report.began} to {report.ended}, each "
        "after the one before it, on a cache that keeps everything; base images never move"
    )
    yield from (Text(each, style="dim") for each in hung(said, look.width, "", 2))


def _dockerfile(studied: StudiedDockerfile, look: Look) -> Iterator[Text]:
    counts = studied.counts
    yield from (Text(each, style="bold") for each in hung(_summary(studied), look.width, "", 2))
    if studied.lines:
        rows = [
            (
                f"  line {each.line}" if each.line else "  (gone)",
                cut(" ".join(each.instruction.split()), _LONGEST),
                f"{each.commits} of {counted(counts.commits, 'build')}",
                f"{each.runs} ({each.installs} install)" if each.installs else str(each.runs),
                ", ".join(path for path, _ in each.paths),
            )
            for each in studied.lines[:_LINES]
        ]
        for row in table([("  ", "MISSES FIRST", "IN", "RUN STEPS AGAIN", "CHANGED"), *rows], look.width):
            yield from map(Text, row)
    for edit in studied.edits:
        yield from _edit(edit, counts, look)
    if studied.problem:
        yield from map(Text, hung(studied.problem, look.width, "  ", 4))
    elif not studied.edits:
        yield Text("  lint knows no edit that keeps RUN steps from running again here")
    reasons = (f"{counted(count, 'step')} unknown: {why}" for why, count in counts.reasons.items())
    problems = (
        f"{counted(count, 'commit')} without a prediction: {why}"
        for why, count in counts.not_predicted.items()
    )
    for line in (*reasons, *problems):
        yield from (Text(each, style="dim") for each in hung(line, look.width, "  ", 4))


def _summary(studied: StudiedDockerfile) -> str:
    counts = studied.counts
    return (
        f"{studied.dockerfile}: of {counted(counts.commits, 'build')} of commits {counts.busting} build a "
        f"step again, {counts.runs_again} run a RUN again, {counts.installs_again} install packages again"
    )


def _edit(edit: TriedEdit, counts: Counts, look: Look) -> Iterator[Text]:
    saving = edit.saving
    lost = f", and loses {saving.runs_lost} that were reused" if saving.runs_lost else ""
    again = _runs(counts)
    said = f"{' + '.join(saving.rules)}: saves {saving.runs_saved} of {again} RUN steps{lost}"
    yield from map(Text, hung(said, look.width, "  ", 4))
    if len(saving.rules) == 1:
        for sentence in edit.sentences:
            yield from map(Text, hung(f"fix: {sentence}", look.width, "    ", 6))
        for warning in edit.warnings:
            yield from (
                Text(each, style="dim") for each in hung(f"warning: {warning}", look.width, "    ", 6)
            )


def _runs(counts: Counts) -> int:
    return sum(count for kind, count in counts.missed.items() if "RUN" in kind)


RENDERERS: Renderers = {"studies": render_studies}
