"""Steps of a build that asked for no output, from the history of the image that it made."""

from dataclasses import replace

from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord, StepRecord, StepStatus


def add_quiet_steps(record: BuildRecord) -> BuildRecord:
    """The record with its steps, if the classic builder was asked to print none (``docker build -q``).

    Which were reused stays unknown, but each has its image id. Builds of several stages keep no steps:
    the history shows the last stage alone. Needs the image and the base image in the record.
    """
    image = record.result.image
    bases = dict(record.base_images)
    if record.builder is not Builder.CLASSIC or record.steps or image is None or len(bases) != 1:
        return record
    (base,) = bases.values()
    ids = [row.image_id for row in image.history]
    if base.image_id not in ids:
        return record
    own = image.history[ids.index(base.image_id) + 1 :]
    instructions = _instructions(record)
    if not instructions or len(instructions) > len(own) + 1:
        return record
    texts = (*instructions, *(row.created_by for row in own[len(instructions) - 1 :]))
    identities = (base.image_id, *(row.image_id for row in own))
    strings = ("", *(row.created_by for row in own))
    times = ("", *(row.created_at for row in own))
    steps = tuple(
        StepRecord(
            index=number,
            instruction=text,
            status=StepStatus.HIT if number == 1 else StepStatus.UNKNOWN,
            identity=identity,
            created_by=created_by,
            created_at=created_at,
        )
        for number, (text, identity, created_by, created_at) in enumerate(
            zip(texts, identities, strings, times, strict=True), 1
        )
    )
    return replace(record, steps=steps)


def _instructions(record: BuildRecord) -> tuple[str, ...]:
    """Texts of a Dockerfile of one stage; none when it was not seen or has more."""
    parsed = dockerfile_of(record)
    if parsed is None or len(parsed.stages) != 1 or parsed.meta_args:
        return ()
    return tuple(instruction.text for instruction in parsed.instructions)
