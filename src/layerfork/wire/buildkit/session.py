"""Follows the calls of a BuildKit session: directory transfers, uploads, and calls that carry secrets."""

import posixpath
import struct
from hashlib import sha256
from typing import Protocol
from urllib.parse import unquote_plus

from layerfork.record.record import Gap
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.fields import text
from layerfork.wire.buildkit.observed import ObservedSession, ObservedSync, ObservedUpload
from layerfork.wire.http.grpc import CallStatus, GrpcCall, RawRequests
from layerfork.wire.proxy.tap import Bytes
from layerfork.wire.tar.decompress import Decompressor
from layerfork.wire.tar.tarstream import TarDecoder

# Follows a directory transfer: stats of every path, then the contents that the engine asked for.
#
# Source: tonistiigi/fsutil send.go, receive.go and types/wire.proto @ 6d9dc2e; moby/buildkit
# session/filesync/filesync.go @ 73ed6825c (names of the metadata, their encoding).

_STAT, _DATA, _FIN, _ERROR = 0, 2, 3, 4
_TYPE_TAG, _STAT_TAG, _ID_TAG, _DATA_TAG = 0x08, 0x12, 0x18, 0x22
"""A stat packet starts with the stat: its type is the default and left out. So is the id 0."""
_SHIFTS = (0, 7, 14, 21, 28)
"""The bytes of a 32-bit number."""

MAX_STATS = 5_000_000
MAX_SESSION_BYTES = 2 << 30
"""What all transfers of one session may take in memory: a million files that are sent take about 350 MiB."""
_STAT_EXTRA, _DIGEST_EXTRA = 64, 200
"""What Python needs beside a stat's bytes, and for a digest by its number."""
MAX_OPEN_FILES = 100_000
MAX_KEPT_BYTES = 4 << 20
"""A build definition larger than this is not kept as text."""
DOCKERFILE_DIRECTORY = "dockerfile"


class SyncError(Exception):
    """The transfer is not what the protocol says."""


def open_sync(call: GrpcCall) -> ObservedSync:
    """What the engine asks a client for, from the metadata of its call."""
    return ObservedSync(
        name="".join(_decoded(call, "dir-name")[:1]),
        excludes=_decoded(call, "exclude-patterns"),
        includes=_decoded(call, "include-patterns"),
        followed=_decoded(call, "followpaths"),
    )


def _decoded(call: GrpcCall, key: str) -> tuple[str, ...]:
    values = call.values(key)
    if call.first(f"{key}-encoded") in {"1", "t", "T", "true", "TRUE", "True"}:
        return tuple(map(unquote_plus, values))
    return values


