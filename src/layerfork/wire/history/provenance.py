"""A provenance predicate of BuildKit: the request, the source map, and the definition's operations."""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from layerfork.record.context import Digest
from layerfork.record.record import Gap
from layerfork.wire.buildkit import ops_pb2 as pb

# An operation of BuildKit as JSON, put back into the message that it was made from.
#
# Go writes the fields of its structs by their names in the protobuf definition, and what is a ``oneof`` below
# a name of its own (``Op``, ``Action``, ``User``).
# Source: moby/buildkit solver/pb/json.go and ops.proto @ v0.13.2 to 73ed6825c.

_ONE_OF = frozenset({"op", "action", "user"})
"""Names below which Go puts what is set of a ``oneof``; the fields are those of the message itself."""
_OTHER_NAMES = {
    "tmpfsopt": "tmpfs",
    "cacheopt": "cache",
    "secretopt": "secret",
    "sshopt": "ssh",
    "attemptunpackdockercompatibility": "attemptunpack",
    "alwaysreplaceexistingdestpaths": "alwaysreplace",
}
"""Names of ours that are shorter."""
_BINARY = frozenset({"layerfork.wire.FileActionMkFile.data", "layerfork.wire.SourceInfo.data"})


_HEX_DIGITS = 64
"""Of a SHA-256."""


class UnreadableOpError(ValueError):
    """The JSON is not that of the message."""


def read_op(value: Any, inputs: list[tuple[str, int]]) -> tuple[pb.Op, tuple[str, ...]]:
    """The operation, and the names of fields that it has and this program does not know.

    ``inputs`` are digests and outputs of the operations that it builds on: they are stored beside it.
    Raises: UnreadableError.
    """
    op = pb.Op()
    for digest, index in inputs:
        op.inputs.append(pb.Input(digest=digest.encode(), index=index))
    unknown: list[str] = []
    fill(op, value, unknown)
    return op, tuple(unknown)


def fill(message: Message, value: Any, unknown: list[str]) -> None:
    """Set the fields of a message. Raises: UnreadableError."""
    if not isinstance(value, Mapping):
        raise UnreadableOpError(f"{message.DESCRIPTOR.name} is no object")
    fields = {_plain(field.name): field for field in message.DESCRIPTOR.fields}
    for name, item in value.items():
        key = _OTHER_NAMES.get(_plain(name), _plain(name))
        if key in fields:
            _set(message, fields[key], item, unknown)
        elif key in _ONE_OF:
            fill(message, item if item is not None else {}, unknown)
            if isinstance(message, pb.UserOpt) and message.WhichOneof("user") is None:
                message.by_id = 0  # Go leaves the number out when it is 0
        else:
            unknown.append(name)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _set(message: Message, field: Any, value: Any, unknown: list[str]) -> None:
    if value is None:
        return
    if field.is_repeated:
        _set_repeated(message, field, value, unknown)
    elif field.message_type is not None:
        inner = getattr(message, field.name)
        inner.SetInParent()
        fill(inner, value, unknown)
    else:
        _assign(message, field, value)


def _set_repeated(message: Message, field: Any, value: Any, unknown: list[str]) -> None:
    items = getattr(message, field.name)
    if isinstance(value, Mapping) and field.message_type is pb.Pair.DESCRIPTOR:
        pairs = sorted((str(key).encode(), str(item).encode()) for key, item in value.items())
        items.extend(pb.Pair(key=key, value=item) for key, item in pairs)
        return
    if not isinstance(value, list):
        raise UnreadableOpError(f"{field.name} is no list")
    for item in value:
        if field.message_type is not None:
            fill(items.add(), item, unknown)
        else:
            _append(items, field, item)


def _assign(message: Message, field: Any, value: Any) -> None:
    try:
        setattr(message, field.name, _scalar(field, value))
    except (TypeError, ValueError, OverflowError) as error:
        raise UnreadableOpError(f"{field.name}: {error}") from error


def _append(items: Any, field: Any, value: Any) -> None:
    try:
        items.append(_scalar(field, value))
    except (TypeError, ValueError, OverflowError) as error:
        raise UnreadableOpError(f"{field.name}: {error}") from error


def _scalar(field: Any, value: Any) -> Any:
    if field.type != FieldDescriptor.TYPE_BYTES:
        return value
    if not isinstance(value, str):
        raise UnreadableOpError(f"{field.name} is no text")
    if field.full_name not in _BINARY:
        return value.encode("utf-8", "surrogatepass")
    try:
        return b64decode(value, validate=True)
    except binascii.Error as error:
        raise UnreadableOpError(f"{field.name}: {error}") from error


