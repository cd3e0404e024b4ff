"""Follows an upload through a session: a build context as a tar from standard input.

Source: moby/buildkit session/upload/upload.proto, session/upload/uploadprovider/provider.go @ 73ed6825c.
"""

import posixpath

from layerfork.record.record import Gap
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.observed import ObservedUpload
from layerfork.wire.http.grpc import Call, CallStatus
from layerfork.wire.proxy.tap import Bytes
from layerfork.wire.tar.decompress import Decompressor
from layerfork.wire.tar.stream import TarDecoder


def open_upload(call: Call, dockerfile: str) -> ObservedUpload:
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
