"""An answer for a person: three lines, then the Dockerfile, fields side by side, later steps."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.answer import Answer, Cause, CauseStatus, Caution, Edit, Fix, Fork
from layerfork.report.rendering import Look
from layerfork.report.text.layout import cut, hung, side_by_side, wrap
from layerfork.report.views.overview import keyword
from layerfork.report.views.sentences import INCOMPLETE

# Forks, causes and cautions as lines for a person.

STATUS_STYLES = {
    CauseStatus.PROVEN: "bold cyan",
    CauseStatus.INFERRED: "bold blue",
    CauseStatus.SUSPECTED: "bold yellow",
    CauseStatus.UNEXPLAINED: "bold magenta",
}
"""Distinct without red and green, for colour-blind readers; the words say the same."""


def fork_evidence(fork: Fork) -> Iterator[Text]:
    """Everything that a fork's causes rest on, and what differs without mattering."""
    yield Text()
    yield Text(f"  {fork.reader} did not reuse what {fork.writer} had stored ({fork.miss_kind.value})")
    for cause in fork.causes:
        yield from cause_lines(cause)
    if fork.ruled_out:
        yield Text("  other differences, which do not affect this step:")
        yield from (Text(f"    {line}", style="dim") for line in fork.ruled_out)


def cause_lines(cause: Cause) -> Iterator[Text]:
    """One cause: its line, the evidence, the remedy."""
    style = STATUS_STYLES[cause.status]
    yield Text.assemble("  ", (cause.status.value, style), f" {cause.code}: {cause.text}")
    yield from (Text(f"      {line}", style="dim") for line in cause.evidence)
    if cause.remedy:
        yield Text(f"    remedy: {cause.remedy}")


_MOST_GAPS = 2
_ONLY_IMPORTED = "engine"
"""What every recorded build has."""


def caution_lines(cautions: Sequence[Caution], *, verbose: bool) -> Iterator[Text]:
    """One line for each warning; what a record lacks in many ways is one line unless ``verbose``."""
    lacking: dict[str, list[str]] = {}
    for caution in cautions:
        if caution.code == INCOMPLETE:
            lacking.setdefault(caution.client, []).append(caution.subject)
    summed_up = {client for client, own in lacking.items() if _is_summed_up(own) and not verbose}
    for caution in cautions:
        if caution.code != INCOMPLETE or caution.client not in summed_up:
            yield Text(f"  {caution.code}: {caution.text}", style="yellow")
        elif (own := lacking.pop(caution.client, None)) is not None:
            yield Text(f"  {INCOMPLETE}: {_sum_up(caution.client, own)}", style="yellow")


def _is_summed_up(subjects: Sequence[str]) -> bool:
    """Whether a record was imported, so that a line for each gap would hide the answer."""
    return len(subjects) > _MOST_GAPS or (len(subjects) == _MOST_GAPS and _ONLY_IMPORTED in subjects)


def _sum_up(client: str, subjects: Sequence[str]) -> str:
    """What a record lacks, and what to keep instead of a log."""
    text = f"the record of {client} lacks {', '.join(dict.fromkeys(subjects))} (-v says what that means)"
    if "definition" in subjects or "request" in subjects:
        text += "; an export (`docker buildx history export`) or a recorded build has them"
    elif "context" in subjects:
        text += "; a recorded build (`layerfork record`) has them"
    return text


_COPIES = ("COPY", "ADD")
"""Instructions that are never cut: what they copy is what it is about."""
_ON_A_LINE = 160
"""Columns of the first line where no width is known, so that one long RUN does not fill a screen."""
_LEAST = 60
"""Columns that an instruction always gets."""


def answer_lines(answer: Answer, fork: Fork | None, look: Look) -> Iterator[Text]:
    """Everything about one fork; digests, history strings and what does not matter only when verbose.

    ``fork`` is None where nothing was stored for the step."""
    yield from first_lines(answer, look)
    yield from _excerpt(answer, look)
    yield from _fields(answer, look)
    yield from _others(answer, look)
    yield from _later(answer, look)
    if look.verbose and fork is not None:
        for line in fork_evidence(fork):
            yield from wrap(line, look.width, len(line.plain) - len(line.plain.lstrip()) + 4)


