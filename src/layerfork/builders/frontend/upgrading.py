"""Connections to an engine that leave HTTP/1 for gRPC, and local sockets through which gRPC reaches them.

Source: moby/moby client/hijack.go and docs/api/v1.41.yaml (POST /session, /grpc) @ v20.10 to v28.5.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from layerfork.builders.api.unreachable import unreachable
from layerfork.errors import EngineError
from layerfork.wire.proxy.sockets import Way, open_socket

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_PIECE_BYTES = 1 << 16
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
                f"the engine at {docker_host} opens no way to its BuildKit: it answers {status} to {path}",
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
    """Whoever connects to a socket at ``path`` first speaks over an upgraded connection."""
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
    """Pass everything on, both ways, until both have ended."""
    await asyncio.gather(_pass_on(one[0], other[1]), _pass_on(other[0], one[1]))


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Until one of them is gone; then so is the sink, which ends the other direction as well."""
    with suppress(OSError):
        while data := await source.read(_PIECE_BYTES):
            sink.write(data)
            await sink.drain()
    sink.close()