class _Hasher(Protocol):
    def update(self, data: Bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class SyncFollower:
    """A `CallHandler` for one transfer. The client, who holds the files, answers the call."""

    def __init__(self, sync: ObservedSync, session: ObservedSession) -> None:
        self._sync = sync
        self._session = session
        self._open: dict[int, _Hasher] = {}
        """Files whose content is arriving."""
        self._texts: dict[int, list[bytes]] | None = {} if sync.name == DOCKERFILE_DIRECTORY else None
        self._text_bytes = 0

    def request(self, message: Bytes) -> None:
        """The engine asks for content; what it asked for shows in what is sent."""

    def response(self, message: Bytes) -> None:
        sync = self._sync
        size = len(message)
        sync.sent_bytes += size
        if size >= 2 and message[0] == _TYPE_TAG and message[1] == _DATA and self._data(message, size):
            return
        if not size:
            sync.listed = True
        elif message[0] == _STAT_TAG:
            self._stat(bytes(message))
        else:
            self._other(control.Packet.FromString(bytes(message)))

    def ended(self, status: CallStatus) -> None:
        self._sync.ended = status.code == 0
        self._sync.cut.update(self._open)
        self._open.clear()
        if status.code != 0 and not self._sync.error:
            self._sync.error = status.message or f"status {status.code}"

    def _stat(self, message: bytes) -> None:
        if len(self._sync.stats) >= MAX_STATS:
            raise SyncError("too many paths")
        self._keep(len(message) + _STAT_EXTRA)
        self._sync.stats.append(message)

    def _keep(self, size: int) -> None:
        self._session.kept_bytes += size
        if self._session.kept_bytes > MAX_SESSION_BYTES:
            raise SyncError("its session sends more paths and files than the limit")

    def _data(self, message: Bytes, size: int) -> bool:
        """A data packet as every known sender encodes it: type, id, data. False when it is another.

        Written out by hand: most of what is ever decoded are these packets.
        """
        at, identifier = 2, 0
        if at < size and message[at] == _ID_TAG:
            for shift in _SHIFTS:
                at += 1
                byte = message[at]
                identifier |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
            at += 1
        if at == size:
            self._file_ended(identifier)
            return True
        if message[at] != _DATA_TAG:
            return False
        length = 0
        for shift in _SHIFTS:
            at += 1
            byte = message[at]
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
        at += 1
        if at + length != size or not length:
            return False
        self._file_data(identifier, message[at:])
        return True

    def _file_data(self, identifier: int, data: Bytes) -> None:
        hasher = self._open.get(identifier)
        if hasher is not None:
            hasher.update(data)
        elif len(self._open) < MAX_OPEN_FILES:
            self._open[identifier] = sha256(data)
        else:
            raise SyncError("too many open files")
        if self._texts is not None:
            self._text_bytes += len(data)
            if self._text_bytes > MAX_KEPT_BYTES:
                self._texts = None
            else:
                self._keep(len(data) + _STAT_EXTRA)
                self._texts.setdefault(identifier, []).append(bytes(data))

    def _file_ended(self, identifier: int) -> None:
        digests = self._sync.digests
        if identifier >= len(self._sync.stats):
            raise SyncError("a file that was not listed")
        if identifier not in digests:
            self._keep(_DIGEST_EXTRA)
        digests[identifier] = (self._open.pop(identifier, None) or sha256()).digest()
        if self._texts is not None:
            self._sync.kept[identifier] = b"".join(self._texts.pop(identifier, ()))

    def _other(self, packet: control.Packet) -> None:
        """Any packet in an encoding that the quick paths do not take."""
        if packet.type == _STAT:
            if packet.HasField("stat"):
                self._stat(control.Packet(stat=packet.stat).SerializeToString())
            else:
                self._sync.listed = True
        elif packet.type == _DATA:
            if packet.data:
                self._file_data(packet.id, packet.data)
            else:
                self._file_ended(packet.id)
        elif packet.type == _ERROR:
            self._sync.error = text(packet.data)
        elif packet.type != _FIN:
            raise SyncError(f"a packet of unknown type {packet.type}")


# Follows an upload through a session: a build context as a tar from standard input.
#
# Source: moby/buildkit session/upload/upload.proto, session/upload/uploadprovider/provider.go @ 73ed6825c.


def open_upload(call: GrpcCall, dockerfile: str) -> ObservedUpload:
    """What the engine asks for; ``dockerfile`` is the one file of the tar whose text is kept."""
    name = posixpath.basename(call.first("urlpath"))
    return ObservedUpload(path=name, tar=TarDecoder(capture=dockerfile))


class UploadFollower:
    """A `CallHandler` for one upload: decompresses and decodes the tar while it passes."""

    def __init__(self, upload: ObservedUpload) -> None:
        self._upload = upload
        self._body = Decompressor(upload.tar.feed)

    def request(self, message: Bytes) -> None:
        """Empty."""

    def response(self, message: Bytes) -> None:
        data = control.BytesMessage.FromString(bytes(message)).data
        self._upload.sent_bytes += len(data)
        self._body.feed(data)

    def ended(self, status: CallStatus) -> None:
        upload = self._upload
        self._body.close()
        upload.tar.close()
        upload.compression = self._body.compression or "identity"
        upload.complete = status.code == 0
        if self._body.error:
            upload.gaps.append(Gap(where="tar upload", what=self._body.error))
        if status.code != 0:
            upload.gaps.append(Gap(where="tar upload", what=status.message or f"status {status.code}"))


# What the engine hands to the client: blobs of a local cache, and images as a tarball. Only sizes are kept.
#
# Source: moby/buildkit session/content/caller.go, session/filesync/filesync.go (CopyFileWriter) @ v0.13.2 and
# v0.32.2; containerd/containerd core/content/proxy/content_writer.go @ v2.1.0 (Commit).

WRITE_CONTENT = "containerd.services.content.v1.Content/Write"
SEND_FILE = "moby.filesync.v1.FileSend/DiffCopy"
_COMMIT = 2
_MAX_WRITTEN = 10_000
_PREFIX = struct.Struct(">BI")
_BYTES_TAG = 0x0A


class WriteFollower(RawRequests):
    """Content/Write: the store's answer to a commit says how large which blob is."""

    def __init__(self, session: ObservedSession) -> None:
        self._written = session.written

    def response(self, message: Bytes) -> None:
        answer = control.WriteContentResponse.FromString(bytes(message))
        if answer.action == _COMMIT and answer.offset > 0 and len(self._written) < _MAX_WRITTEN:
            self._written[text(answer.digest)] = answer.offset

    def ended(self, status: CallStatus) -> None:
        """What was not committed is not kept."""


class SendFollower(RawRequests):
    """FileSend/DiffCopy: a file in pieces, each a message of bytes; directories have another protocol."""

    def __init__(self, session: ObservedSession) -> None:
        self._session = session
        self._bytes = self._left = 0
        self._prefix = b""
        self._is_file = True

    def request_data(self, data: memoryview) -> None:
        at, end = 0, len(data)
        while at < end and self._is_file:
            if self._left:
                step = min(self._left, end - at)
                self._left -= step
                at += step
            else:
                at = self._start(data, at)

    def _start(self, data: memoryview, at: int) -> int:
        """Read a message's prefix and its first byte, which come before anything is counted."""
        wanted = _PREFIX.size + 1 - len(self._prefix)
        piece = bytes(data[at : at + wanted])
        self._prefix += piece
        if len(self._prefix) >= _PREFIX.size:
            compressed, length = _PREFIX.unpack_from(self._prefix)
            if not length:
                self._prefix = self._prefix[_PREFIX.size :]
            elif len(piece) == wanted:
                self._is_file = not compressed and self._prefix[-1] == _BYTES_TAG
                self._bytes += _data_bytes(length)
                self._left = length - 1
                self._prefix = b""
        return at + len(piece)

    def response(self, message: Bytes) -> None:
        """Empty."""

    def ended(self, status: CallStatus) -> None:
        if self._is_file and self._bytes and status.code == 0 and len(self._session.tarballs) < _MAX_WRITTEN:
            self._session.tarballs.append(self._bytes)


def _data_bytes(length: int) -> int:
    """Of a message that holds nothing but bytes: their number, without tag and length."""
    for size in range(1, 6):
        if length - 1 - size < 1 << 7 * size:
            return max(length - 1 - size, 0)
    return 0


# Calls that carry secrets: that they happened is a fact, what they carry is never looked at.

GUARDED = (
    "moby.buildkit.secrets.v1.Secrets/",
    "moby.sshforward.v1.SSH/",
    "moby.filesync.v1.Auth/",
)
"""Services whose payload must not be kept. Unknown services are not parsed either."""
GET_SECRET = "moby.buildkit.secrets.v1.Secrets/GetSecret"

_MAX_SECRET_IDS = 1000
_MAX_ID_BYTES = 4096


class SecretIdsError(Exception):
    """There are more than are kept."""


class SecretFollower:
    """Secrets/GetSecret: the id that the engine asks for (a part of the step's key), never the answer."""

    def __init__(self, session: ObservedSession) -> None:
        self._session = session

    def request(self, message: Bytes) -> None:
        if len(message) > _MAX_ID_BYTES:
            raise SecretIdsError("the id of a secret is too long to be kept")
        identifier = text(control.GetSecretRequest.FromString(bytes(message)).id)
        if identifier not in self._session.secret_ids and len(self._session.secret_ids) >= _MAX_SECRET_IDS:
            raise SecretIdsError("there are more ids of secrets than the limit")
        self._session.secret_ids.add(identifier)

    def response(self, message: Bytes) -> None:
        """The secret itself."""

    def ended(self, status: CallStatus) -> None:
        """Nothing to do."""
