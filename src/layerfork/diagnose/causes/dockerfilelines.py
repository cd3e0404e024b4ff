"""A line of the Dockerfile that reads otherwise: what undoes it, how it is said, what to do about it."""

from collections.abc import Callable, Iterator

from layerfork.diagnose.causes.edits import command_of, with_options
from layerfork.diagnose.causes.material import Material
from layerfork.diagnose.causes.rule import Finding
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import name_paths, values
from layerfork.diagnose.compare.alignment import normalise
from layerfork.diagnose.compare.copied import clean_path, copied_sources
from layerfork.diagnose.compare.differences import ORDER_OF_ENV, STEP_FIELD, Difference
from layerfork.diagnose.compare.entries import first_by_path
from layerfork.diagnose.compare.structure import instructions_in
from layerfork.dockerfile import NO_STAGE, Instruction
from layerfork.record.answer import NOTHING_TO_FIX, Cause, Edit, Fix, Situation
from layerfork.record.change import Change, LabelsAre, LineIs
from layerfork.record.context import EntryType
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
    for each in instructions_in(files.reader):
        if each.keyword in SETTERS and each.first_line < own.first_line:
            yield from files.as_written(each)
    for each in instructions_in(files.writer):
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


LAST_STAGE = "the last stage"


def say_line(scene: Scene) -> str:
    """What the line was. The text is shown as written, because the difference may be whitespace only."""
    if other_target(scene):
        return say_target(scene)
    before = scene.writer_text
    return f"this line was `{before}`" if scene.again else f"this line is `{before}` for {scene.writer_name}"


def other_target(scene: Scene) -> bool:
    """Whether one Dockerfile was built for two targets: then no line of it reads otherwise."""
    writer, reader = scene.writer.request, scene.reader.request
    return writer.dockerfile == reader.dockerfile is not None and writer.target != reader.target


def say_target(scene: Scene) -> str:
    """Which target each was asked for."""
    writer, reader = (record.request.target or LAST_STAGE for record in (scene.writer, scene.reader))
    built = f"{scene.subjects[0]} did not build this"
    return f"{values(scene, 'target', writer, reader)}: {built}"


_LOOKED_AT = 1 << 20
"""Larger files are not read."""


def fix_line(scene: Scene) -> Fix:
    """Restore the line; builds of two machines need the same Dockerfile."""
    if other_target(scene):
        return fix_stored(scene)
    written, text = scene.writer_text, scene.text
    if not scene.again:
        return Fix(sentence="build both from the same Dockerfile")
    if scene.situation is Situation.TWICE:
        return Fix(
            sentence="write the same Dockerfile in every build; lines that change often belong at the end"
        )
    if scene.instruction is None or not written or written == text or "\n" in written:
        return Fix(sentence="expected after that edit; lines that change often belong at the end")
    edit = Edit(
        file=scene.file,
        line=scene.line,
        before=scene.lines[scene.line - 1 : scene.instruction.last_line],
        after=(written,),
    )
    if written.split() == text.split():
        return Fix(sentence=f"only whitespace differs: restore line {scene.line}", edits=(edit,))
    changed = _changed_since(scene)
    back = f", and restore {name_paths(changed)}" if changed else ""
    return Fix(sentence=f"expected after that edit; to undo it, write `{written}`{back}", edits=(edit,))


def _changed_since(scene: Scene) -> list[str]:
    """Files that only the line as it was names, and that hold something else on disk than they did then."""
    sent, kept = first_by_path(scene.writer), first_by_path(scene.reader)
    named_then = [
        sent[path] for path in copied_sources(scene.writer_text) if path in sent and path not in kept
    ]
    return [
        clean_path(entry.name)
        for entry in named_then
        if entry.type is EntryType.FILE
        and entry.size <= _LOOKED_AT
        and scene.is_there(clean_path(entry.name))
        and scene.sources.look(scene.writer, entry) is None
    ]


def fix_stored(scene: Scene) -> Fix:
    """What was built for the first time is stored now."""
    command = command_of(scene, scene.reader) if scene.again else ""
    who = "this build" if scene.again else scene.reader_name
    found = f", `{command}` reuses it" if command else ""
    return Fix(sentence=f"{NOTHING_TO_FIX}: {who} has stored it now{found}", command=command)


def fix_option(name: str, drop: str, field: str) -> Callable[[Scene, Cause], Fix]:
    """An option of the command line: give it as the writer did."""

    def fix(scene: Scene, cause: Cause) -> Fix:
        writer = str(getattr(scene.writer.request, field))
        command = with_options(scene, (drop,), (f"{name}={writer}",) if writer else ())
        if command:
            return Fix(sentence=f"build with the {field} as before: `{command}`", command=command)
        if scene.writer_text != scene.text:
            return fix_line(scene)
        return Fix(sentence=f"pass the same {name} to both builds")

    return fix


def fix_as_before(scene: Scene, cause: Cause) -> Fix:
    """The whole command of the writer, where it was another one."""
    command = command_of(scene, scene.writer)
    if scene.again and command and command != command_of(scene, scene.reader):
        return Fix(sentence=f"build with the same options: `{command}`", command=command)
    if scene.writer_text != scene.text:
        return fix_line(scene)
    return Fix(sentence=cause.remedy)
