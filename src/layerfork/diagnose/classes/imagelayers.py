"""Which layer of a build's image each of its steps made."""

from layerfork.dockerfile import LAYERED, keyword_of
from layerfork.record.record import BuildRecord, StepRecord


def step_layers(record: BuildRecord) -> tuple[tuple[StepRecord, str], ...]:
    """Steps and the diffID of the layer that each made; empty when they cannot be matched for certain."""
    image = record.result.image
    bases = dict(record.base_images)
    chains = {(step.stage, step.platform) for step in record.steps}
    if image is None or len(bases) != 1 or len(chains) != 1:
        return ()
    (base,) = bases.values()
    own = image.diff_ids[len(base.diff_ids) :]
    steps = [step for step in record.steps if keyword_of(step.instruction) in LAYERED]
    if image.diff_ids[: len(base.diff_ids)] != base.diff_ids or len(own) != len(steps):
        return ()
    return tuple(zip(steps, own, strict=True))


def layers_by_step(record: BuildRecord) -> dict[int, str]:
    """The same by step index."""
    return {step.index: layer for step, layer in step_layers(record)}


def is_run(step: StepRecord) -> bool:
    return step.instruction.upper().startswith("RUN ")