# What a provenance predicate of BuildKit holds of a build: the request, the definition, the source map.
#
# Operations come as JSON. Their digests are stored beside them, so what is read is checked against them: an
# operation whose bytes do not have its digest lost something on the way, and is not taken for known. Of
# directories that the client sent, BuildKit leaves out the session, which no key holds.
# Source: moby/buildkit solver/llbsolver/provenance/{buildconfig,predicate}.go, types/types.go, and
# docs/attestations/slsa-definitions.md @ v0.13.2 to 73ed6825c: SLSA v0.2 and v1.

BUILD_TYPES = frozenset(
    {
        "https://mobyproject.org/buildkit@v1",
        "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
    }
)
_METADATA_02 = "https://mobyproject.org/buildkit@v1#metadata"
_LOCAL = b"local://"


@dataclass(slots=True, kw_only=True)
class Provenance:
    """One predicate, read."""

    platform: str = ""
    """What was built, of a build for several platforms; what holds the predicate says it."""
    attrs: dict[str, str] = field(default_factory=dict)
    """Frontend attributes, without those that BuildKit keeps to itself (platform, cache imports …)."""
    frontend: str = ""
    dockerfile_name: str = ""
    secrets: tuple[str, ...] = ()
    invocation: str = ""
    """The build's reference."""
    started: str = ""
    """RFC 3339; empty when it is not there."""
    finished: str = ""
    all_parameters: bool = True
    """False in the mode ``min``: build arguments and labels may be missing."""
    ops: dict[str, pb.Op] = field(default_factory=dict)
    """By digest; empty when the definition is not there (``mode=max`` has it)."""
    source: pb.Source = field(default_factory=pb.Source)
    images: dict[str, Digest] = field(default_factory=dict)
    """Base images: reference as operations name it, and the digest of its manifest."""
    gaps: list[Gap] = field(default_factory=list)


def is_predicate(value: Any) -> bool:
    """Whether a JSON value is a provenance predicate of BuildKit."""
    if not isinstance(value, Mapping):
        return False
    kind = value.get("buildType") or _at(value, "buildDefinition", "buildType")
    return isinstance(kind, str) and kind in BUILD_TYPES


def read_provenance(predicate: Mapping[str, Any]) -> Provenance:
    """Read a predicate of either version. What is damaged becomes a gap."""
    found = _read_version(predicate)
    materials = predicate.get("materials") or _at(predicate, "buildDefinition", "resolvedDependencies")
    found.images.update(_images(_list(materials)))
    return found


def _images(materials: Iterable[Any]) -> Iterator[tuple[str, Digest]]:
    """The images among what a build read.

    Source: moby/buildkit solver/llbsolver/provenance/predicate.go and util/purl/image.go @ v0.11.0 to
    73ed6825c: ``pkg:docker/NAME@TAG?platform=…``, where NAME has neither ``docker.io`` nor ``library``.
    """
    for each in materials:
        kind, _, rest = _text(each, "uri").partition("/")
        name, at, tag = rest.partition("?")[0].partition("@")
        digest = _text(_at(each, "digest"), "sha256")
        if kind == "pkg:docker" and at and len(digest) == _HEX_DIGITS:
            yield f"{_whole_name(unquote(name))}:{unquote(tag)}", Digest(f"sha256:{digest}")


def _whole_name(name: str) -> str:
    """``docker.io/library/alpine`` of ``alpine``."""
    host, slash, _ = name.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def _read_version(predicate: Mapping[str, Any]) -> Provenance:
    if "buildDefinition" in predicate:
        return _read(
            request=_at(predicate, "buildDefinition", "externalParameters", "request"),
            dockerfile=_at(predicate, "buildDefinition", "externalParameters", "configSource", "path"),
            config=_at(predicate, "buildDefinition", "internalParameters", "buildConfig"),
            metadata=_at(predicate, "runDetails", "metadata"),
            names=("invocationId", "startedOn", "finishedOn", "buildkit_completeness", "request"),
            source=_at(predicate, "runDetails", "metadata", "buildkit_metadata", "source"),
        )
    return _read(
        request=_at(predicate, "invocation", "parameters"),
        dockerfile=_at(predicate, "invocation", "configSource", "entryPoint"),
        config=predicate.get("buildConfig"),
        metadata=predicate.get("metadata"),
        names=("buildInvocationID", "buildStartedOn", "buildFinishedOn", "completeness", "parameters"),
        source=_at(predicate, "metadata", _METADATA_02, "source"),
    )


