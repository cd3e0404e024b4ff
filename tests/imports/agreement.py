"""Holds a record that was imported against the record of the same build that was made while it ran."""

from collections.abc import Iterator
from datetime import datetime

from layerfork.builders.imports.drafts import SHARED
from layerfork.builders.recording.secrets import key_digests
from layerfork.record.record import BuildOutcome, BuildRecord, StepRecord, StepStatus
from layerfork.wire.history.historybuild import NAMELESS, STAGES
from layerfork.wire.redact import Redactor

KEY = b"0" * 32
"""What `make.sh` lets the recorder hide secrets with."""
CLOCK_S = 0.5
"""The recorder's clock starts when it sees the request, the engine's when it takes it up."""
PRINTED_S = 0.15
"""Seconds are printed to a tenth; those of all runs of a vertex together."""


def disagreements(imported: BuildRecord, live: BuildRecord) -> list[str]:
    """Facts that the imported record claims and the other one denies. None is what has to come out.

    Only one of the two may know that a value was hidden, and key its digests: both are compared keyed.
    """
    imported, live = (key_digests(each, Redactor(KEY)) for each in (imported, live))
    return [
        *_of_build(imported, live),
        *_of_request(imported, live),
        *_of_definition(imported, live),
        *_of_vertices(imported, live),
        *_of_steps(imported, live),
    ]


def _differ(name: str, claimed: object, known: object) -> Iterator[str]:
    if claimed != known:
        yield f"{name}: {claimed!r} instead of {known!r}"


def _of_build(imported: BuildRecord, live: BuildRecord) -> Iterator[str]:
    gaps = {gap.where for gap in imported.gaps}
    yield from _differ("builder", imported.builder, live.builder)
    if "time" not in gaps:
        times = [datetime.fromisoformat(each.recorded_at) for each in (imported, live)]
        if abs((times[0] - times[1]).total_seconds()) > CLOCK_S:
            yield f"recorded at {imported.recorded_at} instead of {live.recorded_at}"
    if imported.seconds and abs(imported.seconds - live.seconds) > CLOCK_S:
        yield f"{imported.seconds} seconds instead of {live.seconds}"
    if imported.result.outcome is not BuildOutcome.UNKNOWN:
        yield from _differ("outcome", imported.result.outcome, live.result.outcome)
    if imported.result.error:
        yield from _differ("error", imported.result.error, live.result.error)
    if imported.result.image_id and not _is_id(imported.result.image_id, live.result.image_id):
        yield f"image {imported.result.image_id} instead of {live.result.image_id}"
    if imported.engine is not None or imported.context is not None or imported.builder_instance:
        yield "it claims an engine, a builder or a context, which no import knows"


def _is_id(printed: str, whole: str) -> bool:
    return whole.removeprefix("sha256:").startswith(printed.removeprefix("sha256:"))


def _of_request(imported: BuildRecord, live: BuildRecord) -> Iterator[str]:
    claimed, known = imported.request, live.request
    if claimed.dockerfile_name:
        yield from _differ("Dockerfile's name", claimed.dockerfile_name, known.dockerfile_name)
    if claimed.dockerfile is not None:
        yield from _differ("Dockerfile", claimed.dockerfile, known.dockerfile)
        yield from _differ("digest", claimed.dockerfile_lines_sha256, known.dockerfile_lines_sha256)
    if any(gap.where == "request" for gap in imported.gaps):
        return
    for name in ("build_args", "labels", "target", "network", "no_cache", "no_cache_stages", "syntax"):
        yield from _differ(name, getattr(claimed, name), getattr(known, name))
    if claimed.frontend:
        yield from _differ("frontend", claimed.frontend, known.frontend)
    yield from (
        f"option {each} is none of {known.options}" for each in claimed.options if each not in known.options
    )


