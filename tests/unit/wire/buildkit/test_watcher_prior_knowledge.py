"""Connections that speak HTTP/2 from the first byte, as Engine 29.2 and later offer on their socket.

Beside the transcript of such an engine: gRPC's own implementation (C core) plays engine and client
through the real proxy, with its framing, its header compression and its gzip.
"""

import importlib
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from layerfork.record.record import BuildOutcome, StepStatus
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.buildkitbuild import BuildKitParts, read_build
from layerfork.wire.buildkit.watcher import BuildKitWatcher
from layerfork.wire.http.http1 import Http1Tap
from layerfork.wire.proxy.listener import Proxy
from layerfork.wire.redact import Redactor

grpc: Any = importlib.import_module("grpc")
"""It comes with the development packages and has no types; without it these tests fail."""

TalkFactory = Callable[..., Any]

CONTROL = "/moby.buildkit.v1.Control/"
BRIDGE = "/moby.buildkit.v1.frontend.LLBBridge/"
DOCKERFILE = b"FROM alpine\nRUN make\n" + b"# padding\n" * 20_000
"""Longer than many frames, so that messages are cut."""


RUN = ops.Op(exec=ops.ExecOp(meta=ops.Meta(args=[b"/bin/sh", b"-c", b"make"]))).SerializeToString()
RUN_DIGEST = f"sha256:{sha256(RUN).hexdigest()}".encode()


def definition() -> ops.Definition:
    context = ops.Op(source=ops.SourceOp(identifier=b"local://context"))
    found = ops.Definition(ops=[context.SerializeToString(), RUN])
    found.source.infos.add(filename=b"Dockerfile", data=DOCKERFILE)
    lines = ops.Range(start=ops.Position(line=2), end=ops.Position(line=2))
    found.source.locations.add(
        digest=RUN_DIGEST, locations=ops.Locations(locations=[ops.Location(ranges=[lines])])
    )
    return found


