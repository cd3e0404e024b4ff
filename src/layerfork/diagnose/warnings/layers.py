"""Checks what builds claim about reuse against the layers of their images.

A reused step is the very layer that another build stored. Where RUN steps write a random value the
reverse holds too: two builds have the same layer only if one reused the other's.
"""

from collections.abc import Iterator, Sequence

from layerfork.diagnose.classes.imagelayers import is_run, step_layers
from layerfork.diagnose.compare.builds import JudgedBuild
from layerfork.record.build import Builder
from layerfork.record.judgement import Caution
from layerfork.record.record import StepRecord, StepStatus


def layer_contradictions(builds: Sequence[JudgedBuild], *, random_runs: bool = False) -> Iterator[Caution]:
    """One warning for each step whose layer says something else than the builder did.

    ``builds`` ran in this order on one cache that was empty before. ``random_runs``: every RUN of this
    Dockerfile writes a value that never comes twice. Builds whose layers cannot be told apart by step
    (several stages, layers that were left out, no image because the build failed) are passed over, and so
    are later steps that may have reused what they stored.
    """
    stored: dict[tuple[Builder, int, str], JudgedBuild] = {}
    first_by_instruction: dict[tuple[Builder, int, str], set[str]] = {}
    unseen: set[tuple[Builder, int, str]] = set()
    for build in builds:
        builder = build.record.builder
        layers = step_layers(build.record)
        if not layers:
            ran = (step for step in build.record.steps if step.status is not StepStatus.HIT)
            unseen.update((builder, step.index, step.instruction) for step in ran)
        for step, layer in layers:
            place = (builder, step.index, step.instruction)
            earlier = first_by_instruction.setdefault(place, set())
            lost = step.status is StepStatus.HIT and layer not in earlier and place not in unseen
            if earlier and lost:
                yield _caution(build, step, "was reported as reused, but its layer is none that was stored")
            if random_runs and is_run(step) and step.status is StepStatus.MISS and layer in earlier:
                writer = stored[(builder, step.index, layer)].client
                yield _caution(
                    build, step, f"was reported as run again, but its layer is the one of {writer}"
                )
            earlier.add(layer)
            stored.setdefault((builder, step.index, layer), build)


def _caution(build: JudgedBuild, step: StepRecord, what: str) -> Caution:
    text = f"step {step.index}, {step.instruction}, of {build.client} {what}"
    return Caution(code="contradiction", client=build.client, step=step.index, text=text)
