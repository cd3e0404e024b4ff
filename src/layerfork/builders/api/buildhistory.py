"""Reads the history that BuildKit keeps of its builds, over its API; nothing there is changed."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from grpclib.client import Channel, UnaryStreamMethod, UnaryUnaryMethod
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from layerfork.builders.api.clientsession import Streams, reachable_at, upgraded
from layerfork.builders.api.engineapi import unreachable
from layerfork.errors import EngineError
from layerfork.wire.buildkit import control_pb2 as pb
from layerfork.wire.proxy.sockets import Way, open_socket

# Source: moby/buildkit control/control.go (ListenBuildHistory, ContentStore), solver/llbsolver/history.go,
# api/services/control/control.proto @ v0.11.0 to 73ed6825c (2026-08); containerd
# api/services/content/v1/content.proto @ v1.7.0.

ANSWER_LIMIT_S = 60.0
BLOB_LIMIT_BYTES = 64 << 20
"""A log or an attestation that is larger is not read."""
_LISTEN = "/moby.buildkit.v1.Control/ListenBuildHistory"
_WORKERS = "/moby.buildkit.v1.Control/ListWorkers"
_READ = "/containerd.services.content.v1.Content/Read"
_DELETED = 2
_OLD = frozenset({Status.UNIMPLEMENTED, Status.UNKNOWN})
"""How a BuildKit answers that does not have the call; dockerd before 23.0 knows no more than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedBuild:
    """A build of the history, with the blobs that its record names."""

    record: pb.BuildHistoryRecord
    blobs: Mapping[str, bytes]
    """By digest: the log and the attestations, each checked; what is missing or damaged is left out."""
    worker: str = ""
    """Id of the BuildKit, as a recorder sees it. That of an engine's own BuildKit is the engine's in the
    graphdriver store, and another one in the containerd store."""


def read_build_history(
    way: Way, address: str, *, is_buildkit: bool = False, newest: int = 0
) -> tuple[RememberedBuild, ...]:
    """The builds that an engine or a BuildKit remembers and that have ended, newest first.

    ``newest`` of them at most, 0 for all.
    ``is_buildkit``: ``way`` leads to a BuildKit itself, not to a Docker Engine.
    Raises: EngineError when it cannot be asked or keeps no history.
    """
    try:
        return asyncio.run(_read(way, address, is_buildkit, newest))
    except GRPCError as error:
        if error.status in _OLD:
            raise EngineError(
                f"the BuildKit at {address} keeps no history of its builds",
                hint="it takes BuildKit 0.11 or Docker Engine 23.0; record builds there (layerfork why PATH) "
                "or keep their logs (layerfork history FILE)",
            ) from error
        raise EngineError(
            f"the BuildKit at {address} does not show its history: {error.message or error.status.name}",
            hint="look at the engine's log",
        ) from error
    except (StreamTerminatedError, ConnectionError, EOFError) as error:
        raise EngineError(
            f"the connection to {address} closed while its build history was read: {error}",
            hint="look at the engine's log",
        ) from error
    except TimeoutError as error:
        raise EngineError(
            f"the BuildKit at {address} did not show its history in {ANSWER_LIMIT_S:.0f} s",
            hint="ask for fewer builds: --limit 20",
        ) from error


async def _read(way: Way, address: str, is_buildkit: bool, newest: int) -> tuple[RememberedBuild, ...]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(asyncio.timeout(ANSWER_LIMIT_S))
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lf-", dir=_short())))
        opened = _direct(way, address) if is_buildkit else upgraded(way, address, "/grpc")
        engine = await stack.enter_async_context(opened)
        await stack.enter_async_context(reachable_at(place / "grpc", engine))
        channel = await stack.enter_async_context(Channel(path=str(place / "grpc")))
        records = await _listed(channel)
        worker = await _worker(channel)
        return tuple([await _with_blobs(channel, each, worker) for each in records[: newest or None]])


def _short() -> str | None:
    """Where paths of sockets are short enough."""
    return None if len(tempfile.gettempdir()) < 60 else "/tmp"


@asynccontextmanager
async def _direct(way: Way, address: str) -> AsyncIterator[Streams]:
    """A connection to a BuildKit, which speaks gRPC at once. Raises: EngineError."""
    try:
        sock = await asyncio.to_thread(way if callable(way) else lambda: open_socket(way))
    except OSError as error:
        raise unreachable(address, error) from error
    sock.settimeout(None)
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        yield reader, writer
    finally:
        writer.close()


async def _listed(channel: Channel) -> list[pb.BuildHistoryRecord]:
    """Those that have ended, newest first: a build that still runs has no log yet."""
    listen = UnaryStreamMethod(channel, _LISTEN, pb.BuildHistoryRequest, pb.BuildHistoryEvent)
    events = await listen(pb.BuildHistoryRequest(early_exit=True))
    records = [
        each.record for each in events if each.type != _DELETED and each.record.HasField("completed_at")
    ]
    return sorted(records, key=lambda each: (each.created_at.seconds, each.created_at.nanos), reverse=True)


async def _worker(channel: Channel) -> str:
    ask = UnaryUnaryMethod(channel, _WORKERS, pb.Empty, pb.ListWorkersResponse)
    answer = await ask(pb.Empty())
    return next((each.id.decode(errors="replace") for each in answer.record), "")


async def _with_blobs(channel: Channel, record: pb.BuildHistoryRecord, worker: str) -> RememberedBuild:
    blobs: dict[str, bytes] = {}
    for descriptor in (record.logs, *attestations_of(record)):
        digest = descriptor.digest.decode(errors="replace")
        if digest and digest not in blobs and descriptor.size <= BLOB_LIMIT_BYTES:
            data = await _blob(channel, descriptor.digest)
            if digest == f"sha256:{sha256(data).hexdigest()}":
                blobs[digest] = data
    return RememberedBuild(record=record, blobs=blobs, worker=worker)


def attestations_of(record: pb.BuildHistoryRecord) -> Sequence[pb.ContentDescriptor]:
    """Of every platform."""
    results = [record.result, *(each.value for each in record.results)]
    return [descriptor for result in results for descriptor in result.attestations]


async def _blob(channel: Channel, digest: bytes) -> bytes:
    """Its bytes; empty when it is gone: BuildKit collects blobs on its own."""
    read = UnaryStreamMethod(channel, _READ, pb.ReadContentRequest, pb.ReadContentResponse)
    try:
        return b"".join(part.data for part in await read(pb.ReadContentRequest(digest=digest)))
    except GRPCError as error:
        if error.status is Status.NOT_FOUND:
            return b""
        raise
