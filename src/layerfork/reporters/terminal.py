"""A report for a person at a terminal: the table, the classes, the forks, the verdict, the versions."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from layerfork.model.judgement import Cause, CauseStatus, Fork, Verdict
from layerfork.model.record import StepRecord
from layerfork.model.report import RunReport, TrialBuild
from layerfork.reporters.table import keyword, layout_table, missing_builds
from layerfork.reporters.versions import version_lines

STATUS_STYLES = {
    CauseStatus.PROVEN: "bold green",
    CauseStatus.SUSPECTED: "bold yellow",
    CauseStatus.UNEXPLAINED: "bold red",
}
VERDICT_STYLES = {Verdict.REUSED: "bold green", Verdict.FORKED: "bold yellow", Verdict.ERROR: "bold red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How to print: chosen once, at the front door."""

    color: bool = False
    width: int | None = None
    """Columns of the terminal; None never wraps the table."""
    verbose: bool = False


def render_run(report: RunReport, look: Look) -> str:
    """The whole report as text, ANSI colours included when the look says so."""
    console = Console(
        file=io.StringIO(),
        force_terminal=look.color,
        color_system="standard" if look.color else None,
        no_color=not look.color,
        width=10_000,
        highlight=False,
        legacy_windows=False,
    )
    for line in _run_lines(report, look):
        console.print(line, soft_wrap=True)
    text = console.file
    assert isinstance(text, io.StringIO)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _run_lines(report: RunReport, look: Look) -> Iterator[Text]:
    yield from _heading(report)
    yield from (Text(line) for line in layout_table(report.builds, look.width))
    yield from _identity_note(report)
    yield from _not_built(report)
    yield from _classes(report)
    yield from _forks(report, look)
    yield from _cautions(report)
    yield from _verdict(report)
    yield from _section("Versions used")
    yield from (Text(f"  {line}") for line in version_lines(report.versions, look.verbose))


def _section(title: str) -> Iterator[Text]:
    yield Text()
    yield Text(title, style="bold")


def _heading(report: RunReport) -> Iterator[Text]:
    words = {"default": "each client's own builder"}
    builder = words.get(report.builder, f"the {report.builder} builder")
    engine = f"Engine {report.engine.version} ({report.engine.kind})" if report.engine else "no engine"
    yield Text(f"{report.scenario} on {engine}, {builder}", style="bold")
    yield Text()


def _identity_note(report: RunReport) -> Iterator[Text]:
    builders = {build.builder for build in report.builds if any(step.identity for step in build.steps)}
    if "buildkit" in builders or "buildah" in builders:
        yield Text()
        yield Text(
            "  classic rows show image ids; BuildKit rows show key digests, which are not image ids",
            style="dim",
        )


def _not_built(report: RunReport) -> Iterator[Text]:
    builds = missing_builds(report.builds)
    if not builds:
        return
    yield from _section("Without a result")
    for build in builds:
        first, *rest = (build.reason or "no reason given").splitlines()
        yield Text(f"  {build.client}: {build.outcome.value}: {first}")
        yield from (Text(f"      {line}", style="dim") for line in rest)


def _classes(report: RunReport) -> Iterator[Text]:
    classes = report.judgement.classes
    if not classes:
        return
    yield from _section("Classes: clients that share every step")
    for number, members in enumerate(classes, start=1):
        yield Text(f"  {number}  {', '.join(members)}")


def _forks(report: RunReport, look: Look) -> Iterator[Text]:
    for fork in report.judgement.forks:
        yield from _section(f"Fork at step {fork.step}, {fork.instruction}")
        yield Text(f"  {fork.reader} did not reuse what {fork.writer} had stored ({fork.miss_kind.value})")
        for cause in fork.causes:
            yield from cause_lines(cause)
        yield from _consequences(fork, _build_of(report, fork.reader))
        if look.verbose and fork.ruled_out:
            yield Text("  differs too, but enters no key:")
            yield from (Text(f"    {line}", style="dim") for line in fork.ruled_out)


def cause_lines(cause: Cause) -> Iterator[Text]:
    """One cause: its line, the evidence, the remedy."""
    style = STATUS_STYLES[cause.status]
    yield Text.assemble("  ", (cause.status.value, style), f" {cause.code}: {cause.text}")
    yield from (Text(f"      {line}", style="dim") for line in cause.evidence)
    if cause.more:
        yield Text(f"      and {cause.more} more in the same way", style="dim")
    if cause.remedy:
        yield Text(f"    remedy: {cause.remedy}")


def _build_of(report: RunReport, client: str) -> TrialBuild | None:
    return next((build for build in report.builds if build.client == client), None)


def _consequences(fork: Fork, build: TrialBuild | None) -> Iterator[Text]:
    lost = "" if fork.seconds_lost is None else f" ({fork.seconds_lost:.2f} s re-run in all)"
    if not fork.consequences:
        if lost:
            yield Text(f"  no later step depends on it{lost}")
        return
    names: dict[int, StepRecord] = {step.index: step for step in build.steps} if build else {}
    steps = ", ".join(
        f"{index} {keyword(names[index].instruction)}" if index in names else str(index)
        for index in fork.consequences
    )
    yield Text(f"  missed only as a consequence: step {steps}{lost}")


def _cautions(report: RunReport) -> Iterator[Text]:
    if not report.judgement.warnings and not report.problems:
        return
    yield from _section("Take care")
    for caution in report.judgement.warnings:
        yield Text(f"  {caution.code}: {caution.text}", style="yellow")
    yield from (Text(f"  {problem}", style="red") for problem in report.problems)


def _verdict(report: RunReport) -> Iterator[Text]:
    yield from _section("Verdict")
    yield Text(f"  {verdict_sentence(report)}", style=VERDICT_STYLES[report.judgement.verdict])


def verdict_sentence(report: RunReport) -> str:
    """The hypothesis of 2015, and whether it held here."""
    judgement = report.judgement
    if judgement.verdict is Verdict.ERROR:
        return "ERROR: too few builds succeeded to say anything about the hypothesis."
    count = sum(len(members) for members in judgement.classes)
    if judgement.verdict is Verdict.REUSED:
        return (
            f"REUSED: the cache is fully reusable across these {count} clients; "
            "the hypothesis of 2015 holds here."
        )
    steps = sorted({fork.step for fork in judgement.forks})
    where = f" The cache forks at step {', '.join(map(str, steps))}." if steps else ""
    return (
        f"FORKED: {count} clients, {len(judgement.classes)} caches; "
        f"the hypothesis that the cache is fully reusable does not hold here.{where}"
    )
