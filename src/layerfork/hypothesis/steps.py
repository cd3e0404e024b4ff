"""Steps of the classic builder and of buildah, whose keys follow from the Dockerfile's text."""

from collections.abc import Container, Mapping
from dataclasses import replace

from layerfork.dockerfile import NO_STAGE, Instruction
from layerfork.dockerfile.recorded import dockerfile_of, instruction_at, printed_instruction
from layerfork.dockerfile.scope import base_or_written
from layerfork.hypothesis.edited_dockerfile import Edited, Line
from layerfork.hypothesis.requestchanges import is_request_label
from layerfork.keys.buildah.imagehistory import bind_targets
from layerfork.keys.script import Script, read_script, read_script_by_text
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord, StepRecord, StepStatus


def script_of(record: BuildRecord) -> Script:
    """The record's steps beside their instructions."""
    return read_script(record) if record.builder is Builder.CLASSIC else read_script_by_text(record)


def without_answers(record: BuildRecord) -> BuildRecord:
    """The record without history strings; but what was read from elsewhere is known by nothing else."""
    steps = tuple(step if _reads_elsewhere(step) else replace(step, created_by="") for step in record.steps)
    return replace(record, steps=steps, result=replace(record.result, image=None))


def _reads_elsewhere(step: StepRecord) -> bool:
    instruction = printed_instruction(step.instruction)
    if instruction is None:
        return False
    if instruction.keyword == "RUN":
        return bool(bind_targets(instruction))
    copies = instruction.keyword in ("COPY", "ADD")
    return copies and (bool(instruction.flag("from")) or any("://" in word for word in instruction.sources))


def with_lines(
    record: BuildRecord, edited: Edited, example: BuildRecord | None, stages: Container[int] | None
) -> tuple[BuildRecord, dict[int, int], dict[int, int]]:
    """The record with the steps of another Dockerfile; where each of its own steps is now, by index, and
    each that was taken over from the example. ``stages`` are those that are built; None for all."""
    own, shown = _by_line(record), _by_line(example) if example is not None else {}
    steps: list[StepRecord] = []
    index_of: dict[int, int] = {}
    taken: dict[int, int] = {}
    for line in edited.lines:
        stage = line.instruction.stage
        if stages is not None and stage != NO_STAGE and stage not in stages:
            continue
        line = _as_built(line, own, example)
        seen = _seen(line, own, shown, stages)
        if seen is None or not (seen.index or _is_shown(record, line)):
            continue
        index = len(steps) + 1
        if seen.index:
            (taken if line.in_example else index_of)[seen.index] = index
        steps.append(_placed(seen, line, index))
    for step in record.steps:
        if step.index not in index_of and is_request_label(record, step):
            index_of[step.index] = len(steps) + 1
            steps.append(replace(step, index=len(steps) + 1))
    request = replace(record.request, dockerfile=edited.text)
    return replace(record, request=request, steps=tuple(steps)), index_of, taken


def instructions_of(record: BuildRecord) -> dict[int, Instruction]:
    """The instruction of the Dockerfile that each step is of, by step index."""
    dockerfile = dockerfile_of(record)
    if dockerfile is None:
        return {}
    if record.builder is Builder.BUILDKIT:
        pairs = [(step.index, instruction_at(dockerfile, step)) for step in record.steps]
    else:
        pairs = [(step.record.index, step.instruction) for step in script_of(record).steps]
    return {
        index: instruction
        for index, instruction in pairs
        if instruction is not None and dockerfile.at_line(instruction.first_line) == instruction
    }


def named_images(record: BuildRecord) -> dict[int, str]:
    """What each FROM names, variables replaced, by step index; as written where only the builder knows."""
    dockerfile = dockerfile_of(record)
    if dockerfile is None:
        return {}
    given = dict(record.request.build_args)
    found = {index: each for index, each in instructions_of(record).items() if each.keyword == "FROM"}
    return {
        index: base_or_written(dockerfile, dockerfile.stages[each.stage], given)
        for index, each in found.items()
    }


def _by_line(record: BuildRecord) -> dict[int, StepRecord]:
    found = instructions_of(record)
    return {found[step.index].first_line: step for step in record.steps if step.index in found}


def _as_built(line: Line, own: Mapping[int, StepRecord], example: BuildRecord | None) -> Line:
    """The line as the example built it, where this build did not need its stage."""
    dockerfile = dockerfile_of(example) if example is not None else None
    if line.in_example or line.seen is None or line.seen.first_line in own or dockerfile is None:
        return line
    for each in dockerfile.instructions:
        same = (each.stage_name or each.stage) == (line.seen.stage_name or line.seen.stage)
        if same and each.text == line.seen.text:
            return replace(line, seen=each, in_example=True)
    return line


def _seen(
    line: Line,
    own: Mapping[int, StepRecord],
    shown: Mapping[int, StepRecord],
    stages: Container[int] | None,
) -> StepRecord | None:
    """The step where the instruction was built; one of text alone when no build had it, or this one did not
    need its stage."""
    if line.seen is None:
        return _never_built(line)
    found = (shown if line.in_example else own).get(line.seen.first_line)
    if found is None and stages is not None and not line.in_example:
        return _never_built(line)
    return found


def _is_shown(record: BuildRecord, line: Line) -> bool:
    """buildah shows no step for an ARG before the first FROM."""
    return record.builder is Builder.CLASSIC or line.instruction.stage != NO_STAGE


def _never_built(line: Line) -> StepRecord:
    instruction = line.instruction
    return StepRecord(
        index=0,
        stage=instruction.stage,
        stage_name=instruction.stage_name,
        instruction=instruction.text,
        status=StepStatus.UNKNOWN,
    )


def _placed(step: StepRecord, line: Line, index: int) -> StepRecord:
    instruction = line.instruction
    return replace(
        step,
        index=index,
        line=instruction.first_line if step.line else 0,
        stage=step.stage if instruction.stage == NO_STAGE else instruction.stage,
        stage_name=instruction.stage_name if line.in_example else line.stage_name_of(step),
    )
