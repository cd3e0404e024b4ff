"""What FROM gives: the image, its platform and format; and which frontend and target were asked for."""

from collections.abc import Iterator

from layerfork.diagnose.causes.forms import say_values, show_value, value_finding, value_rule
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding
from layerfork.diagnose.compare.builds import StepView
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.undo.request import (
    undo_base,
    undo_format,
    undo_frontend,
    undo_platform,
    undo_target,
)
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.keys.shared.baseimage import find_facts
from layerfork.record.cause import CauseCode
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildRecord

PIN = "pin the base image by digest: FROM image@sha256:…; do not pull in only some builds"
PLATFORM_REMEDY = "name the platform in every build: --platform linux/amd64, or FROM --platform="


def find_platform(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """A platform part differs, or the base does because another platform was asked for."""
    own = [difference for difference in unclaimed if difference.cause == CauseCode.PLATFORM]
    bases = [difference for difference in unclaimed if difference.cause == "base-image"]
    writer, reader = case.writer.record.request.platform, case.reader.record.request.platform
    if own:
        for difference in own:
            what = (
                f"{case.reader_name} built for {show_value(difference.reader)}, "
                f"{case.writer_name} for {show_value(difference.writer)}"
            )
            yield value_finding(case, difference, code=CauseCode.PLATFORM, what=what, remedy=PLATFORM_REMEDY)
    elif bases and writer != reader:
        yield Finding(
            code=CauseCode.PLATFORM,
            field="platform",
            writer=writer,
            reader=reader,
            what=(
                f"{case.reader_name} asked for platform {reader or 'of the engine'}, "
                f"{case.writer_name} for {writer or 'that of the engine'}, and the base image differs"
            ),
            evidence=tuple(
                f"{each.field} {each.path}: {case.reader_name} {show_value(each.reader)}, "
                f"{case.writer_name} {show_value(each.writer)}"
                for each in bases
            ),
            remedy=PLATFORM_REMEDY,
            claims=tuple(bases),
        )


PLATFORM = CauseRule(code=CauseCode.PLATFORM, find=find_platform, undo=undo_platform)
"""The builds are for different platforms, so everything from FROM on differs."""


IMAGE_FORMAT = value_rule(
    code=CauseCode.IMAGE_FORMAT,
    undo=undo_format,
    say=say_values("image format"),
    remedy="ask for one format in every build: `podman build --format docker`, or OCI everywhere",
)
"""buildah passes over cached images of another format (Docker's or OCI's) than the build writes."""


def say_base_image(case: Case, difference: Difference) -> str:
    """Which image each of the two started from."""
    return (
        f"base image {difference.path or 'of this stage'} is {show_value(difference.reader)} "
        f"for {case.reader_name}, {show_value(difference.writer)} for {case.writer_name}"
    )


def find_base_image(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """FROM gave other layers, or nobody knows whether it did."""
    if _same_layers(case):
        return
    for difference in unclaimed:
        if difference.cause == CauseCode.BASE_IMAGE:
            what = say_base_image(case, difference)
            yield value_finding(case, difference, code=CauseCode.BASE_IMAGE, what=what, remedy=PIN)


def find_base_config(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """FROM gave another image with the very layers: only its configuration, or history, is another."""
    if not _same_layers(case):
        return
    for difference in unclaimed:
        if difference.cause == CauseCode.BASE_IMAGE:
            what = f"{say_base_image(case, difference)}, with the same layers"
            yield value_finding(case, difference, code=CauseCode.BASE_CONFIG, what=what, remedy=PIN)


def _same_layers(case: Case) -> bool:
    layers = [
        facts.diff_ids if (facts := _base_of(record, view)) is not None else ()
        for record, view in (
            (case.writer.record, case.writer_view),
            (case.reader.record, case.reader_view),
        )
    ]
    return bool(layers[0]) and layers[0] == layers[1]


def _base_of(record: BuildRecord, view: StepView) -> ImageFacts | None:
    instruction = printed_instruction(view.step.instruction)
    if instruction is None or instruction.keyword != "FROM":
        return None
    return find_facts(record, instruction.arguments[0])


BASE_CONFIG = CauseRule(code=CauseCode.BASE_CONFIG, find=find_base_config, undo=undo_base)
"""The base image has the same layers but another configuration."""


BASE_IMAGE = CauseRule(code=CauseCode.BASE_IMAGE, find=find_base_image, undo=undo_base)
"""FROM gave another image."""


FRONTEND = value_rule(
    code=CauseCode.FRONTEND,
    undo=undo_frontend,
    say=say_values("frontend"),
    remedy="pin the frontend: `# syntax=docker/dockerfile:<version>@sha256:…`",
)
"""Another frontend (`# syntax=`) made another definition of the same Dockerfile."""


def say_target(case: Case, difference: Difference) -> str:
    """Which target each of the two asked for."""
    reader, writer = difference.reader or "the last stage", difference.writer or "the last stage"
    return f"{case.reader_name} builds {reader}, {case.writer_name} built only {writer}"


TARGET = value_rule(
    code=CauseCode.TARGET,
    undo=undo_target,
    say=say_target,
    remedy="build the same --target with every client, or build the wider one first",
)
"""The reader builds stages that the writer was not asked for."""


RULES = (
    PLATFORM,
    IMAGE_FORMAT,
    BASE_IMAGE,
    BASE_CONFIG,
    FRONTEND,
    TARGET,
)
