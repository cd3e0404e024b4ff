"""Facts that the engine has of built images, and steps of builds that asked for no output."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from layerfork.dockerfile import LAYERED, BadSubstitutionError, keyword_of
from layerfork.dockerfile.bases import base_references
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.dockerfile.scope import base_or_written
from layerfork.errors import EngineError
from layerfork.record.build import Builder
from layerfork.record.engine import ImageFacts, ImageStep
from layerfork.record.record import BuildOutcome, BuildRecord, StepRecord, StepStatus
from layerfork.wire.redact import Redactor

NOP = "#(NOP) "
"""Marks history rows of all instructions but RUN, in capitals here."""
ID_DIGITS = 64
SHORTEST_ID = 11
"""buildah 1.19 to 1.28 cuts its ids to eleven digits, newer ones and the classic builder to twelve."""
LookUp = Callable[[str], ImageFacts]
"""What an engine says about an image, secrets hidden. Raises: EngineError."""


def add_image_facts(record: BuildRecord, look_up: LookUp, image_ref: str) -> BuildRecord:
    """The record with what the engine says: full ids and history rows of the steps, the layers.

    A record of a failed build, or an engine that has gone, leaves it as it was.
    """
    if record.result.outcome is not BuildOutcome.SUCCEEDED:
        return record
    try:
        facts = _look_up_either(look_up, image_ref, record.result.image_id)
        rows = {row.image_id: row for row in facts.history if row.image_id}
        if record.builder is Builder.BUILDAH:
            return _with_buildah_rows(record, facts, look_up)
        if record.builder is Builder.CLASSIC:
            rows |= _other_stages(record.steps, rows, look_up)
    except EngineError:
        return record
    if record.builder is Builder.CLASSIC:
        steps = tuple(_with_row(step, rows) for step in record.steps)
    else:
        times = _times_of_layers(record, facts.history)
        steps = tuple(replace(step, created_at=times.get(step.index, "")) for step in record.steps)
    return replace(record, steps=steps, result=replace(record.result, image=facts))


def _with_buildah_rows(record: BuildRecord, facts: ImageFacts, look_up: LookUp) -> BuildRecord:
    """buildah writes one history row for each step; which image it is, podman does not know."""
    last = record.steps[-1].stage if record.steps else 0
    rows: dict[int, ImageStep] = {}
    for stage in sorted({step.stage for step in record.steps}):
        own = [step for step in record.steps if step.stage == stage and not _is_from(step)]
        if own and stage == last:
            rows |= _rows_by_position(own, facts.history)
        elif own and own[-1].identity:
            rows |= _rows_by_position(own, look_up(own[-1].identity).history)
    none = ImageStep(created_by="", image_id="")
    steps = tuple(
        replace(
            step,
            identity=_full_id(step.identity, look_up),
            created_by=rows.get(step.index, none).created_by,
            created_at=rows.get(step.index, none).created_at,
        )
        for step in record.steps
    )
    return replace(record, steps=steps, result=replace(record.result, image=facts))


def _times_of_layers(record: BuildRecord, history: Sequence[ImageStep]) -> dict[int, str]:
    """When each layer that BuildKit put on the base image was made, by step index; none when they do not fit.

    Rows without a layer have the time of another: nothing was made for them.
    Source: moby/buildkit exporter/containerimage/writer.go:normalizeLayersAndHistory @ v0.13.2; seen so.
    """
    stages = _stages_of_result(record)
    own = [step for step in record.steps if step.stage in stages and keyword_of(step.instruction) in LAYERED]
    rows = [row for row in history if row.created_by.partition(" ")[0] in LAYERED][
        -len(own) or len(history) :
    ]
    alike = [keyword_of(step.instruction) for step in own] == [
        row.created_by.partition(" ")[0] for row in rows
    ]
    return {step.index: row.created_at for step, row in zip(own, rows, strict=True)} if alike else {}


def _stages_of_result(record: BuildRecord) -> set[int]:
    """The last stage and those that it begins with; none of a build for several platforms."""
    parsed = dockerfile_of(record)
    if parsed is None or not record.steps or any(step.platform for step in record.steps):
        return set()
    wanted = record.request.target
    stage = parsed.find_stage(wanted) if wanted else parsed.stages[-1]
    found = set[int]()
    while stage is not None:
        found.add(stage.index)
        base = base_or_written(parsed, stage, dict(record.request.build_args))
        stage = parsed.find_base(base, before=stage.index)
    return found


def _full_id(shown: str, look_up: LookUp) -> str:
    """The whole id of an image whose first digits were shown; as shown when the engine lost the image."""
    if not shown or len(shown.removeprefix("sha256:")) == ID_DIGITS:
        return shown
    with contextlib.suppress(EngineError):
        found = look_up(shown).image_id
        return found if _same_image(shown, found) else shown
    return shown


def _rows_by_position(own: Sequence[StepRecord], history: Sequence[ImageStep]) -> dict[int, ImageStep]:
    """History rows of the steps that end an image, by step index; none when they do not fit."""
    pairs = tuple(zip(own, history[-len(own) :], strict=False))
    if len(pairs) < len(own) or not all(_fits(step, row) for step, row in pairs):
        return {}
    return {step.index: row for step, row in pairs}


def _fits(step: StepRecord, row: ImageStep) -> bool:
    """Whether a history row can be this step's: all but RUN are marked and named."""
    keyword = keyword_of(step.instruction)
    if keyword == "RUN":
        return NOP not in row.created_by.upper()
    return f"{NOP}{keyword}" in row.created_by.upper()


