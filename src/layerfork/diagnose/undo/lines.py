"""Undoes differences of the Dockerfile: lines that read otherwise, steps that came, went or moved."""

from collections.abc import Iterator

from layerfork.diagnose.causes.material import Material
from layerfork.diagnose.causes.rule import Finding
from layerfork.diagnose.causes.variables import ORDER_OF_ENV
from layerfork.diagnose.compare.alignment import normalise
from layerfork.diagnose.compare.differences import STEP_FIELD, Difference
from layerfork.dockerfile import NO_STAGE, Instruction
from layerfork.record.change import Change, LabelsAre, LineIs
from layerfork.record.record import StepRecord

SETTERS = frozenset({"WORKDIR", "USER", "SHELL", "ENV", "ARG"})
"""Instructions that change what later ones become."""


def undo_line(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The instruction, and where the claim is a whole step its place, is as in the writer's Dockerfile.

    Raises: UnappliableError.
    """
    whole = [each for each in finding.claims if _is_whole_step(each)]
    if whole:
        return tuple(dict.fromkeys(change for each in whole for change in _undo_step(material, each)))
    return tuple(_own_line(material)) or tuple(_lines_above(material))


def undo_label(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The label line, or the labels of the request, are the writer's. Raises: UnappliableError."""
    writer, reader = material.case.writer.record.request.labels, material.case.reader.record.request.labels
    if writer != reader:
        return (LabelsAre(labels=writer),)
    return undo_line(material, finding)


def _is_whole_step(difference: Difference) -> bool:
    """A step that came, went or moved; the order in which a RUN gets its variables is none."""
    moved = difference.cause == "instruction-order" and difference.field != ORDER_OF_ENV
    return moved or difference.field == STEP_FIELD


def _own_line(material: Material) -> Iterator[Change]:
    case = material.case
    reader = material.dockerfiles.instruction("reader", case.reader_view.step)
    writer = material.dockerfiles.instruction("writer", case.writer_view.step)
    yield from material.dockerfiles.replaced(reader, writer)


def _lines_above(material: Material) -> Iterator[Change]:
    """Lines before the step that it depends on although they are no steps with a key of their own."""
    files = material.dockerfiles
    own = files.instruction("reader", material.case.reader_view.step)
    written = files.instruction("writer", material.case.writer_view.step)
    for each in files.reader.instructions if files.reader is not None else ():
        if each.keyword in SETTERS and each.first_line < own.first_line:
            yield from files.as_written(each)
    for each in files.writer.instructions if files.writer is not None else ():
        gone = each.first_line not in files.reader_of
        if gone and each.keyword in SETTERS and each.first_line < written.first_line:
            yield files.added(each)


def _undo_step(material: Material, difference: Difference) -> Iterator[Change]:
    """A step that one side has is gone, or there, or at its other place."""
    files = material.dockerfiles
    text = difference.field if difference.cause == "instruction-order" else ""
    for step in _unpaired(material, "reader", text or difference.reader):
        instruction = files.instruction("reader", step)
        if instruction.first_line not in files.writer_of:
            yield LineIs(line=instruction.first_line, text="")
        else:
            yield from _lines_that_need(material, instruction)
    for step in _unpaired(material, "writer", text or difference.writer):
        instruction = files.instruction("writer", step)
        if instruction.first_line not in files.reader_of:
            yield files.added(instruction)


def _lines_that_need(material: Material, instruction: Instruction) -> Iterator[Change]:
    """Where both Dockerfiles have a line and only the reader built its stage: the lines for which it did."""
    files, dockerfile = material.dockerfiles, material.dockerfiles.reader
    if dockerfile is None or instruction.stage == NO_STAGE:
        return
    names = {dockerfile.stages[instruction.stage].name, str(instruction.stage)}
    for each in dockerfile.instructions:
        base = each.arguments[:1] if each.keyword == "FROM" else ()
        if names & {*each.reads_from, *base}:
            yield from files.as_written(each)


def _unpaired(material: Material, side: str, text: str | None) -> Iterator[StepRecord]:
    comparison = material.case.comparison
    build, paired = (
        (comparison.writer, comparison.alignment.reader_of)
        if side == "writer"
        else (comparison.reader, comparison.alignment.writer_of)
    )
    for step in build.record.steps:
        if step.index not in paired and text is not None and normalise(step.instruction) == text:
            yield step
