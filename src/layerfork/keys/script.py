"""Which parsed instruction each recorded step ran, and what the engine's history says of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from layerfork.dockerfile import Dockerfile, Instruction, keyword_of, stage_number
from layerfork.dockerfile.gotext import lower, trim
from layerfork.dockerfile.recorded import dockerfile_of, printed_instruction
from layerfork.record.record import BuildRecord, StepRecord


def created_by_of(record: BuildRecord, step: StepRecord) -> str:
    """The history string of the image after a step; empty when the engine was not asked."""
    if step.created_by:
        return step.created_by
    image = record.result.image
    if image is None or not step.identity:
        return ""
    return next((row.created_by for row in image.history if row.image_id == step.identity), "")


# Which parsed instruction each recorded step ran.


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStep:
    """A recorded step and what it ran."""

    record: StepRecord
    instruction: Instruction | None
    """None when its text is not understood."""
    label: tuple[str, str] | None = None
    """Name and value of a step that a ``--label`` added; it has no instruction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The steps of one build with the Dockerfile behind them."""

    dockerfile: Dockerfile | None
    """None when it was not recorded or does not parse."""
    steps: tuple[ScriptStep, ...]

    @property
    def escape(self) -> str:
        return self.dockerfile.escape if self.dockerfile is not None else "\\"

    def last_step_of(self, name: str, before: int) -> int | None:
        """Index of the last step of the stage that a name or number means, among the stages that
        end before a step; None when it means an image."""
        steps = [step.record for step in self.steps if step.record.index < before]
        matching = [s.index for s in steps if s.stage_name and lower(s.stage_name) == lower(name)]
        number = stage_number(name)
        if not matching and number is not None:
            matching = [s.index for s in steps if s.stage == number and not _is_meta(s)]
        return matching[-1] if matching else None


def _is_meta(step: StepRecord) -> bool:
    return step.stage < 0


def read_script(record: BuildRecord) -> Script:
    """Match a classic record's numbered steps to the Dockerfile's instructions.

    Steps are numbered over all instructions up to the target's stage, ARG before FROM included;
    ``--label`` options follow, one step each, sorted by name.
    Source: moby/moby builder/dockerfile/builder.go @ v26.1.5.
    """
    dockerfile = dockerfile_of(record)
    instructions = _until_target(dockerfile, record.request.target)
    labels = sorted(record.request.labels)
    steps = []
    for step in record.steps:
        position = step.index - 1
        if position < len(instructions) and instructions[position].text == trim(step.instruction):
            steps.append(ScriptStep(record=step, instruction=instructions[position]))
            continue
        label = _label_at(labels, position - (len(record.steps) - len(labels)), step)
        instruction = None if label is not None else _parse_alone(step, dockerfile)
        steps.append(ScriptStep(record=step, instruction=instruction, label=label))
    return Script(dockerfile=dockerfile, steps=tuple(steps))


def read_script_by_text(record: BuildRecord) -> Script:
    """Match a record's steps to the Dockerfile's instructions by stage and text, whatever their numbers.

    Podman shows a FROM of an earlier stage with the id of that stage's image: it is known by its stage.
    """
    dockerfile = dockerfile_of(record)
    left = list(dockerfile.instructions if dockerfile is not None else ())
    steps = []
    for step in record.steps:
        found = _line_of(step, left)
        if found is not None:
            left.remove(found)
        steps.append(ScriptStep(record=step, instruction=found or _parse_alone(step, dockerfile)))
    return Script(dockerfile=dockerfile, steps=tuple(steps))


def _line_of(step: StepRecord, left: Sequence[Instruction]) -> Instruction | None:
    """The line of a step: by its text, else by its here-document, else a FROM by its stage."""
    text = trim(step.instruction)
    same = [line for line in left if line.text == text]
    if not same:
        same = [line for line in left if line.heredocs and _shows_document(text, line)]
    if not same and keyword_of(text) == "FROM":
        same = [line for line in left if line.keyword == "FROM" and line.stage == step.stage]
    of_its_stage = [line for line in same if line.stage == step.stage]
    return next(iter(of_its_stage or same), None)


def _shows_document(text: str, line: Instruction) -> bool:
    """Podman shows a COPY with the beginning of its here-document in brackets: measured with 5.4.2."""
    return text.startswith(f"{line.text} (") and text.endswith(")")


def _until_target(dockerfile: Dockerfile | None, target: str) -> tuple[Instruction, ...]:
    if dockerfile is None:
        return ()
    stage = dockerfile.find_stage(target) if target else None
    stages = dockerfile.stages if stage is None else dockerfile.stages[: stage.index + 1]
    body = (line for found in stages for line in (found.origin, *found.instructions))
    return (*dockerfile.meta_args, *body)


def _label_at(labels: list[tuple[str, str]], position: int, step: StepRecord) -> tuple[str, str] | None:
    if not 0 <= position < len(labels):
        return None
    name, value = labels[position]
    return (name, value) if step.instruction == f"LABEL {name}={value}" else None


def _parse_alone(step: StepRecord, dockerfile: Dockerfile | None) -> Instruction | None:
    return printed_instruction(step.instruction, dockerfile.escape if dockerfile is not None else "\\")