def _of_definition(imported: BuildRecord, live: BuildRecord) -> Iterator[str]:
    if imported.definition is None:
        return
    if live.definition is None:
        yield "it claims a definition"
        return
    known = {op.digest: op for op in live.definition.ops}
    for op in imported.definition.ops:
        other = known.pop(op.digest, None)
        if other is None:
            yield f"there is no operation {op.digest}"
            continue
        for name in ("kind", "inputs", "exec", "file", "platform", "constraints"):
            yield from _differ(f"{name} of {op.digest}", getattr(op, name), getattr(other, name))
        if op.lines:
            yield from _differ(f"lines of {op.digest}", op.lines, other.lines)
        if op.source is not None and other.source is not None:
            yield from _differ("source", op.source.identifier, other.source.identifier)
            missing = set(op.source.attrs) - set(other.source.attrs)
            yield from (f"{op.source.identifier} has no attribute {each}" for each in missing)
    yield from (f"the operation {op} was left out" for op in known)


def _of_vertices(imported: BuildRecord, live: BuildRecord) -> Iterator[str]:
    known = {vertex.digest: vertex for vertex in live.vertices}
    named = {vertex.name: vertex for vertex in live.vertices}
    for vertex in imported.vertices:
        # A plain log prints no digests.
        other = known.get(vertex.digest) if vertex.digest else named.get(vertex.name)
        if other is None:
            if not vertex.internal:
                yield f"there is no vertex {vertex.name}"
            continue
        yield from _differ(f"cached of {vertex.name}", vertex.cached, other.cached)
        yield from _differ(f"name of {vertex.name}", vertex.name, other.name)
        if vertex.inputs:
            yield from _differ(f"inputs of {vertex.name}", vertex.inputs, other.inputs)
        yield from _differ(f"error of {vertex.name}", vertex.error, other.error)


def _of_steps(imported: BuildRecord, live: BuildRecord) -> Iterator[str]:
    known = list(live.steps)
    numbered = STAGES not in imported.gaps
    for step in imported.steps:
        other = next((each for each in known if _is_same(each, step, numbered=numbered)), None)
        if other is None:
            yield f"there is no step {step.instruction} in stage {step.stage}"
            continue
        known.remove(other)
        yield from _of_step(step, other)
    shared = {digest for step in live.steps for digest in step.vertices if _count(digest, live) > 1}
    for step in known if SHARED not in imported.gaps else ():
        printed_once = imported.definition is None and set(step.vertices) <= shared
        trigger = NAMELESS in imported.gaps and step.instruction.startswith("ONBUILD ")
        if imported.steps and not (printed_once or trigger):
            yield f"the step {step.instruction} was left out"


def _is_same(one: StepRecord, other: StepRecord, *, numbered: bool) -> bool:
    place = one.stage == other.stage if numbered else one.stage_name == other.stage_name
    return place and one.instruction == other.instruction


def _count(digest: str, record: BuildRecord) -> int:
    return sum(digest in step.vertices for step in record.steps)


def _of_step(step: StepRecord, other: StepRecord) -> Iterator[str]:
    name = step.instruction
    if step.status is not StepStatus.UNKNOWN:
        yield from _differ(f"status of {name}", step.status, other.status)
    if step.line:
        yield from _differ(f"line of {name}", step.line, other.line)
    yield from _differ(f"stage of {name}", step.stage_name, other.stage_name)
    yield from _differ(f"platform of {name}", step.platform, other.platform)
    if step.identity and not _is_id(step.identity, other.identity):
        yield f"{name}: image {step.identity} instead of {other.identity}"
    if not set(step.vertices) <= set(other.vertices):
        yield f"{name}: vertices {step.vertices} instead of {other.vertices}"
    if step.error:
        yield from _differ(f"error of {name}", step.error, other.error)
    took = step.seconds if step.status is StepStatus.MISS else None
    if took is not None and abs(took - (other.seconds or 0)) > PRINTED_S:
        yield f"{name}: {took} seconds instead of {other.seconds}"
