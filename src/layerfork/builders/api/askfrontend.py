"""Gets the definition of a build from an engine's frontend, as buildx does, without building it."""

import asyncio
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from grpclib.client import Channel, UnaryStreamMethod, UnaryUnaryMethod
from grpclib.exceptions import GRPCError, StreamTerminatedError
from grpclib.server import Server

from layerfork.builders.api.clientsession import (
    METHODS,
    Directories,
    Files,
    HealthService,
    reachable_at,
    served_at,
    upgraded,
)
from layerfork.errors import EngineError
from layerfork.wire.buildkit import control_pb2 as pb
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.control import BUILD_ID, result_definitions
from layerfork.wire.buildkit.fields import text
from layerfork.wire.proxy.sockets import Way

# The request to a frontend.


class FrontendRefusedError(Exception):
    """The frontend refused to make a definition; the message is the engine's own."""


def _new_name() -> str:
    return f"layerfork-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A Dockerfile and everything else that a client sends to a frontend."""

    frontend: str = "dockerfile.v0"
    options: Mapping[str, str] = field(default_factory=dict)
    """The frontend's attributes as BuildKit names them (``build-arg:A``); none that names a directory."""
    dockerfile: bytes = b""
    """Its text; ``filename`` among the options says what it is called."""
    ignored: bytes = b""
    """The text of the ignore file of the main context, empty for none."""
    named_ignored: Mapping[str, bytes] = field(default_factory=dict)
    """Ignore files of named contexts on the client's disk, by what the options call their directories."""
    entitlements: tuple[str, ...] = ()
    session: str = field(default_factory=lambda: secrets.token_hex(12))
    shown_session: str = ""
    """The session that operations which read directories are to name; empty for the real one. With that of a
    recorded build, operations that are the same have the same digests."""
    own_name: str = field(default_factory=_new_name)
    """Begins the names under which the engine knows directories. What it keeps of them is then known to be of
    this question, and is removed."""


# Directories of a definition under the names that clients give them, and the digests that come of it.

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


# Source: moby/buildkit client/{build,solve}.go, frontend/gateway/grpcclient/client.go,
# frontend/dockerui/{config,context}.go @ v0.8.2 to v0.32.2; docker/buildx build/build.go @ v0.29.1.

ANSWER_LIMIT_S = 300.0
"""A frontend that the Dockerfile names may have to be fetched."""
_PING_LIMIT_S = 15.0
_ENDING_LIMIT_S = 3.0
"""For each of the two things that are left to do in the end, also of a question that was interrupted."""
_LETTING_GO_S = 0.02
_CONTROL = "/moby.buildkit.v1.Control/"
_BRIDGE = "/moby.buildkit.v1.frontend.LLBBridge/"


def ask_frontend(way: Way, docker_host: str, question: Question) -> dict[str, ops.Definition]:
    """The definitions that the frontend makes, by platform; by ``""`` when it names none.

    They name the client's directories as clients do: ``context``, and named ones as the options have them.
    Nothing is evaluated but the Dockerfile and ignore files, which are read.
    Raises: FrontendRefusedError for what the frontend does not take; EngineError when the engine cannot be
    asked.
    """
    try:
        return asyncio.run(_ask(way, docker_host, question))
    except (StreamTerminatedError, ConnectionError, EOFError) as error:
        raise EngineError(
            f"the engine at {docker_host} closed the connection before its frontend answered: {error}",
            hint="look at the engine's log",
        ) from error
    except TimeoutError as error:
        raise EngineError(
            f"the frontend of the engine at {docker_host} did not answer within {ANSWER_LIMIT_S:.0f} s",
            hint="predict without --ask-engine",
        ) from error


def directories_of(question: Question) -> dict[str, str]:
    """What the engine is to call a directory, and what clients call it."""
    own = question.own_name
    return {own: "dockerfile"} | {
        f"{own}-{number}": name for number, name in enumerate(question.named_ignored)
    }


async def _ask(way: Way, docker_host: str, question: Question) -> dict[str, ops.Definition]:
    async with AsyncExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lf-", dir=_short())))
        await stack.enter_async_context(asyncio.timeout(ANSWER_LIMIT_S))
        server = Server([Directories(_sent(question)), HealthService()])
        await server.start(path=str(place / "session"))
        stack.push_async_callback(_close, server)
        session = await stack.enter_async_context(
            upgraded(way, docker_host, "/session", _session_headers(question))
        )
        await stack.enter_async_context(served_at(place / "session", session))
        engine = await stack.enter_async_context(upgraded(way, docker_host, "/grpc"))
        await stack.enter_async_context(reachable_at(place / "grpc", engine))
        channel = await stack.enter_async_context(Channel(path=str(place / "grpc")))
        try:
            return await _solve(channel, question)
        finally:
            await _remove_copies(channel, question)


async def _close(server: Server) -> None:
    server.close()
    await server.wait_closed()


def _short() -> str | None:
    """Where paths of sockets are short enough."""
    return None if len(tempfile.gettempdir()) < 60 else "/tmp"


