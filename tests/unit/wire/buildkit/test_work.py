"""Statuses of vertices: what BuildKit says that it moves, writes and waits for."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from transcripts.framed import Frame, Transcript
from transcripts.replay import replay

from layerfork.record.record import MOST_WORK, Vertex, Work
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.buildkitbuild import BuildKitParts
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.buildkit.vertices import follow, read_vertices
from layerfork.wire.history.historyrecord import StoredProgress, read_json_progress
from layerfork.wire.http.grpc import CallStatus, GrpcCall, GrpcStream, Room
from layerfork.wire.http.http2 import Http2Connection
from layerfork.wire.proxy.tap import Bytes, Headers
from layerfork.wire.redact import Redactor

DIGEST = "sha256:" + "4" * 64
TRANSCRIPTS = (
    "docker-26.1.5-engine-26.1.5-dir",
    "docker-28.5.2-engine-28.5.2-containerd-export",
    "docker-28.5.2-engine-28.5.2-containerd-features",
    "buildx-0.36.1-engine-29.7.2-dir",
)


def at(seconds: int, nanos: int = 0) -> control.Timestamp:
    return control.Timestamp(seconds=seconds, nanos=nanos)


def status(name: str, **rest: Any) -> control.VertexStatus:
    return control.VertexStatus(ID=name.encode(), vertex=b"v", **rest)


def followed(*messages: list[control.VertexStatus]) -> dict[str, VertexState]:
    states: dict[str, VertexState] = {}
    vertex = control.StatusVertex(digest=b"v", name=b"exporting cache to registry", started=at(100))
    follow(states, control.StatusResponse(vertexes=[vertex]))
    for statuses in messages:
        follow(states, control.StatusResponse(statuses=statuses))
    return states


def read(states: dict[str, VertexState]) -> Vertex:
    (vertex,) = read_vertices(states, None, Redactor(b"key"))
    return vertex


def test_the_last_report_of_a_status_counts() -> None:
    layer = f"writing layer {DIGEST}"
    vertex = read(
        followed(
            [status(layer, started=at(101), timestamp=at(101))],
            [status("sha256:aa", current=5, total=20, started=at(101), timestamp=at(102))],
            [status("sha256:aa", current=20, total=20, started=at(101), completed=at(104, 5 * 10**8))],
            [status(layer, started=at(101), completed=at(103), timestamp=at(109))],
        )
    )
    assert vertex.work == (
        Work(id=layer, started_s=1.0, seconds=2.0),
        Work(id="sha256:aa", started_s=1.0, seconds=3.5, current=20, total=20),
    )


def test_what_did_not_end_lasted_until_it_was_reported_last() -> None:
    vertex = read(followed([status("pushing layers", started=at(102), timestamp=at(107))]))
    assert vertex.work == (Work(id="pushing layers", started_s=2.0, seconds=5.0),)


def test_runs_of_one_status_add_up() -> None:
    """BuildKit 0.13 writes a layer twice that two steps have: the second time it is there already."""
    layer = f"writing layer {DIGEST}"
    runs = ((101, 104), (106, 106), (102, 105), (101, 104))
    statuses = [status(layer, started=at(begin), completed=at(end)) for begin, end in runs]
    open_runs = [status(layer, started=at(begin), timestamp=at(begin)) for begin, _ in runs[:2]]
    vertex = read(followed(open_runs, statuses, [status(layer, started=at(108), timestamp=at(110))]))
    assert vertex.work == (Work(id=layer, started_s=1.0, seconds=4.0 + 0.0 + 2.0),)


def test_a_run_whose_end_was_not_reported_ended_when_the_next_began() -> None:
    first = status("writing layer x", started=at(101), timestamp=at(101))
    again = status("writing layer x", started=at(105), completed=at(105, 1000), timestamp=at(105, 1000))
    assert read(followed([first], [again])).work == (
        Work(id="writing layer x", started_s=1.0, seconds=4.000001),
    )


def test_many_runs_are_bounded() -> None:
    statuses = [status("x", started=at(100 + each), completed=at(101 + each)) for each in range(10_000)]
    assert read(followed(statuses)).work == (Work(id="x", started_s=0.0, seconds=20.0),)


def test_without_a_start_no_time_is_known() -> None:
    vertex = read(followed([status("transferring", current=7, timestamp=at(107))]))
    assert vertex.work == (Work(id="transferring", current=7),)


def test_a_status_of_no_vertex_is_nothing() -> None:
    states = followed([control.VertexStatus(ID=b"x", vertex=b"other", started=at(1))])
    assert read(states).work == ()


def test_floods_are_bounded() -> None:
    many = [status(f"layer {number}", started=at(100)) for number in range(3 * MOST_WORK)]
    long = [status("x" * 100_000, started=at(100))]
    negative = [status("layer 0", started=at(100), current=-5, total=-(1 << 63))]
    work = read(followed(long, many, negative)).work
    assert len(work) == MOST_WORK
    assert work[0] == Work(id="layer 0", started_s=0.0, seconds=0.0)


def test_a_record_holds_a_bounded_number_over_all_vertices() -> None:
    states: dict[str, VertexState] = {}
    for number in range(30):
        name = str(number).encode()
        statuses = [control.VertexStatus(ID=str(each).encode(), vertex=name) for each in range(MOST_WORK)]
        vertex = control.StatusVertex(digest=name, name=name)
        follow(states, control.StatusResponse(vertexes=[vertex], statuses=statuses))
    vertices = read_vertices(states, None, Redactor(b"key"))
    assert len(vertices) == 30
    assert sum(len(vertex.work) for vertex in vertices) == 5_000


def test_credentials_in_a_status_are_hidden() -> None:
    name = "pushing manifest for https://robot:planted-pass-7@registry.example.com/app:cache"
    (work,) = read(followed([status(name, started=at(100))])).work
    assert "planted-pass-7" not in work.id
    assert work.id.startswith("pushing manifest for ")


def test_statuses_of_rawjson() -> None:
    lines = [
        '{"vertexes":[{"digest":"v","name":"exporting to image","started":"2026-01-01T00:00:00Z"}]}',
        (
            '{"statuses":[{"id":"exporting layers","vertex":"v","name":"n","current":3,"total":9,'
            '"timestamp":"2026-01-01T00:00:09Z","started":"2026-01-01T00:00:01.25Z",'
            '"completed":"2026-01-01T00:00:03.750000001Z"}]}'
        ),
        '{"statuses":[{"id":"odd","vertex":"v","current":"many","total":1e99}]}',
    ]
    progress = StoredProgress()
    assert read_json_progress(lines, progress) == []
    assert progress.said == ["exporting layers", "odd"]
    assert read(progress.vertices).work == (
        Work(id="exporting layers", started_s=1.25, seconds=2.5, current=3, total=9),
        Work(id="odd"),
    )


# Statuses in real traffic, decoded here by BuildKit's numbers of fields and none of our messages.
#
# Source: moby/buildkit api/services/control/control.proto (StatusResponse, VertexStatus) @ v0.8 to v0.32.2.


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_statuses_of_real_builds(
    name: str, load: Callable[[str], Transcript], builds: Callable[[str], list[BuildKitParts]]
) -> None:
    said: dict[tuple[str, str], tuple[int, int, float | None]] = {}
    for raw in _messages(load(name).frames, "moby.buildkit.v1.Control/Status")[1]:
        for number, value in _fields(raw):
            if number == 2:
                found = dict(_fields(value))
                started, ended = (_seconds(found.get(each)) for each in (7, 8))
                lasted = ended - started if started is not None and ended is not None else None
                key = found[2].decode(), found[1].decode()
                said[key] = found.get(4, 0), found.get(5, 0), lasted
    read_back = {
        (str(vertex.digest), work.id): (work.current, work.total, work.seconds)
        for build in builds(name)
        for vertex in build.vertices
        for work in vertex.work
    }
    assert said
    assert read_back.keys() == said.keys()
    for key, (current, total, lasted) in said.items():
        if key[1] != "sending tarball":  # its bytes are the session's
            assert read_back[key][:2] == (current, total)
        if lasted is not None:
            assert read_back[key][2] == pytest.approx(lasted, abs=2e-6)


def _fields(raw: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        if tag & 7 == 0:
            value, at = _varint(raw, at)
            yield tag >> 3, value
        else:
            assert tag & 7 == 2
            size, at = _varint(raw, at)
            yield tag >> 3, raw[at : at + size]
            at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _seconds(stamp: bytes | None) -> float | None:
    if stamp is None:
        return None
    found = dict(_fields(stamp))
    return float(found.get(1, 0)) + float(found.get(2, 0)) / 1e9


Sides = tuple[list[bytes], list[bytes]]
"""Requests and responses."""


def _messages(frames: Sequence[Frame], method: str) -> Sides:
    """The messages of all calls of a method, outside of tunnels."""
    found: Sides = ([], [])
    replay(frames, lambda path, headers: _Listener(found, method, engine_calls=path.endswith("session")))
    return found


class _Listener:
    def __init__(self, found: Sides, method: str, engine_calls: bool) -> None:
        self._found, self._method = found, method
        http2 = Http2Connection(self._open)
        self.client_sent, self.engine_sent = http2.initiator_sent, http2.acceptor_sent
        if engine_calls:
            self.client_sent, self.engine_sent = http2.acceptor_sent, http2.initiator_sent

    def _open(self, headers: Headers) -> GrpcStream | None:
        method = dict(headers)[":path"].removeprefix("/")
        if method != self._method:
            return None
        call = GrpcCall(method=method, metadata=headers)
        return GrpcStream(call, _Keeper(self._found), lambda where, what: None, Room())

    def client_closed(self) -> None: ...
    def engine_closed(self) -> None: ...
    def lost(self, reason: str) -> None: ...


class _Keeper:
    def __init__(self, found: Sides) -> None:
        self._found = found

    def request(self, message: Bytes) -> None:
        self._found[0].append(bytes(message))

    def response(self, message: Bytes) -> None:
        self._found[1].append(bytes(message))

    def ended(self, status: CallStatus) -> None: ...


# Bytes that a session carried: the engine writes blobs of a local cache, and sends an image as one file.


def test_the_sizes_of_a_local_cache(builds: Callable[[str], list[BuildKitParts]]) -> None:
    """Of a builder in a container: BuildKit's own answer says how large the manifest is."""
    (exporting,) = [
        build for build in builds("buildx-0.36.1-buildkitd-0.32.2-container-driver") if build.request.cache_to
    ]
    manifest = json.loads(dict(exporting.result.exporter)["cache.manifest"])
    sizes = {
        work.id.rpartition(" ")[2]: work.current
        for vertex in exporting.vertices
        if vertex.name == "exporting cache to client directory"
        for work in vertex.work
        if work.id.startswith("writing ")
    }
    assert sizes[manifest["digest"]] == manifest["size"]
    assert len(sizes) == 4
    assert all(sizes.values())


