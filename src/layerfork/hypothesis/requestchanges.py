"""Changes of what is asked for, of what answers, and of what is fetched."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from layerfork.dockerfile import Dockerfile, Stage
from layerfork.dockerfile.gotext import quote
from layerfork.dockerfile.recorded import dockerfile_of, printed_instruction
from layerfork.dockerfile.scope import base_or_written
from layerfork.hypothesis.unappliable import UnappliableError
from layerfork.keys.buildah.imagehistory import bind_targets, mount_checksums
from layerfork.keys.buildkit.sources import git_source
from layerfork.keys.recordedbases import full_reference
from layerfork.record.build import Builder
from layerfork.record.change import (
    BaseImageIs,
    BuildArgIs,
    EngineIs,
    LabelsAre,
    OptionIs,
    RequestIs,
    SourceIs,
)
from layerfork.record.llb import LLBOp
from layerfork.record.record import BuildRecord, RecordedRequest, StepRecord
from layerfork.record.secrets import HIDDEN

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


_CHECKSUMS = {"http": "http.checksum", "https": "http.checksum", "git": "git.checksum"}


def with_build_arg(record: BuildRecord, change: BuildArgIs) -> BuildRecord:
    """The record with another build argument. Raises: UnappliableError for a hidden value."""
    given = dict(record.request.build_args)
    if HIDDEN in (change.value or "") or HIDDEN in given.get(change.name, ""):
        raise UnappliableError(f"the value of {change.name} is hidden")
    given.pop(change.name, None)
    if change.value is not None:
        given[change.name] = change.value
    return replace(record, request=replace(record.request, build_args=tuple(sorted(given.items()))))


def with_labels(record: BuildRecord, change: LabelsAre) -> BuildRecord:
    """The record with other labels, and the steps that the classic builder and buildah make of them."""
    steps = [step for step in record.steps if not is_request_label(record, step)]
    if record.steps:
        last = record.steps[-1]
        steps += [
            replace(last, index=index, line=0, instruction=text, created_by="")
            for index, text in enumerate(label_texts(record.builder, change.labels), start=len(steps) + 1)
        ]
    return replace(record, request=replace(record.request, labels=change.labels), steps=tuple(steps))


def is_request_label(record: BuildRecord, step: StepRecord) -> bool:
    """The step is no instruction of the Dockerfile, but a label of the request."""
    own = {_in_any_order(text) for text in label_texts(record.builder, record.request.labels)}
    return not step.line and _in_any_order(step.instruction) in own


def _in_any_order(text: str) -> tuple[str, ...]:
    """A step's words sorted: podman's service gives several labels in any order."""
    return tuple(sorted(text.split(" ")))


def with_request(record: BuildRecord, change: RequestIs) -> BuildRecord:
    """The record with another value of a field of the request. Raises: UnappliableError."""
    if change.field == "target":
        return with_target(record, change.value)
    return replace(record, request=replace(record.request, **{change.field: change.value}))  # type: ignore[arg-type]


def with_option(record: BuildRecord, change: OptionIs) -> BuildRecord:
    """The record with another option of the request."""
    options = dict(record.request.options)
    options.pop(change.name, None)
    if change.value is not None:
        options[change.name] = change.value
    return replace(record, request=replace(record.request, options=tuple(sorted(options.items()))))


def with_engine(record: BuildRecord, change: EngineIs) -> BuildRecord:
    """The record as if another engine had built."""
    return replace(record, engine=change.engine)


def with_base_image(record: BuildRecord, change: BaseImageIs) -> BuildRecord:
    """The record with another image behind a reference."""
    full = full_reference(change.reference)
    others = tuple(each for each in record.base_images if full_reference(each[0]) != full)
    return replace(record, base_images=(*others, (change.reference, change.facts)))


def with_source(record: BuildRecord, change: SourceIs) -> BuildRecord:
    """The record with another result of a remote source. Raises: UnappliableError if none is like it."""
    definition = record.definition
    if record.builder is Builder.BUILDKIT and definition is not None:
        ops = tuple(_with_checksum(op, change) for op in definition.ops)
        changed = replace(record, definition=replace(definition, ops=ops))
    else:
        changed = replace(record, steps=tuple(_with_digest(step, change) for step in record.steps))
    if changed == record:
        raise UnappliableError(f"nothing was read from {change.identifier}")
    return changed


def _with_checksum(op: LLBOp, change: SourceIs) -> LLBOp:
    git = git_source(op.source) if op.source is not None else None
    if op.source is None or change.identifier not in (op.source.identifier, git and git.repository):
        return op
    kind = _CHECKSUMS.get(change.identifier.partition("://")[0], "http.checksum")
    attrs = {**dict(op.source.attrs), kind: change.digest}
    return replace(op, source=replace(op.source, attrs=tuple(sorted(attrs.items()))))


def _with_digest(step: StepRecord, change: SourceIs) -> StepRecord:
    """The history string of a step tells the digest of what no client sent, or of a mount."""
    instruction = printed_instruction(step.instruction)
    if instruction is None:
        return step
    if instruction.keyword == "RUN":
        return _with_mount_checksum(step, bind_targets(instruction), change)
    if instruction.keyword not in ("COPY", "ADD"):
        return step
    if " ".join(instruction.arguments[:-1]) != change.identifier:
        return step
    return replace(step, created_by=f"/bin/sh -c #(nop) {instruction.keyword} {change.digest} in x ")


def _with_mount_checksum(step: StepRecord, targets: tuple[str, ...], change: SourceIs) -> StepRecord:
    checksums = mount_checksums(step.created_by, len(targets))
    if change.identifier not in targets or not checksums:
        return step
    own = zip(targets, checksums, strict=True)
    changed = (change.digest if target == change.identifier else each for target, each in own)
    return replace(step, created_by="".join(f":{each}" for each in changed))