def _is_from(step: StepRecord) -> bool:
    return keyword_of(step.instruction) == "FROM"


def without_secrets(facts: ImageFacts, redactor: Redactor) -> ImageFacts:
    """What an engine says about an image, secrets hidden as in the builds."""
    pairs = (variable.partition("=") for variable in facts.env)
    return replace(
        facts,
        history=tuple(replace(row, created_by=redactor.clean(row.created_by)) for row in facts.history),
        env=tuple(f"{name}{equals}{redactor.hide(name, value)}" for name, equals, value in pairs),
        onbuild=tuple(map(redactor.clean, facts.onbuild)),
    )


def _look_up_either(look_up: LookUp, image_ref: str, image_id: str) -> ImageFacts:
    """By the id that the build ended with, since a name may have moved on; else by the name."""
    if image_id:
        try:
            return look_up(image_id)
        except EngineError:
            if not image_ref:
                raise
    if not image_ref:
        raise EngineError("the image has neither id nor name")
    return look_up(image_ref)


def _other_stages(
    steps: tuple[StepRecord, ...], known: dict[str, ImageStep], look_up: LookUp
) -> dict[str, ImageStep]:
    """History rows of stages that are no part of the final image: each stage's last image has them."""
    rows: dict[str, ImageStep] = {}
    last_of_stage = {step.stage: step for step in steps if step.identity}
    for step in last_of_stage.values():
        if not any(_same_image(step.identity, image_id) for image_id in known):
            facts = look_up(step.identity)
            rows |= {row.image_id: row for row in facts.history if row.image_id}
    return rows


def _with_row(step: StepRecord, rows: dict[str, ImageStep]) -> StepRecord:
    for image_id, row in rows.items():
        if step.identity and _same_image(step.identity, image_id):
            if _is_from(step):
                return replace(step, identity=image_id, created_by="")
            return replace(step, identity=image_id, created_by=row.created_by, created_at=row.created_at)
    return step


def _same_image(shown: str, image_id: str) -> bool:
    """Whether a shown id, often cut, is this image's."""
    digits = shown.removeprefix("sha256:")
    return len(digits) >= SHORTEST_ID and image_id.removeprefix("sha256:").startswith(digits)


def add_base_facts(record: BuildRecord, look_up: LookUp) -> BuildRecord:
    """The record with what the engine says about the images that its Dockerfile builds on.

    With the classic builder also those that ``--cache-from`` names: they say what the list allowed.
    Images that the engine does not have are left out, and so are all when the Dockerfile was not seen.
    """
    request, parsed = record.request, dockerfile_of(record)
    if parsed is None:
        return record
    try:
        references = base_references(parsed, dict(request.build_args), request.target)
    except BadSubstitutionError:
        return record
    allowed = request.cache_from if record.builder is Builder.CLASSIC else ()
    found = {}
    for reference in dict.fromkeys((*references, *allowed)):
        with contextlib.suppress(EngineError):
            found[reference] = look_up(reference)
    steps = tuple(_with_base_id(step, record, found) for step in record.steps)
    return replace(record, steps=steps, base_images=tuple(found.items()))


def _with_base_id(step: StepRecord, record: BuildRecord, bases: Mapping[str, ImageFacts]) -> StepRecord:
    """buildah shows no id of a base image, but its name as it looked it up; the engine knows the id.

    Source: containers/buildah imagebuildah/stage_executor.go:prepare @ v1.19.6 to v1.43.2.
    """
    if record.builder is not Builder.BUILDAH or step.identity or not _is_from(step):
        return step
    base = next((word for word in step.instruction.split()[1:] if not word.startswith("--")), "")
    is_stage = any(other.stage_name == base for other in record.steps if other.stage < step.stage)
    return step if is_stage or base not in bases else replace(step, identity=bases[base].image_id)


# Steps of a build that asked for no output, from the history of the image that it made.


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
