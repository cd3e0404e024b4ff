"""What passes between us and a frontend, where no engine is needed to see it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from grpclib.client import Channel, StreamStreamMethod
from grpclib.exceptions import GRPCError
from grpclib.server import Server

from layerfork.builders.api.askfrontend import Question, ask_frontend, rename_directories
from layerfork.builders.api.clientsession import DIFF_COPY, Directories
from layerfork.errors import EngineError
from layerfork.wire.buildkit import control_pb2 as pb
from layerfork.wire.buildkit import ops_pb2 as ops

STAT, REQUEST, DATA, FIN = range(4)


def _digest(raw: bytes) -> bytes:
    return b"sha256:" + sha256(raw).hexdigest().encode()


def _local(name: bytes, session: bytes) -> bytes:
    attrs = [(b"local.session", session), (b"local.sharedkeyhint", name)]
    pairs = [ops.Pair(key=key, value=value) for key, value in attrs]
    return ops.Op(source=ops.SourceOp(identifier=b"local://" + name, attrs=pairs)).SerializeToString()


def _reads(digest: bytes) -> bytes:
    return ops.Op(inputs=[ops.Input(digest=digest)], file=ops.FileOp()).SerializeToString()


def test_a_renamed_directory_gives_every_operation_above_it_another_digest() -> None:
    mine, theirs = _local(b"own-0", b"s"), _local(b"lib", b"t")
    image = ops.Op(source=ops.SourceOp(identifier=b"docker-image://alpine")).SerializeToString()
    before = [image, mine, _reads(_digest(mine)), _reads(_digest(_reads(_digest(mine))))]
    after = [image, theirs, _reads(_digest(theirs)), _reads(_digest(_reads(_digest(theirs))))]
    definition = ops.Definition(
        ops=before,
        metadata=[ops.MetadataEntry(digest=_digest(raw)) for raw in before],
        source=ops.Source(locations=[ops.LocationsEntry(digest=_digest(before[3]))]),
    )
    rename_directories(definition, {"own-0": "lib"}, "t")
    assert list(definition.ops) == after
    assert [each.digest for each in definition.metadata] == [_digest(raw) for raw in after]
    assert definition.source.locations[0].digest == _digest(after[3])


def test_a_renamed_directory_stays_where_it_stood_in_the_operation() -> None:
    """BuildKit 0.25 writes the source last."""

    def written(name: bytes) -> bytes:
        platform = ops.Op(platform=ops.Platform(os=b"linux")).SerializeToString()
        return platform + _local(name, b"s")

    definition = ops.Definition(ops=[written(b"own")])
    rename_directories(definition, {"own": "context"}, "")
    assert list(definition.ops) == [written(b"context")]


def test_a_directory_is_sent_as_engines_ask_for_it(tmp_path: Path) -> None:
    files = {"b": b"two", "a/c": b"x" * 100_000, "empty": b""}
    told, contents = asyncio.run(_receive(tmp_path / "s", files, "own"))
    assert told == ["a", "a/c", "b", "empty"]
    assert contents == {"a/c": b"x" * 100_000, "b": b"two", "empty": b""}


def test_a_directory_of_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GRPCError, match="there is no directory 'context' to send"):
        asyncio.run(_receive(tmp_path / "s", {}, "context"))


async def _receive(path: Path, files: dict[str, bytes], name: str) -> tuple[list[str], dict[str, bytes]]:
    server = Server([Directories({"own": files})])
    await server.start(path=str(path))
    told: list[str] = []
    contents: dict[str, bytes] = {}
    try:
        async with Channel(path=str(path)) as channel:
            call = StreamStreamMethod(channel, DIFF_COPY, pb.Packet, pb.Packet)
            async with call.open(metadata={"dir-name": name}) as stream:
                await stream.send_request()
                while (packet := await stream.recv_message()) is not None and packet.HasField("stat"):
                    told.append(packet.stat.path.decode())
                    if not packet.stat.mode >> 31:
                        contents[told[-1]] = b""
                for path_ in contents:
                    await stream.send_message(pb.Packet(type=REQUEST, id=told.index(path_)))
                    while (packet := await stream.recv_message()) is not None and packet.data:
                        contents[path_] += packet.data
                await stream.send_message(pb.Packet(type=FIN), end=True)
                last = await stream.recv_message()
                assert last is not None
                assert last.type == FIN
    finally:
        server.close()
        await server.wait_closed()
    return told, contents


@contextmanager
def _answers(path: Path, answer: bytes) -> Iterator[None]:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        sock, _ = listening.accept()
        with sock:
            sock.recv(4096)
            sock.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        listening.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "it answers HTTP/1.1 404 Not Found to /session",
        ),
        (b"", "it answers nothing to /session"),
        (b"x" * 200_000, "it answers nothing to /session"),
    ],
)
def test_what_is_no_buildkit_is_said(tmp_path: Path, answer: bytes, said: str) -> None:
    path = tmp_path / "s"
    with _answers(path, answer), pytest.raises(EngineError, match=said):
        ask_frontend(path, f"unix://{path}", Question(dockerfile=b"FROM scratch\n"))


def test_where_nothing_listens_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="there is no socket"):
        ask_frontend(tmp_path / "s", f"unix://{tmp_path}/s", Question())