def first_lines(answer: Answer, look: Look) -> Iterator[Text]:
    """Where and why; what it cost and how sure that is; what to do now."""
    place = f"{answer.place}  "
    platform = f" ({answer.platform})" if answer.platform else ""
    culprit = f"  {answer.verb}: {answer.culprit}"
    instruction = " ".join(answer.instruction.splitlines())
    if keyword(instruction) not in _COPIES:
        instruction = cut(
            instruction, max(_LEAST, (look.width or _ON_A_LINE) - len(place + platform + culprit))
        )
    head, *rest = hung(place + instruction + platform + culprit, look.width, "", 4)
    yield Text(head, style="bold")
    yield from (Text(line, style="bold") for line in rest)
    yield Text.assemble(f"  {answer.cost}  ", _status(answer.status), f" {answer.points[0].named}")
    yield from _fix(answer.fix, look)


def _status(status: CauseStatus) -> tuple[str, str]:
    return status.value, STATUS_STYLES[status]


def _fix(fix: Fix, look: Look) -> Iterator[Text]:
    yield from (Text(line) for line in hung(f"fix: {fix.sentence}", look.width, "  ", 7))


def _edits(fix: Fix, look: Look) -> Iterator[Text]:
    """The edit as a diff would show it, where its sentence does not say it all; what speaks against it."""
    if any(edit.line for edit in fix.edits):
        yield Text()
        for edit in fix.edits:
            yield from _edit(edit)
    yield from _warning(fix, look)


def _edit(edit: Edit) -> Iterator[Text]:
    yield Text(f"  {edit.file}:{edit.line}" if edit.line else f"  {edit.file}, at the end")
    yield from (Text(f"    - {line}", style="yellow") for line in edit.before)
    yield from (Text(f"    + {line}", style="cyan") for line in edit.after)


def _warning(fix: Fix, look: Look) -> Iterator[Text]:
    if fix.warning:
        for line in hung(f"warning: {fix.warning}", look.width, "  ", 11):
            yield Text(line, style="bold yellow")


def _excerpt(answer: Answer, look: Look) -> Iterator[Text]:
    if answer.excerpt:
        yield Text()
    digits = len(str(answer.excerpt[-1].number)) if answer.excerpt else 0
    for line in answer.excerpt:
        gutter = f"{'>' if line.marked else ' '} {line.number:{digits}} | "
        for text in hung(line.text.expandtabs(4), look.width, gutter, digits + 5):
            yield Text(text, style="bold" if line.marked else "dim")
    yield from _edits(answer.fix, look)


def _fields(answer: Answer, look: Look) -> Iterator[Text]:
    rows = [(row.label, row.writer, row.reader) for point in answer.points for row in point.rows]
    if not rows:
        return
    yield Text()
    for line in side_by_side((answer.writer.name, answer.reader.name), rows, look.width):
        yield Text(line)
    more = sum(point.more for point in answer.points)
    if more:
        yield Text(f"  and {more:,} more like these")


def _others(answer: Answer, look: Look) -> Iterator[Text]:
    """Shortly what else is to blame."""
    for point in answer.points[1:]:
        lines = hung(f"also: {point.culprit}  {point.status.value} {point.named}", look.width, "  ", 8)
        yield from (Text(line) for line in lines)
        yield from _fix(point.fix, look)
        yield from _warning(point.fix, look)


def _later(answer: Answer, look: Look) -> Iterator[Text]:
    if not answer.later:
        return
    steps = ", ".join(f"{step.line or step.step} {keyword(step.instruction)}" for step in answer.later)
    what = "line" if all(step.line for step in answer.later) else "step"
    built = "will be built again" if answer.predicted else "built again"
    for line in hung(f"{built} after it: {what} {steps}", look.width, "  ", 4):
        yield Text(line, style="dim")
