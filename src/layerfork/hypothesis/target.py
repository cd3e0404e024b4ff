"""What a request asks for besides the Dockerfile: which stages a target needs, and the steps of labels."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from layerfork.dockerfile import Dockerfile, Stage
from layerfork.dockerfile.gotext import quote
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.dockerfile.scope import base_or_written
from layerfork.hypothesis.unappliable import UnappliableError
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord, RecordedRequest

Labels = tuple[tuple[str, str], ...]


def label_texts(builder: Builder, labels: Labels) -> tuple[str, ...]:
    """Their steps as printed: one for each label, sorted by name, or buildah's one for all.

    Buildah takes them in the order of its options, which podman's service does not keep: one label is exact.
    Source: moby/moby builder/dockerfile/builder.go @ v26.1.5; containers/buildah
    imagebuildah/executor.go:buildStage @ v1.39.3. Measured with 26.1.5 and podman 5.4.2.
    """
    if builder is Builder.CLASSIC:
        return tuple(f"LABEL {name}={value}" for name, value in sorted(labels))
    if builder is Builder.BUILDAH and labels:
        return ("LABEL " + " ".join(f"{quote(name)}={quote(value)}" for name, value in labels if name),)
    return ()


# Another target: which stages are built for it.


def with_target(record: BuildRecord, target: str) -> BuildRecord:
    """The record without the steps that this target does not need. Raises: UnappliableError."""
    dockerfile = dockerfile_of(record)
    if dockerfile is None:
        raise UnappliableError("the Dockerfile was not recorded")
    needed = needed_stages(dockerfile, target, record.builder, dict(record.request.build_args))
    steps = tuple(step for step in record.steps if step.stage in needed or step.stage < 0)
    return replace(record, request=replace(record.request, target=target), steps=steps)


def needed_stages(
    dockerfile: Dockerfile, target: str, builder: Builder, given: Mapping[str, str]
) -> frozenset[int]:
    """Indexes of the stages that a builder builds for a target: the classic one all up to it.

    ``given`` are the build arguments. Raises: UnappliableError when there is no such stage.
    """
    last = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
    if last is None:
        raise UnappliableError(f"the Dockerfile has no stage {target}")
    if builder is Builder.CLASSIC:
        return frozenset(range(last.index + 1))
    return frozenset(_behind(dockerfile, last, given))


def stages_to_build(
    record: BuildRecord, dockerfile: Dockerfile, request: RecordedRequest
) -> frozenset[int] | None:
    """Indexes of the stages of another Dockerfile that the builder of a record would build for a request.

    None when it builds what it need not. Raises: UnappliableError.
    """
    own, given = dockerfile_of(record), dict(request.build_args)
    if record.builder is Builder.CLASSIC:
        return needed_stages(dockerfile, request.target, record.builder, given)
    if own is None:
        return None
    needed = needed_stages(own, record.request.target, record.builder, dict(record.request.build_args))
    if any(step.stage not in needed for step in record.steps if step.stage >= 0):
        return None
    return needed_stages(dockerfile, request.target, record.builder, given)


def _behind(dockerfile: Dockerfile, stage: Stage, given: Mapping[str, str]) -> Iterator[int]:
    """A stage with all that it builds on or copies from; a name that is not known may be any before it."""
    waiting, seen = [stage], {stage.index}
    while waiting:
        stage = waiting.pop()
        yield stage.index
        for name in (base_or_written(dockerfile, stage, given), *_read(stage)):
            if "$" in name:
                yield from range(stage.index)
                break
            other = dockerfile.find_stage(name)
            if other is not None and other.index < stage.index and other.index not in seen:
                seen.add(other.index)
                waiting.append(other)


def _read(stage: Stage) -> Iterator[str]:
    return (name for each in stage.instructions for name in each.reads_from)