def _session_headers(question: Question) -> list[tuple[str, str]]:
    methods = [("X-Docker-Expose-Session-Grpc-Method", each) for each in METHODS]
    return [
        *methods,
        ("X-Docker-Expose-Session-Uuid", question.session),
        ("X-Docker-Expose-Session-Name", "layerfork"),
        ("X-Docker-Expose-Session-Sharedkey", question.own_name),
    ]


def _sent(question: Question) -> dict[str, Files]:
    """Beside the Dockerfile an ignore file of its name, which is read instead of the context's: so the
    context is not asked for. An empty one would count as none."""
    name = question.options.get("filename", "Dockerfile")
    own = {name: question.dockerfile, f"{name}.dockerignore": question.ignored or b"\n"}
    found = {each: {".dockerignore": text} for each, text in question.named_ignored.items()}
    return {here: found.get(there, own) for here, there in directories_of(question).items()}


async def _solve(channel: Channel, question: Question) -> dict[str, ops.Definition]:
    """The build is opened, its frontend asked, and an empty result handed back: nothing is left to do."""
    ref = secrets.token_hex(12)
    solve = UnaryUnaryMethod(channel, f"{_CONTROL}Solve", pb.SolveRequest, pb.SolveResponse)
    request = pb.SolveRequest(
        ref=ref.encode(),
        session=question.session.encode(),
        entitlements=[each.encode() for each in question.entitlements],
        cache=pb.CacheOptions(),
        internal=True,
    )
    opened = asyncio.create_task(solve(request))
    asked = asyncio.create_task(_through_bridge(channel, ref, question))
    try:
        await asyncio.wait((opened, asked), return_when=asyncio.FIRST_COMPLETED)
        if opened.done() and not asked.done():
            await opened  # it was refused at once: that says more than the bridge would
        definitions = await asked
        await opened
    except GRPCError as error:
        raise FrontendRefusedError(error.message or error.status.name) from error
    finally:
        for task in (opened, asked):
            task.cancel()
        await asyncio.gather(opened, asked, return_exceptions=True)
    return definitions


async def _through_bridge(channel: Channel, ref: str, question: Question) -> dict[str, ops.Definition]:
    metadata = {BUILD_ID: ref}
    ping = UnaryUnaryMethod(channel, f"{_BRIDGE}Ping", pb.Empty, pb.Empty)
    ask = UnaryUnaryMethod(channel, f"{_BRIDGE}Solve", pb.BridgeSolveRequest, pb.BridgeSolveResponse)
    hand_back = UnaryUnaryMethod(channel, f"{_BRIDGE}Return", pb.ReturnRequest, pb.Empty)
    async with asyncio.timeout(_PING_LIMIT_S):
        await ping(pb.Empty(), metadata=metadata)
    request = pb.BridgeSolveRequest(
        frontend=question.frontend.encode(),
        frontend_opt=[
            ops.Pair(key=_bytes(key), value=_bytes(value)) for key, value in _options(question).items()
        ],
        allow_result_return=True,
        allow_result_array_ref=True,
    )
    try:
        answer = await ask(request, metadata=metadata)
    finally:
        async with asyncio.timeout(_ENDING_LIMIT_S):
            await hand_back(pb.ReturnRequest(result=pb.Result(ref=pb.Ref())), metadata=metadata)
    definitions = result_definitions(answer.result)
    for definition in definitions.values():
        rename_directories(definition, directories_of(question), question.shown_session)
    return definitions


async def _remove_copies(channel: Channel, question: Question) -> None:
    """Remove the engine's copies of what was read, known by names that nothing else has: then its cache has
    nothing of the question. The engine lets go of them soon after its answer, not before.

    Source: moby/buildkit cache/manager.go:{DiskUsage,prune} @ v0.8.3 to v0.13.2, where no prune knows a
    description.
    """
    usage = UnaryUnaryMethod(channel, f"{_CONTROL}DiskUsage", pb.DiskUsageRequest, pb.DiskUsageResponse)
    prune = UnaryStreamMethod(channel, f"{_CONTROL}Prune", pb.PruneRequest, pb.Empty)
    names = [f'description=="local source for {each}"'.encode() for each in directories_of(question)]
    with suppress(GRPCError, StreamTerminatedError, OSError):  # TimeoutError is an OSError
        async with asyncio.timeout(_ENDING_LIMIT_S):
            while left := (await usage(pb.DiskUsageRequest(filter=names))).record:
                await prune(pb.PruneRequest(filter=[b"id==" + each.id for each in left], all=True))
                await asyncio.sleep(_LETTING_GO_S)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _options(question: Question) -> dict[str, str]:
    """With the names of directories."""
    names = {here: name for name, here in directories_of(question).items()}
    options = {
        key: f"local:{names[value.removeprefix('local:')]}"
        if key.startswith("context:") and value.removeprefix("local:") in question.named_ignored
        else value
        for key, value in question.options.items()
    }
    return {**options, "dockerfilekey": names["dockerfile"]}