SEND = "moby.filesync.v1.FileSend/DiffCopy"
WRITE = "containerd.services.content.v1.Content/Write"


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_a_tarball_has_the_bytes_of_its_pieces(
    name: str, load: Callable[[str], Transcript], builds: Callable[[str], list[BuildKitParts]]
) -> None:
    pieces = [value for raw in _messages(load(name).frames, SEND)[0] for _, value in _fields(raw)]
    found = [
        work.current
        for build in builds(name)
        for vertex in build.vertices
        for work in vertex.work
        if work.id == "sending tarball"
    ]
    assert found == ([sum(map(len, pieces))] if pieces else [])
    assert bool(pieces) == (name == "docker-28.5.2-engine-28.5.2-containerd-export")


def solved(watched: Any, *statuses: str) -> Vertex:
    """The vertex with these statuses of the one build, whose session is ``s``."""
    control_talk = watched.control()
    number = control_talk.call("moby.buildkit.v1.Control/Solve")
    control_talk.request(number, control.SolveRequest(ref=b"r", session=b"s", frontend=b"dockerfile.v0"))
    following = control_talk.call("moby.buildkit.v1.Control/Status")
    control_talk.request(following, control.StatusRequest(ref=b"r"))
    vertex = control.StatusVertex(digest=b"v", name=b"exporting cache to client directory", started=at(1))
    control_talk.response(
        following,
        control.StatusResponse(
            vertexes=[vertex], statuses=[status(name, started=at(1)) for name in statuses]
        ),
    )
    control_talk.end(following)
    control_talk.end(number)
    found: list[BuildKitParts] = watched.parts()
    ((only,),) = [parts.vertices for parts in found]
    return only


