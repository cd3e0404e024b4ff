"""Changes of what is asked for, of what answers, and of what is fetched."""

from dataclasses import replace

from layerfork.dockerfile.recorded import printed_instruction
from layerfork.hypothesis.target import label_texts, with_target
from layerfork.hypothesis.unappliable import UnappliableError
from layerfork.keys.baseimage import full_reference
from layerfork.keys.buildah.history import bind_targets, mount_checksums
from layerfork.keys.buildkit.sources import git_source
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
from layerfork.record.record import BuildRecord, StepRecord
from layerfork.record.secrets import HIDDEN

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
