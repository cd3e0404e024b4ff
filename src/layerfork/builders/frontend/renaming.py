"""Directories of a definition under the names that clients give them, and the digests that come of it."""

from collections.abc import Mapping
from hashlib import sha256

from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.fields import text

_LOCAL = "local://"
_HINT, _SESSION = b"local.sharedkeyhint", b"local.session"


def rename_directories(definition: ops.Definition, names: Mapping[str, str], session: str) -> None:
    """Give a definition, in place, the bytes that it would have if its directories had other names and came
    through another session; through the same for an empty one."""
    digests: dict[bytes, bytes] = {}
    for number, raw in enumerate(definition.ops):
        changed = _renamed(raw, names, session)
        for before, after in digests.items():
            changed = changed.replace(before, after)
        if changed != raw:
            digests[_digest(raw)] = _digest(changed)
            definition.ops[number] = changed
    for entry in definition.metadata:
        entry.digest = digests.get(entry.digest, entry.digest)
    for location in definition.source.locations:
        location.digest = digests.get(location.digest, location.digest)


def _renamed(raw: bytes, names: Mapping[str, str], session: str) -> bytes:
    """The bytes of an operation that reads a directory, under its other name; those of others as they are."""
    if _LOCAL.encode() not in raw:
        return raw
    op = ops.Op.FromString(raw)
    identifier = text(op.source.identifier)
    if op.WhichOneof("op") != "source" or not identifier.startswith(_LOCAL):
        return raw
    before = ops.Op(source=op.source).SerializeToString()
    name = names.get(identifier.removeprefix(_LOCAL), identifier.removeprefix(_LOCAL))
    op.source.identifier = f"{_LOCAL}{name}".encode()
    for pair in op.source.attrs:
        if pair.key == _HINT:
            pair.value = name.encode()
        if pair.key == _SESSION and session:
            pair.value = session.encode()
    # In its place: since 0.17 BuildKit writes a source after the fields that have higher numbers.
    return raw.replace(before, ops.Op(source=op.source).SerializeToString())


def _digest(raw: bytes) -> bytes:
    return b"sha256:" + sha256(raw).hexdigest().encode()
