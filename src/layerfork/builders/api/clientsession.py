"""Connections that leave HTTP/1 for gRPC, and the client's side of a BuildKit session."""

import asyncio
import posixpath
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from layerfork.builders.api.engineapi import unreachable
from layerfork.errors import EngineError
from layerfork.wire.buildkit import control_pb2 as pb
from layerfork.wire.proxy.sockets import Way, open_socket

# The client's side of a session: the engine requests directories, and checks its health.
#
# Source: moby/buildkit session/filesync/{filesync,diffcopy}.go, session/grpc.go @ v0.8.2 to v0.32.2;
# tonistiigi/fsutil send.go @ 6d9dc2e; grpc/grpc src/proto/grpc/health/v1/health.proto.

DIFF_COPY = "/moby.filesync.v1.FileSync/DiffCopy"
_HEALTH = "/grpc.health.v1.Health/Check"
METHODS = (DIFF_COPY, _HEALTH)
"""Methods of the session. It has no credentials, so the engine uses registries without a login."""
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
        """List all files, then send the content of those that the engine asks for."""
        name = str(stream.metadata.get("dir-name", "") if stream.metadata is not None else "")
        if name not in self._files:
            raise GRPCError(Status.NOT_FOUND, f"there is no directory {name!r} to send")
        listed = list(_listed(self._files[name]))
        for stat, _ in listed:
            await stream.send_message(pb.Packet(type=_STAT, stat=stat))
        await stream.send_message(pb.Packet(type=_STAT))
        async for packet in stream:
            if packet.type == _FIN:
                await stream.send_message(pb.Packet(type=_FIN))
                return
            if packet.type == _REQUEST and packet.id < len(listed):
                data = listed[packet.id][1]
                for start in range(0, len(data), _PIECE_BYTES):
                    piece = data[start : start + _PIECE_BYTES]
                    await stream.send_message(pb.Packet(type=_DATA, id=packet.id, data=piece))
                await stream.send_message(pb.Packet(type=_DATA, id=packet.id))


def _listed(files: Files) -> Iterator[tuple[pb.Stat, bytes]]:
    """Every directory and file with its content, in the order of a walk."""
    above = {parent for path in files for parent in _parents(path)}
    for path in sorted((*above, *files), key=lambda each: each.split("/")):
        data = files.get(path, b"")
        mode = _DIRECTORY_MODE if path in above else _FILE_MODE
        yield pb.Stat(path=path.encode("utf-8", "surrogateescape"), mode=mode, size=len(data)), data


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


class HealthService:
    """Health service: after some seconds without an answer an engine ends the session."""

    def __mapping__(self) -> dict[str, Handler]:
        return {_HEALTH: Handler(self.check, Cardinality.UNARY_UNARY, pb.Empty, pb.Empty)}

    async def check(self, stream: "Stream[Any, Any]") -> None:
        """Always healthy."""
        await stream.recv_message()
        await stream.send_message(pb.Empty.FromString(_SERVING))


# Connections to an engine that leave HTTP/1 for gRPC, and local sockets through which gRPC reaches them.
#
# Source: moby/moby client/hijack.go and docs/api/v1.41.yaml (POST /session, /grpc) @ v20.10 to v28.5.

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_READ_BYTES = 1 << 16
_LONGEST_HEAD = 1 << 16
_SWITCHED = b" 101 "


@asynccontextmanager
async def upgraded(
    way: Way, docker_host: str, path: str, headers: Sequence[tuple[str, str]] = ()
) -> AsyncIterator[Streams]:
    """A connection after ``POST path`` with an upgrade. Raises: EngineError when the engine makes none."""
    try:
        sock = await asyncio.to_thread(way if callable(way) else lambda: open_socket(way))
    except OSError as error:
        raise unreachable(docker_host, error) from error
    sock.settimeout(None)
    reader, writer = await asyncio.open_connection(sock=sock, limit=_LONGEST_HEAD)
    try:
        lines = ["Host: localhost", "Connection: Upgrade", "Upgrade: h2c", "Content-Length: 0"]
        lines += [f"{name}: {value}" for name, value in headers]
        writer.write("\r\n".join((f"POST {path} HTTP/1.1", *lines, "", "")).encode())
        head = await _head(reader)
        if _SWITCHED not in head.partition(b"\r\n")[0]:
            status = head.partition(b"\r\n")[0].decode(errors="replace") or "nothing"
            raise EngineError(
                f"the engine at {docker_host} gives no access to its BuildKit: it answers {status} to {path}",
                hint="name a Docker Engine of 18.09 or newer with --engine",
            )
        yield reader, writer
    finally:
        await _close(writer)


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return b""


@asynccontextmanager
async def reachable_at(path: Path, engine: Streams) -> AsyncIterator[None]:
    """The first client of a socket at ``path`` gets an upgraded connection."""
    first: asyncio.Future[Streams] = asyncio.get_running_loop().create_future()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if first.done():
            writer.close()
        else:
            first.set_result((reader, writer))

    async def serve() -> None:
        client = await first
        try:
            await _join(client, engine)
        finally:
            await _close(client[1])

    server = await asyncio.start_unix_server(accept, path)
    try:
        async with _meanwhile(serve()):
            yield
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def served_at(path: Path, engine: Streams) -> AsyncIterator[None]:
    """The engine, over an upgraded connection, speaks with what listens at ``path``."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        async with _meanwhile(_join((reader, writer), engine)):
            yield
    finally:
        await _close(writer)


@asynccontextmanager
async def _meanwhile(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _join(one: Streams, other: Streams) -> None:
    """Forward bytes both ways until both sides have ended."""
    await asyncio.gather(_pass_on(one[0], other[1]), _pass_on(other[0], one[1]))


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Forward until one side is gone; closing the sink then ends the other direction too."""
    with suppress(OSError):
        while data := await source.read(_READ_BYTES):
            sink.write(data)
            await sink.drain()
    sink.close()
