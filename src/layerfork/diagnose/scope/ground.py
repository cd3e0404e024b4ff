"""What two records both tell: a build that was imported is compared with no more than that.

What only one of them tells is no difference between the builds. A record that was made while its build ran
tells all that there is to know, so two of those are compared as they are.
"""

from collections.abc import Callable
from dataclasses import replace

from layerfork.dockerfile import keyword_of
from layerfork.record.record import BuildRecord, RecordedRequest, StepRecord

Tells = Callable[[BuildRecord], bool]
Without = Callable[[BuildRecord], BuildRecord]


def _tells_request(record: BuildRecord) -> bool:
    return not any(gap.where == "request" for gap in record.gaps)


def _tells_inputs(record: BuildRecord) -> bool:
    return any(vertex.inputs for vertex in record.vertices)


def _without_dockerfile(record: BuildRecord) -> BuildRecord:
    request = replace(record.request, dockerfile=None, dockerfile_lines_sha256=None)
    return replace(record, request=request)


def _without_request(record: BuildRecord) -> BuildRecord:
    return replace(record, request=RecordedRequest(dockerfile_name=record.request.dockerfile_name))


def _without_definition(record: BuildRecord) -> BuildRecord:
    """Without what only a definition tells: that an image which a COPY reads is a stage's base as well."""
    read = {digest for step in record.steps if not _is_from(step) for digest in step.vertices}
    steps = tuple(
        step
        for step in record.steps
        if not (_is_from(step) and step.vertices and read.issuperset(step.vertices))
    )
    return replace(record, definition=None, steps=steps)


def _is_from(step: StepRecord) -> bool:
    return keyword_of(step.instruction) == "FROM"


def _without_inputs(record: BuildRecord) -> BuildRecord:
    """Without what only inputs tell: a vertex that stands for equal instructions of several stages is printed
    once, as a step of one of them."""
    seen: set[str] = set()
    steps = []
    for step in record.steps:
        if not step.vertices or not seen.issuperset(step.vertices):
            steps.append(step)
        seen.update(step.vertices)
    return replace(record, vertices=(), steps=tuple(steps))


def _tells_triggers(record: BuildRecord) -> bool:
    return not any(gap.where == "triggers" for gap in record.gaps)


def _without_triggers(record: BuildRecord) -> BuildRecord:
    """What they do stays in the definition, and in the keys of the steps that build on it."""
    return replace(
        record, steps=tuple(step for step in record.steps if not step.instruction.startswith("ONBUILD "))
    )


_MATTERS: tuple[tuple[Tells, Without], ...] = (
    (lambda record: record.engine is not None, lambda record: replace(record, engine=None)),
    (lambda record: record.definition is not None, _without_definition),
    (_tells_inputs, _without_inputs),
    (
        lambda record: record.context is not None,
        lambda record: replace(record, context=None, named_contexts=()),
    ),
    (lambda record: bool(record.base_images), lambda record: replace(record, base_images=())),
    (lambda record: record.request.dockerfile is not None, _without_dockerfile),
    (_tells_request, _without_request),
    (_tells_triggers, _without_triggers),
)
"""What a record may tell, and the record without it."""


def on_common_ground(writer: BuildRecord, reader: BuildRecord) -> tuple[BuildRecord, BuildRecord]:
    """Both records as they are, unless one of them was imported: then without what only one of them tells."""
    if not (writer.imported_from or reader.imported_from):
        return writer, reader
    for tells, without in _MATTERS:
        if tells(writer) != tells(reader):
            writer, reader = without(writer), without(reader)
    return writer, reader


def reuse_is_known(record: BuildRecord) -> bool:
    """Whether a record tells what became of steps; provenance alone does not."""
    return not (record.imported_from and any(gap.where == "steps" for gap in record.gaps))