def test_only_what_was_committed_has_a_size(watched: Any) -> None:
    session = watched.session("s")
    number = session.call(WRITE)
    session.request(number, b"\x00" * 100_000)
    session.response(number, control.WriteContentResponse(action=1, offset=70_000, digest=b"sha256:open"))
    session.response(number, control.WriteContentResponse(action=2, offset=90_000, digest=b"sha256:whole"))
    session.end(number)
    vertex = solved(
        watched, "writing layer sha256:whole", "writing layer sha256:open", "writing config sha256:x"
    )
    assert [work.current for work in vertex.work] == [90_000, 0, 0]


@pytest.mark.parametrize("size", [1, 126, 127, 128, 16_383, 16_384, 70_000])
@pytest.mark.parametrize("cut", [1, 3, 16_384])
def test_a_file_is_counted_however_its_bytes_come(watched: Any, size: int, cut: int) -> None:
    session = watched.session("s")
    number = session.call(SEND)
    framed = b"".join(
        len(message).to_bytes(5, "big") + message
        for message in (
            control.BytesMessage(data=b"x" * size).SerializeToString(),
            b"",
            control.BytesMessage(data=b"y" * 5).SerializeToString(),
        )
    )
    step = max(cut, len(framed) // 3_000)
    for begin in range(0, len(framed), step):
        session.piece(number, framed[begin : begin + step])
    session.end(number)
    (work,) = solved(watched, "sending tarball").work
    assert work.current == size + 5


@pytest.mark.parametrize("status_code", [0, 1])
def test_a_directory_or_a_cut_file_has_no_size(watched: Any, status_code: int) -> None:
    session = watched.session("s")
    number = session.call(SEND)
    packet = (
        control.Packet(type=2, id=1, data=b"x" * 50) if status_code == 0 else control.BytesMessage(data=b"x")
    )
    session.request(number, packet)
    session.end(number, status_code)
    (work,) = solved(watched, "sending tarball").work
    assert work.current == 0


def test_two_files_are_nobodys(watched: Any) -> None:
    session = watched.session("s")
    for _ in range(2):
        number = session.call(SEND)
        session.request(number, control.BytesMessage(data=b"x"))
        session.end(number)
    (work,) = solved(watched, "sending tarball").work
    assert work.current == 0