class Engine:
    """The calls of a BuildKit daemon, answered as one build would be."""

    def __init__(self) -> None:
        self.to_client: list[bytes] = []
        self.from_client = b""

    def service(self, call: Any) -> Any:
        handlers = {
            CONTROL + "Solve": grpc.unary_unary_rpc_method_handler(self.solve),
            CONTROL + "Status": grpc.unary_stream_rpc_method_handler(self.status),
            CONTROL + "ListWorkers": grpc.unary_unary_rpc_method_handler(self.workers),
            CONTROL + "Session": grpc.stream_stream_rpc_method_handler(self.session),
            BRIDGE + "Solve": grpc.unary_unary_rpc_method_handler(self.bridge),
        }
        return handlers.get(call.method)

    def workers(self, request: bytes, context: Any) -> bytes:
        return control.ListWorkersResponse(record=[control.WorkerRecord(id=b"worker-1")]).SerializeToString()

    def solve(self, request: bytes, context: Any) -> bytes:
        answer = ops.Pair(key=b"containerimage.digest", value=b"sha256:abc")
        return control.SolveResponse(exporter_response=[answer]).SerializeToString()

    def status(self, request: bytes, context: Any) -> Iterator[bytes]:
        for cached in (False, True):
            vertex = control.StatusVertex(
                digest=RUN_DIGEST,
                name=b"[2/2] RUN make",
                cached=cached,
                started=control.Timestamp(seconds=1),
                completed=control.Timestamp(seconds=2),
            )
            yield control.StatusResponse(vertexes=[vertex]).SerializeToString()

    def bridge(self, request: bytes, context: Any) -> bytes:
        result = control.Result(ref=control.Ref(definition=definition()))
        return control.BridgeSolveResponse(result=result).SerializeToString()

    def session(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        for data in self.to_client:
            yield control.BytesMessage(data=data).SerializeToString()
        for request in requests:
            self.from_client += control.BytesMessage.FromString(request).data


class Tunnel:
    """Takes what both ends of a session say, to be sent through a call."""

    def __init__(self) -> None:
        self.client: list[bytes] = []
        self.engine: list[bytes] = []

    def client_sent(self, data: bytes) -> None:
        self.client.append(bytes(data))

    def engine_sent(self, data: bytes) -> None:
        self.engine.append(bytes(data))


def build(channel: Any, tunnel: Tunnel) -> None:
    """What a client does: open its session, solve, follow the status."""

    def call(kind: str, path: str) -> Any:
        return getattr(channel, kind)(path, request_serializer=bytes, response_deserializer=bytes)

    sending: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    session = call("stream_stream", CONTROL + "Session")(
        iter(sending.get, None), metadata=(("x-docker-expose-session-uuid", "s1"),)
    )
    for _ in tunnel.engine:
        next(session)
    for data in tunnel.client:
        sending.put(control.BytesMessage(data=data).SerializeToString())
    sending.put(None)
    assert list(session) == []

    call("unary_unary", CONTROL + "ListWorkers")(b"")
    call("unary_unary", BRIDGE + "Solve")(
        control.BridgeSolveRequest(
            frontend=b"dockerfile.v0", frontend_opt=[ops.Pair(key=b"build-arg:A", value=b"1" * 50_000)]
        ).SerializeToString(),
        metadata=(("buildkit-controlapi-buildid", "ref-1"),),
    )
    status = call("unary_stream", CONTROL + "Status")(control.StatusRequest(ref=b"ref-1").SerializeToString())
    assert len(list(status)) == 2
    call("unary_unary", CONTROL + "Solve")(
        control.SolveRequest(ref=b"ref-1", session=b"s1").SerializeToString()
    )


def recorded(directory: Path, tunnel: Tunnel, compression: Any) -> list[BuildKitParts]:
    engine = Engine()
    engine.to_client = tunnel.engine
    server = grpc.server(ThreadPoolExecutor(4), compression=compression)
    server.add_generic_rpc_handlers((engine,))
    address = directory / "engine.sock"
    assert server.add_insecure_port(f"unix:{address}")
    server.start()
    watcher = BuildKitWatcher()
    try:
        with Proxy(
            directory / "proxy.sock", address, lambda: Http1Tap(lambda _: None, watcher.upgraded)
        ) as proxy:
            with grpc.insecure_channel(f"unix:{proxy.listen}", compression=compression) as channel:
                build(channel, tunnel)
            assert proxy.wait_idle(10)
    finally:
        server.stop(0).wait()
    assert engine.from_client == b"".join(tunnel.client)
    return [read_build(each, Redactor(b"key")) for each in watcher.finished()]


@pytest.mark.parametrize("gzip", [False, True])
def test_a_build_is_recorded(tmp_path: Path, gzip: bool, talk_on: TalkFactory) -> None:
    tunnel = Tunnel()
    session = talk_on(tunnel, engine_calls=True)
    number = session.call("moby.filesync.v1.FileSync/DiffCopy", ("dir-name", "context"))
    session.response(number, control.Packet(stat=control.Stat(path=b"a.txt", mode=0o644, size=3)))
    session.response(number, b"")
    session.response(number, control.Packet(type=2, data=b"abc"))
    session.response(number, control.Packet(type=2))
    session.end(number)

    (parts,) = recorded(tmp_path, tunnel, grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression)

    assert parts.gaps == ()
    assert parts.builder_instance == "worker-1"
    assert parts.request.dockerfile == DOCKERFILE.decode()
    assert parts.request.build_args == (("A", "1" * 50_000),)
    assert parts.result.outcome is BuildOutcome.SUCCEEDED
    assert parts.result.image_id == "sha256:abc"
    assert parts.definition is not None
    assert parts.definition.digests_verified
    assert [(step.line, step.status) for step in parts.steps] == [(2, StepStatus.HIT)]
    assert parts.context is not None
    assert [(entry.name, entry.size) for entry in parts.context.entries] == [("a.txt", 3)]
    assert parts.context.complete
