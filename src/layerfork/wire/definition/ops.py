"""BuildKit's definition of a build, from the bytes of its ops.

Source: moby/buildkit solver/pb/ops.proto @ 73ed6825c; the digest of a vertex is the SHA-256 of its op
(client/llb/marshal.go, solver/llbsolver/vertex.go), v0.8 and later.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from layerfork.record.context import Digest
from layerfork.record.llb import Definition, LLBInput, LLBOp, SourceOp
from layerfork.record.record import Gap
from layerfork.wire.buildkit import ops_pb2 as pb
from layerfork.wire.buildkit.plain import pairs, text, texts
from layerfork.wire.definition.execop import read_exec
from layerfork.wire.definition.fileop import read_action
from layerfork.wire.definition.sourcemap import read_lines
from layerfork.wire.redact import Redactor

_HTTP_HEADER = "http.header."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDefinition:
    """A definition and what could not be read of it."""

    definition: Definition
    gaps: tuple[Gap, ...]


def read_definition(
    parts: Iterable[pb.Definition],
    dockerfile_name: str,
    redactor: Redactor,
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> ReadDefinition:
    """One graph from the definitions of one result: several when it has several platforms.

    ``renamed`` are digests that the engine knows ops by, where these are not those of their bytes.
    """
    ops: dict[str, LLBOp] = {}
    gaps: list[Gap] = []
    for part in parts:
        metadata = {text(entry.digest): entry.metadata for entry in part.metadata}
        lines = read_lines(part.source, dockerfile_name)
        for raw in part.ops:
            own = "sha256:" + sha256(raw).hexdigest()
            digest = renamed.get(own, own)
            if digest in ops:
                continue
            try:
                op = pb.Op.FromString(raw)
            except DecodeError:
                gaps.append(Gap(where=f"llb op {digest}", what="its bytes are no op"))
                continue
            gaps.extend(_unknown(op, digest))
            for each in op.inputs if renamed else ():
                each.digest = renamed.get(text(each.digest), text(each.digest)).encode()
            ops[digest] = _read_op(op, digest, metadata.get(own), lines.get(own, ()), redactor)
    return ReadDefinition(definition=Definition(ops=_inputs_first(ops)), gaps=tuple(gaps))


def read_known_ops(
    ops: Mapping[str, pb.Op], source: pb.Source, dockerfile_name: str, redactor: Redactor
) -> ReadDefinition:
    """One graph from ops whose bytes are not at hand, by the digests that their builder gave them."""
    lines = read_lines(source, dockerfile_name)
    gaps = tuple(gap for digest, op in ops.items() for gap in _unknown(op, digest))
    read = {digest: _read_op(op, digest, None, lines.get(digest, ()), redactor) for digest, op in ops.items()}
    return ReadDefinition(definition=Definition(ops=_inputs_first(read)), gaps=gaps)


def _read_op(
    op: pb.Op, digest: str, metadata: pb.OpMetadata | None, lines: tuple[int, ...], redactor: Redactor
) -> LLBOp:
    which = op.WhichOneof("op")
    description = pairs(metadata.description) if metadata is not None else {}
    return LLBOp(
        digest=Digest(digest),
        kind=which or "return",
        inputs=tuple(LLBInput(digest=Digest(text(each.digest)), index=each.index) for each in op.inputs),
        exec=read_exec(op.exec, redactor) if which == "exec" else None,
        file=tuple(read_action(each, redactor) for each in op.file.actions) if which == "file" else None,
        source=_read_source(op.source, redactor) if which == "source" else None,
        platform=read_platform(op.platform) if op.HasField("platform") else "",
        constraints=texts(op.constraints.filter),
        description=tuple(sorted((key, redactor.clean(value)) for key, value in description.items())),
        ignore_cache=metadata is not None and metadata.ignore_cache,
        lines=lines,
    )


def _read_source(source: pb.SourceOp, redactor: Redactor) -> SourceOp:
    attrs = pairs(source.attrs)
    return SourceOp(
        identifier=redactor.clean(text(source.identifier)),
        attrs=tuple(
            sorted(
                (key, redactor.secret(value) if _is_credential(key) else redactor.clean(value))
                for key, value in attrs.items()
            )
        ),
    )


def _is_credential(attribute: str) -> bool:
    """A request header of an HTTP source, unless it is one of the two that say nothing secret."""
    header = attribute.lower().removeprefix(_HTTP_HEADER)
    return header != attribute.lower() and header not in {"accept", "user-agent"}


def read_platform(platform: pb.Platform) -> str:
    """``linux/arm64/v8``, as Docker's command line writes it."""
    return "/".join(filter(None, texts((platform.os, platform.architecture, platform.variant))))


def _unknown(op: pb.Op, digest: str) -> Iterable[Gap]:
    """A field that we do not know may be part of the key: the record must not look complete."""
    unknown = sorted(set(unknown_fields(op)))
    if unknown:
        yield Gap(where=f"llb op {digest}", what="unknown fields: " + ", ".join(unknown))


def unknown_fields(message: Message, path: str = "") -> Iterable[str]:
    """Where a message holds fields that its definition does not name: ``exec.meta.14``."""
    unknown = UnknownFieldSet(message)
    for position in range(len(unknown)):
        yield f"{path}{unknown[position].field_number}"
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        for each in value if descriptor.is_repeated else (value,):
            yield from unknown_fields(each, f"{path}{descriptor.name}.")


def _inputs_first(ops: dict[str, LLBOp]) -> tuple[LLBOp, ...]:
    """The order in which they were sent, unless an op comes before one of its inputs."""
    placed: dict[str, LLBOp] = {}
    for op in ops.values():
        _place(op, ops, placed)
    return tuple(placed.values())


def _place(op: LLBOp, ops: dict[str, LLBOp], placed: dict[str, LLBOp]) -> None:
    waiting = [op]
    on_the_way: set[str] = set()
    while waiting:
        current = waiting[-1]
        missing = [
            ops[each.digest]
            for each in current.inputs
            if each.digest in ops and each.digest not in placed and each.digest not in on_the_way
        ]
        if missing and current.digest not in placed:
            on_the_way.add(current.digest)
            waiting.append(missing[0])
            continue
        placed.setdefault(current.digest, current)
        waiting.pop()
