"""Forks, causes and cautions as lines for a person."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.model.judgement import Cause, CauseStatus, Caution, Fork
from layerfork.model.record import StepRecord
from layerfork.reporters.overview.columns import keyword
from layerfork.reporters.reporter import Look
from layerfork.reporters.text.console import section

STATUS_STYLES = {
    CauseStatus.PROVEN: "bold green",
    CauseStatus.SUSPECTED: "bold yellow",
    CauseStatus.UNEXPLAINED: "bold red",
}


def fork_lines(fork: Fork, reader_steps: Sequence[StepRecord], look: Look) -> Iterator[Text]:
    """One fork: where, why, and what it drew after it."""
    platform = f" ({fork.platform})" if fork.platform else ""
    yield from section(f"Fork at step {fork.step}, {fork.instruction}{platform}")
    yield Text(f"  {fork.reader} did not reuse what {fork.writer} had stored ({fork.miss_kind.value})")
    for cause in fork.causes:
        yield from cause_lines(cause)
    yield _consequences(fork, reader_steps)
    if look.verbose and fork.ruled_out:
        yield Text("  differs too, and does not matter here:")
        yield from (Text(f"    {line}", style="dim") for line in fork.ruled_out)


def cause_lines(cause: Cause) -> Iterator[Text]:
    """One cause: its line, the evidence, the remedy."""
    style = STATUS_STYLES[cause.status]
    yield Text.assemble("  ", (cause.status.value, style), f" {cause.code}: {cause.text}")
    yield from (Text(f"      {line}", style="dim") for line in cause.evidence)
    if cause.remedy:
        yield Text(f"    remedy: {cause.remedy}")


def _consequences(fork: Fork, reader_steps: Sequence[StepRecord]) -> Text:
    lost = "" if fork.seconds_lost is None else f" ({fork.seconds_lost:.2f} s re-run in all)"
    if not fork.consequences:
        return Text(f"  no later step depends on it{lost}")
    names = {step.index: f"{step.index} {keyword(step.instruction)}" for step in reader_steps}
    steps = ", ".join(names.get(index, str(index)) for index in fork.consequences)
    return Text(f"  missed only as a consequence: step {steps}{lost}")


def caution_lines(cautions: Sequence[Caution]) -> Iterator[Text]:
    """One line for each warning."""
    yield from (Text(f"  {caution.code}: {caution.text}", style="yellow") for caution in cautions)