def _read(
    *,
    request: Any,
    dockerfile: Any,
    config: Any,
    metadata: Any,
    names: tuple[str, str, str, str, str],
    source: Any,
) -> Provenance:
    invocation, started, finished, completeness, parameters = names
    args = _at(request, "args")
    found = Provenance(
        attrs={str(key): str(value) for key, value in args.items()} if isinstance(args, Mapping) else {},
        frontend=_text(request, "frontend"),
        dockerfile_name=dockerfile if isinstance(dockerfile, str) else "",
        secrets=tuple(_text(each, "id") for each in _list(_at(request, "secrets"))),
        invocation=_text(metadata, invocation) or _text(metadata, "invocationID"),
        started=_text(metadata, started),
        finished=_text(metadata, finished),
        all_parameters=_at(metadata, completeness, parameters) is not False,
    )
    found.attrs.setdefault("filename", found.dockerfile_name or "Dockerfile")
    digests = _digests(config)
    _read_ops(found, config, digests)
    _read_source(found, source, digests)
    return found


def _digests(config: Any) -> dict[str, str]:
    """Digest of each step, by its name."""
    mapping = _at(config, "digestMapping")
    if not isinstance(mapping, Mapping):
        return {}
    return {str(step): str(digest) for digest, step in mapping.items()}


def _read_ops(found: Provenance, config: Any, digests: Mapping[str, str]) -> None:
    for step in _list(_at(config, "llbDefinition")):
        name = _text(step, "id")
        digest = digests.get(name)
        if digest is None:
            found.gaps.append(Gap(where="definition", what=f"no digest is stored for its {name or 'step'}"))
            continue
        try:
            op, unknown = read_op(_at(step, "op"), list(_inputs(step, digests)))
        except UnreadableOpError as error:
            found.gaps.append(Gap(where=f"llb op {digest}", what=f"its JSON is not understood: {error}"))
            continue
        found.ops[digest] = op
        if unknown:
            what = "unknown fields: " + ", ".join(sorted(set(unknown)))
            found.gaps.append(Gap(where=f"llb op {digest}", what=what))
        elif not _has_digest(op, digest):
            what = "what provenance holds of it does not have its digest: something is missing"
            found.gaps.append(Gap(where=f"llb op {digest}", what=what))


def _inputs(step: Any, digests: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for each in _list(_at(step, "inputs")):
        name, _, index = str(each).rpartition(":")
        if name not in digests or not index.isdecimal() or len(index) > 9:
            raise UnreadableOpError(f"the input {str(each)[:40]!r} is no step")
        yield digests[name], int(index)


def _has_digest(op: pb.Op, digest: str) -> bool:
    """Whether the bytes of an operation have its digest, as far as they were stored."""
    if op.WhichOneof("op") == "source" and op.source.identifier.startswith(_LOCAL):
        return True
    return any("sha256:" + sha256(raw).hexdigest() == digest for raw in _encodings(op))


def _encodings(op: pb.Op) -> Iterator[bytes]:
    """An operation as BuildKit up to 0.18 encodes it, in the order of the fields' numbers, and as later ones
    do, what is set of a ``oneof`` last. Seen so with v0.8.3 to v0.25.2."""
    yield op.SerializeToString(deterministic=True)
    kind = op.WhichOneof("op")
    if kind is not None:
        rest, last = pb.Op(), pb.Op()
        rest.CopyFrom(op)
        rest.ClearField(kind)
        getattr(last, kind).CopyFrom(getattr(op, kind))
        yield rest.SerializeToString(deterministic=True) + last.SerializeToString(deterministic=True)


def _read_source(found: Provenance, source: Any, digests: Mapping[str, str]) -> None:
    """The source map: the Dockerfile's text, and the lines of each step."""
    unknown: list[str] = []
    for info in _list(_at(source, "infos")):
        found.source.infos.append(
            pb.SourceInfo(filename=_text(info, "filename").encode(), data=_data(_at(info, "data")))
        )
    locations = _at(source, "locations")
    for name, value in locations.items() if isinstance(locations, Mapping) else ():
        if name in digests and isinstance(value, Mapping):
            entry = pb.LocationsEntry(digest=digests[name].encode())
            try:
                fill(entry.locations, value, unknown)
            except UnreadableOpError as error:
                found.gaps.append(Gap(where="source map", what=f"{name}: {error}"))
                continue
            found.source.locations.append(entry)


def _data(value: Any) -> bytes:
    try:
        return b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _at(value: Any, *names: str) -> Any:
    """What lies under these names, one in the other; None when it is not there."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(value: Any, name: str) -> str:
    found = _at(value, name)
    return found if isinstance(found, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
