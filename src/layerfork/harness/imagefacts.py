"""Asks the engine about built images, and puts its answers beside what the wire showed."""

import contextlib
from collections.abc import Callable
from dataclasses import replace

from layerfork.dockerfile import BadSubstitutionError, parse_dockerfile
from layerfork.errors import EngineError, LayerforkError
from layerfork.harness.bases import base_references
from layerfork.model.build import Builder
from layerfork.model.engine import ImageFacts, ImageStep
from layerfork.model.record import BuildOutcome, BuildRecord, StepRecord

LookUp = Callable[[str], ImageFacts]
"""What an engine says about an image, secrets hidden. Raises: EngineError."""


def add_image_facts(record: BuildRecord, look_up: LookUp, image_ref: str) -> BuildRecord:
    """The record with the engine's own word: full ids and created-by strings of the steps, the layers.

    A record of a failed build, or an engine that has gone, leaves it as it was.
    """
    if record.result.outcome is not BuildOutcome.SUCCEEDED:
        return record
    try:
        facts = _look_up_either(look_up, image_ref, record.result.image_id)
        rows = {row.image_id: row for row in facts.history if row.image_id}
        if record.builder is not Builder.BUILDKIT:
            rows |= _other_stages(record.steps, rows, look_up)
    except EngineError:
        return record
    steps = record.steps
    if record.builder is not Builder.BUILDKIT:
        steps = tuple(_with_row(step, rows) for step in steps)
    return replace(record, steps=steps, result=replace(record.result, image=facts))


def _look_up_either(look_up: LookUp, image_ref: str, image_id: str) -> ImageFacts:
    """By the name that the image should have; a client that named it otherwise is asked for by id."""
    try:
        return look_up(image_ref)
    except EngineError:
        if not image_id:
            raise
        return look_up(image_id)


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
            created_by = "" if step.instruction.upper().startswith("FROM ") else row.created_by
            return replace(step, identity=image_id, created_by=created_by)
    return step


def _same_image(shown: str, image_id: str) -> bool:
    """Whether a shown id, often cut to twelve digits, is this image's; old podman shows eleven."""
    digits = shown.removeprefix("sha256:")
    return len(digits) >= 11 and image_id.removeprefix("sha256:").startswith(digits)


def add_base_facts(record: BuildRecord, look_up: LookUp) -> BuildRecord:
    """The record with what the engine says about the images that its Dockerfile builds on.

    Images that the engine does not have are left out, and so are all when the Dockerfile was not seen.
    """
    request = record.request
    if request.dockerfile is None:
        return record
    try:
        parsed = parse_dockerfile(request.dockerfile, request.dockerfile_name or "Dockerfile")
        references = base_references(parsed, dict(request.build_args), request.target)
    except (LayerforkError, BadSubstitutionError):
        return record
    found = []
    for reference in references:
        with contextlib.suppress(EngineError):
            found.append((reference, look_up(reference)))
    return replace(record, base_images=tuple(found))
