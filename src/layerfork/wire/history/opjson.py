"""An operation of BuildKit as JSON, put back into the message that it was made from.

Go writes the fields of its structs by their names in the protobuf definition, and what is a ``oneof`` below
a name of its own (``Op``, ``Action``, ``User``).
Source: moby/buildkit solver/pb/json.go and ops.proto @ v0.13.2 to 73ed6825c.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from layerfork.wire.buildkit import ops_pb2 as pb

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


class UnreadableError(ValueError):
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
        raise UnreadableError(f"{message.DESCRIPTOR.name} is no object")
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
        raise UnreadableError(f"{field.name} is no list")
    for item in value:
        if field.message_type is not None:
            fill(items.add(), item, unknown)
        else:
            _append(items, field, item)


def _assign(message: Message, field: Any, value: Any) -> None:
    try:
        setattr(message, field.name, _scalar(field, value))
    except (TypeError, ValueError, OverflowError) as error:
        raise UnreadableError(f"{field.name}: {error}") from error


def _append(items: Any, field: Any, value: Any) -> None:
    try:
        items.append(_scalar(field, value))
    except (TypeError, ValueError, OverflowError) as error:
        raise UnreadableError(f"{field.name}: {error}") from error


def _scalar(field: Any, value: Any) -> Any:
    if field.type != FieldDescriptor.TYPE_BYTES:
        return value
    if not isinstance(value, str):
        raise UnreadableError(f"{field.name} is no text")
    if field.full_name not in _BINARY:
        return value.encode("utf-8", "surrogatepass")
    try:
        return b64decode(value, validate=True)
    except binascii.Error as error:
        raise UnreadableError(f"{field.name}: {error}") from error
