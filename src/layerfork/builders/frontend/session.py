"""The client's side of a session: the engine asks it for directories, and whether it is still there.

Source: moby/buildkit session/filesync/{filesync,diffcopy}.go, session/grpc.go @ v0.8.2 to v0.32.2;
tonistiigi/fsutil send.go @ 6d9dc2e; grpc/grpc src/proto/grpc/health/v1/health.proto.
"""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from layerfork.wire.buildkit import control_pb2 as pb

DIFF_COPY = "/moby.filesync.v1.FileSync/DiffCopy"
_HEALTH = "/grpc.health.v1.Health/Check"
METHODS = (DIFF_COPY, _HEALTH)
"""What the session offers. No credentials: an engine asks registries as anybody may."""
_STAT, _REQUEST, _DATA, _FIN = range(4)
_SERVING = b"\x08\x01"
"""A HealthCheckResponse whose status is SERVING."""
_DIRECTORY_MODE, _FILE_MODE = 0o20000000755, 0o644
"""As Go has them: the highest bit marks a directory."""
_PIECE_BYTES = 32 << 10

Files = Mapping[str, bytes]
"""Contents by path."""


class Directories:
    """Sends directories by their names, as `grpclib.server.Server` calls it."""

    def __init__(self, files: Mapping[str, Files]) -> None:
        self._files = files

    def __mapping__(self) -> dict[str, Handler]:
        return {DIFF_COPY: Handler(self.send, Cardinality.STREAM_STREAM, pb.Packet, pb.Packet)}

    async def send(self, stream: "Stream[Any, Any]") -> None:
        """Tell all files, then give those that are wanted."""
        name = str(stream.metadata.get("dir-name", "") if stream.metadata is not None else "")
        if name not in self._files:
            raise GRPCError(Status.NOT_FOUND, f"there is no directory {name!r} to send")
        told = list(_told(self._files[name]))
        for stat, _ in told:
            await stream.send_message(pb.Packet(type=_STAT, stat=stat))
        await stream.send_message(pb.Packet(type=_STAT))
        async for packet in stream:
            if packet.type == _FIN:
                await stream.send_message(pb.Packet(type=_FIN))
                return
            if packet.type == _REQUEST and packet.id < len(told):
                data = told[packet.id][1]
                for start in range(0, len(data), _PIECE_BYTES):
                    piece = data[start : start + _PIECE_BYTES]
                    await stream.send_message(pb.Packet(type=_DATA, id=packet.id, data=piece))
                await stream.send_message(pb.Packet(type=_DATA, id=packet.id))


def _told(files: Files) -> Iterator[tuple[pb.Stat, bytes]]:
    """Every directory and file with its content, in the order of a walk."""
    above = {parent for path in files for parent in _parents(path)}
    for path in sorted((*above, *files), key=lambda each: each.split("/")):
        data = files.get(path, b"")
        mode = _DIRECTORY_MODE if path in above else _FILE_MODE
        yield pb.Stat(path=path.encode("utf-8", "surrogateescape"), mode=mode, size=len(data)), data


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


class Health:
    """Says that the session is alive: engines end one that does not, after some seconds."""

    def __mapping__(self) -> dict[str, Handler]:
        return {_HEALTH: Handler(self.check, Cardinality.UNARY_UNARY, pb.Empty, pb.Empty)}

    async def check(self, stream: "Stream[Any, Any]") -> None:
        """It is, as long as this runs."""
        await stream.recv_message()
        await stream.send_message(pb.Empty.FromString(_SERVING))
