"""Undoes differences of the request, the engine, base images and what was fetched."""

from collections.abc import Iterator, Mapping

from layerfork.diagnose.causes.material import Material
from layerfork.diagnose.causes.rule import Finding
from layerfork.diagnose.undo.entries import undo_attribute
from layerfork.diagnose.undo.lines import undo_line
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.hypothesis import UnappliableError
from layerfork.keys.buildkit.gitsource import TAKEN
from layerfork.keys.shared.baseimage import find_facts
from layerfork.record.change import BaseImageIs, Change, EngineIs, OptionIs, RequestIs, SourceIs
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildRecord, StepRecord

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "add-host": ("add-hosts", "extrahosts"),
    "ulimit": ("ulimit", "ulimits"),
    "cgroup-parent": ("cgroup-parent", "cgroupparent"),
    "hostname": ("hostname",),
}
"""Options of the request behind fields of RUN: the frontend's attribute, the API's parameter."""
CHECKSUM = "checksum"
"""Field of what a mount holds, where only a digest of it is known."""
_OPTIONS_OF_MOUNTS: Mapping[str, tuple[str, ...]] = {"/dev/shm": ("shm-size", "shmsize")}
"""Options of the request that are mounts of every RUN, by their place."""


def undo_network(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The line names the writer's network, or the request does."""
    lines = _flags(material, "network")
    return undo_line(material, finding) if lines[0] != lines[1] else _requested(material, "network")


def undo_platform(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The request asks for the writer's platform, and gets the writer's images."""
    return (*_requested(material, "platform"), *_base_images(material))


def undo_target(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The request asks for the writer's target."""
    return _requested(material, "target")


def _requested(material: Material, field: str) -> tuple[Change, ...]:
    writer: str = getattr(material.case.writer.record.request, field)
    reader: str = getattr(material.case.reader.record.request, field)
    return () if writer == reader else (RequestIs(field=field, value=writer),)


def _flags(material: Material, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Values of a flag of the step's line in both Dockerfiles, writer first."""
    files, case = material.dockerfiles, material.case
    writer = files.instruction("writer", case.writer_view.step)
    reader = files.instruction("reader", case.reader_view.step)
    return writer.flag_values(name), reader.flag_values(name)


def undo_run_option(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The request has the writer's option for every RUN, or the line has its flag."""
    return tuple(_options(material, _OPTIONS.get(finding.field, ()))) or undo_line(material, finding)


def undo_mount(material: Material, finding: Finding) -> tuple[Change, ...]:
    """What is mounted is what the writer's build had; or the request has the writer's option for every RUN,
    or the line has its mounts."""
    if finding.field == CHECKSUM:
        return undo_source(material, finding)
    options = _OPTIONS_OF_MOUNTS.get(finding.path, ())
    return tuple(_options(material, options)) or undo_line(material, finding)


def undo_format(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The build writes images of the writer's format."""
    return tuple(_options(material, ("outputformat",)))


def _options(material: Material, names: tuple[str, ...]) -> Iterator[Change]:
    writer = dict(material.case.writer.record.request.options)
    reader = dict(material.case.reader.record.request.options)
    for name in names:
        if writer.get(name) != reader.get(name):
            yield OptionIs(name=name, value=writer.get(name))


def undo_base(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The references of the reader's FROM lines mean the writer's images."""
    changes = tuple(_base_images(material))
    if not changes:
        raise UnappliableError("what the base image is was not recorded")
    return changes


def _base_images(material: Material) -> Iterator[Change]:
    case = material.case
    for reader, writer in case.comparison.alignment.writer_of.items():
        views = case.comparison.reader_views[reader], case.comparison.writer_views[writer]
        reference, other = (_reference(view.step) for view in views)
        if not (reference and other):
            continue
        facts = _facts(case.writer.record, other, views[1].step)
        if facts is not None and facts != _facts(case.reader.record, reference, views[0].step):
            yield BaseImageIs(reference=reference, facts=facts)


def _reference(step: StepRecord) -> str:
    instruction = printed_instruction(step.instruction)
    return instruction.arguments[0] if instruction is not None and instruction.keyword == "FROM" else ""


def _facts(record: BuildRecord, reference: str, step: StepRecord) -> ImageFacts | None:
    """What is known of a base image; of one that nobody asked about only its id."""
    facts = find_facts(record, reference)
    if facts is None and step.identity:
        return ImageFacts(image_id=step.identity, history=(), diff_ids=())
    return facts


def undo_engine(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The writer's engine builds."""
    return (EngineIs(engine=material.case.writer.record.engine),)


def undo_source(material: Material, finding: Finding) -> tuple[Change, ...]:
    """What was fetched, or copied from an image, is what the writer got. Raises: UnappliableError where it is
    the same, and something else was taken of it."""
    if any(each.field in TAKEN for each in finding.claims):
        raise UnappliableError("what is taken of a repository cannot be changed on paper")
    return tuple(
        SourceIs(identifier=each.path, digest=each.writer or "")
        for each in finding.claims
        if each.writer is not None
    )


def undo_frontend(material: Material, finding: Finding) -> tuple[Change, ...]:
    """Always raises: UnappliableError."""
    raise UnappliableError("a frontend cannot be run again here")


def undo_content(material: Material, finding: Finding) -> tuple[Change, ...]:
    """Files have the writer's content; so has what was copied from an image."""
    if any(each.field == "source" for each in finding.claims):
        return undo_source(material, finding)
    return undo_attribute(material, finding)
