"""A report for a person at a terminal: the table, the classes, the forks, the verdict, the versions."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.model.judgement import Verdict
from layerfork.model.record import StepRecord
from layerfork.model.report import AGAIN, RunReport
from layerfork.reporters.reporter import Look
from layerfork.reporters.text.console import print_lines, section
from layerfork.reporters.text.identities import identity_lines
from layerfork.reporters.text.judgement import caution_lines, fork_lines
from layerfork.reporters.text.table import layout_table, missing_builds
from layerfork.reporters.text.versions import version_lines

VERDICT_STYLES = {Verdict.REUSED: "bold green", Verdict.FORKED: "bold yellow", Verdict.ERROR: "bold red"}


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """Every run in full; where there are several, then one line for each engine."""
    parts = [_run_lines(report, look) for report in reports]
    if len(reports) > 1:
        parts.append(_summary_lines(reports))
    return "\n\n".join(print_lines(part, look) for part in parts)


def _summary_lines(reports: Sequence[RunReport]) -> Iterator[Text]:
    yield Text("All engines", style="bold")
    for report in reports:
        if report.engine is None:
            yield Text(f"  {report.problems[0].what}", style="bold red")
            continue
        verdict = report.judgement.verdict
        name = f"Engine {report.engine.version} ({report.engine.kind}, {report.engine.image_store})"
        classes = " | ".join(", ".join(members) for members in report.judgement.classes)
        if report.judgement.class_unknown:
            classes += f" | unknown: {', '.join(report.judgement.class_unknown)}"
        yield Text.assemble(f"  {name}: ", (verdict.value, VERDICT_STYLES[verdict]), f": {classes}")


def _run_lines(report: RunReport, look: Look) -> Iterator[Text]:
    yield from _heading(report)
    yield from (Text(line) for line in layout_table(report.builds, look.width))
    yield from _identity_notes(report)
    yield from _not_built(report)
    yield from _classes(report)
    yield from _forks(report, look)
    yield from _cautions(report)
    yield from _verdict(report)
    yield from section("Versions used")
    yield from (Text(f"  {line}") for line in version_lines(report.versions, look.verbose))


def _heading(report: RunReport) -> Iterator[Text]:
    builder = f"the {report.builder} builder" if report.builder else "each client's own builder"
    engine = f"Engine {report.engine.version} ({report.engine.kind})" if report.engine else "no engine"
    yield Text(f"{report.scenario} on {engine}, {builder}", style="bold")
    yield Text()


def _identity_notes(report: RunReport) -> Iterator[Text]:
    lines = list(identity_lines(report.builds))
    yield from [Text()] if lines else []
    yield from (Text(f"  {line}", style="dim") for line in lines)


def _not_built(report: RunReport) -> Iterator[Text]:
    builds = missing_builds(report.builds)
    if not builds:
        return
    yield from section("Without a result")
    for build in builds:
        first, *rest = (build.reason or "no reason given").splitlines()
        yield Text(f"  {build.client}: {build.outcome.value}: {first}")
        yield from (Text(f"      {line}", style="dim") for line in rest)


def _classes(report: RunReport) -> Iterator[Text]:
    classes = report.judgement.classes
    if not classes:
        return
    yield from section("Classes: clients that share every step")
    for number, members in enumerate(classes, start=1):
        yield Text(f"  {number}  {', '.join(members)}")
    if report.judgement.class_unknown:
        yield Text(f"  ?  {', '.join(report.judgement.class_unknown)}: unknown", style="yellow")


def _forks(report: RunReport, look: Look) -> Iterator[Text]:
    for fork in report.judgement.forks:
        yield from fork_lines(fork, _steps_of(report, fork.reader), look)


def _steps_of(report: RunReport, reader: str) -> tuple[StepRecord, ...]:
    """Of a client's build, or of its control."""
    for build in report.builds:
        if build.client == reader:
            return build.steps
        if build.control_record is not None and AGAIN.format(build.client) == reader:
            return build.control_record.steps
    return ()


def _cautions(report: RunReport) -> Iterator[Text]:
    if not report.judgement.warnings and not report.problems:
        return
    yield from section("Take care")
    yield from caution_lines(report.judgement.warnings)
    for problem in report.problems:
        yield Text(f"  {problem.what}", style="red")
        yield from (Text(f"      {line}", style="dim") for line in problem.details.splitlines())


def _verdict(report: RunReport) -> Iterator[Text]:
    yield from section("Verdict")
    yield Text(f"  {verdict_sentence(report)}", style=VERDICT_STYLES[report.judgement.verdict])


def verdict_sentence(report: RunReport) -> str:
    """The hypothesis of 2015, and whether it held here."""
    judgement = report.judgement
    if judgement.verdict is Verdict.ERROR:
        return "ERROR: too few builds succeeded to say anything about the hypothesis."
    count = sum(len(members) for members in judgement.classes)
    unknown = ", ".join(judgement.class_unknown)
    if judgement.verdict is Verdict.REUSED and unknown:
        return f"REUSED: no build missed what another had stored, but whose cache {unknown} used is unknown."
    if judgement.verdict is Verdict.REUSED:
        return (
            f"REUSED: the cache is fully reusable across these {count} clients; "
            "the hypothesis of 2015 holds here."
        )
    steps = sorted({fork.step for fork in judgement.forks})
    where = f" The cache forks at step {', '.join(map(str, steps))}." if steps else ""
    which = f" (which of them {unknown} used is unknown)" if unknown else ""
    return (
        f"FORKED: {count + len(judgement.class_unknown)} clients, {len(judgement.classes)} caches{which}; "
        f"the hypothesis that the cache is fully reusable does not hold here.{where}"
    )
