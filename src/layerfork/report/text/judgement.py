"""Forks, causes and cautions as lines for a person."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.answer import Cause, CauseStatus, Caution, Fork

STATUS_STYLES = {
    CauseStatus.PROVEN: "bold cyan",
    CauseStatus.SUSPECTED: "bold yellow",
    CauseStatus.UNEXPLAINED: "bold magenta",
}
"""Told apart by people who do not see red and green as two colours; the words say it as well."""


def fork_evidence(fork: Fork) -> Iterator[Text]:
    """Everything that a fork's causes rest on, and what differs without mattering."""
    yield Text()
    yield Text(f"  {fork.reader} did not reuse what {fork.writer} had stored ({fork.miss_kind.value})")
    for cause in fork.causes:
        yield from cause_lines(cause)
    if fork.ruled_out:
        yield Text("  differs too, and does not matter here:")
        yield from (Text(f"    {line}", style="dim") for line in fork.ruled_out)


def cause_lines(cause: Cause) -> Iterator[Text]:
    """One cause: its line, the evidence, the remedy."""
    style = STATUS_STYLES[cause.status]
    yield Text.assemble("  ", (cause.status.value, style), f" {cause.code}: {cause.text}")
    yield from (Text(f"      {line}", style="dim") for line in cause.evidence)
    if cause.remedy:
        yield Text(f"    remedy: {cause.remedy}")


def caution_lines(cautions: Sequence[Caution]) -> Iterator[Text]:
    """One line for each warning."""
    yield from (Text(f"  {caution.code}: {caution.text}", style="yellow") for caution in cautions)
