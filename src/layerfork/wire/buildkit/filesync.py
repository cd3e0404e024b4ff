"""Follows a directory transfer: stats of every path, then the contents that the engine asked for.

Source: tonistiigi/fsutil send.go, receive.go and types/wire.proto @ 6d9dc2e; moby/buildkit
session/filesync/filesync.go @ 73ed6825c (names of the metadata, their encoding).
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol
from urllib.parse import unquote_plus

from layerfork.wire.buildkit.observed import ObservedSync
from layerfork.wire.buildkit.plain import text
from layerfork.wire.grpc import Call, CallStatus
from layerfork.wire.proto import control_pb2 as control
from layerfork.wire.tap import Bytes

_STAT, _DATA, _FIN, _ERROR = 0, 2, 3, 4
_STAT_TAG = 0x12
"""First byte of a stat packet: its type is the default and left out."""
_DATA_START = b"\x08\x02"
_END_OF_STATS = b""
_ID_TAG, _DATA_TAG = 0x18, 0x22

MAX_STATS = 5_000_000
MAX_OPEN_FILES = 100_000
MAX_KEPT_BYTES = 4 << 20
"""A build definition larger than this is not kept as text."""
DOCKERFILE_DIRECTORY = "dockerfile"


class SyncError(Exception):
    """The transfer is not what the protocol says."""


def open_sync(call: Call) -> ObservedSync:
    """What the engine asks a client for, from the metadata of its call."""
    return ObservedSync(
        name="".join(_decoded(call, "dir-name")[:1]),
        excludes=_decoded(call, "exclude-patterns"),
        includes=_decoded(call, "include-patterns"),
        followed=_decoded(call, "followpaths"),
    )


def _decoded(call: Call, key: str) -> tuple[str, ...]:
    values = call.values(key)
    if call.first(f"{key}-encoded") in {"1", "t", "T", "true", "TRUE", "True"}:
        return tuple(map(unquote_plus, values))
    return values


class _Hasher(Protocol):
    def update(self, data: memoryview, /) -> None: ...
    def digest(self) -> bytes: ...


@dataclass(slots=True)
class _OpenFile:
    """A file whose content is arriving."""

    hasher: _Hasher = field(default_factory=sha256)
    parts: list[bytes] | None = None
    """The content itself, where it is kept."""


class SyncFollower:
    """A `CallHandler` for one transfer. The client, who holds the files, answers the call."""

    def __init__(self, sync: ObservedSync) -> None:
        self._sync = sync
        self._stats = sync.stats
        self._open: dict[int, _OpenFile] = {}
        self._keep = sync.name == DOCKERFILE_DIRECTORY
        self._kept_bytes = 0

    def request(self, message: Bytes) -> None:
        """The engine asks for content; which it asked for shows in what is sent."""

    def response(self, message: Bytes) -> None:
        sync = self._sync
        sync.sent_bytes += len(message)
        if message[:2] == _DATA_START and self._data(message):
            return
        if not message:
            sync.listed = True
        elif message[0] == _STAT_TAG:
            if len(self._stats) >= MAX_STATS:
                raise SyncError("too many paths")
            self._stats.append(bytes(message))
        else:
            self._other(control.Packet.FromString(bytes(message)))

    def ended(self, status: CallStatus) -> None:
        self._sync.ended = status.code == 0
        self._sync.cut.update(self._open)
        self._open.clear()
        if status.code != 0 and not self._sync.error:
            self._sync.error = status.message or f"status {status.code}"

    def _data(self, message: Bytes) -> bool:
        """A data packet as every known sender encodes it: type, id, data. False when it is another."""
        at, end, identifier = 2, len(message), 0
        if at < end and message[at] == _ID_TAG:
            identifier, at = _varint(message, at + 1, end)
        if at == end:
            self._file_ended(identifier)
            return True
        if message[at] != _DATA_TAG:
            return False
        length, at = _varint(message, at + 1, end)
        if at + length != end:
            return False
        self._file_data(identifier, memoryview(message)[at:])
        return True

    def _file_data(self, identifier: int, data: memoryview) -> None:
        if not data:
            self._file_ended(identifier)
            return
        found = self._open.get(identifier)
        if found is None:
            if len(self._open) >= MAX_OPEN_FILES:
                raise SyncError("too many open files")
            found = self._open[identifier] = _OpenFile(parts=[] if self._keep else None)
        found.hasher.update(data)
        if found.parts is not None:
            self._keep_text(found, data)

    def _keep_text(self, file: _OpenFile, data: memoryview) -> None:
        self._kept_bytes += len(data)
        if self._kept_bytes > MAX_KEPT_BYTES:
            self._keep = False
            for each in self._open.values():
                each.parts = None
        elif file.parts is not None:
            file.parts.append(bytes(data))

    def _file_ended(self, identifier: int) -> None:
        file = self._open.pop(identifier, None) or _OpenFile(parts=[] if self._keep else None)
        if len(self._sync.digests) >= MAX_STATS:
            raise SyncError("too many files")
        self._sync.digests[identifier] = file.hasher.digest()
        if file.parts is not None:
            self._sync.kept[identifier] = b"".join(file.parts)

    def _other(self, packet: control.Packet) -> None:
        """Any packet in an encoding that the quick paths do not take."""
        if packet.type == _STAT:
            if packet.HasField("stat"):
                self._stats.append(control.Packet(stat=packet.stat).SerializeToString())
            else:
                self._sync.listed = True
        elif packet.type == _DATA:
            self._file_data(packet.id, memoryview(packet.data))
        elif packet.type == _ERROR:
            self._sync.error = text(packet.data)
        elif packet.type != _FIN:
            raise SyncError(f"a packet of unknown type {packet.type}")


def _varint(message: Bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise SyncError("a broken number")
