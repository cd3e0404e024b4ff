"""Floods of calls: each kind is bounded where it is kept, and the record says what was not looked at."""

import struct
from typing import Any

import pytest

from layerfork.wire.buildkit import control as following
from layerfork.wire.buildkit import watcher as watching
from layerfork.wire.buildkit.session import filesync
from layerfork.wire.http.grpc import MAX_MESSAGE_BYTES
from layerfork.wire.proto import control_pb2 as control

STATUS = "moby.buildkit.v1.Control/Status"
SOLVE = "moby.buildkit.v1.Control/Solve"


def test_calls_that_begin_messages_and_end_none_leave_the_others_alone(watched: Any) -> None:
    talk = watched.control()
    half = MAX_MESSAGE_BYTES - 1
    for _ in range(3):  # two of them fill the room of a connection
        number = talk.call(SOLVE)
        for data in (struct.pack(">BI", 0, half), *[bytes(1 << 20)] * 63):
            talk.piece(number, data)
    talk.whole(SOLVE, control.SolveRequest(ref=b"good", frontend=b"f"), control.SolveResponse())
    talk.close()
    builds = watched.watcher.close()
    assert [build.ref for build in builds] == ["good"]
    assert [gap.what for gap in builds[0].connection.gaps] == [
        "request not understood: GrpcError: too many messages are begun and not ended"
    ]


def test_a_method_of_any_length_is_no_text_of_a_record(watched: Any) -> None:
    talk = watched.control()
    talk.call("m" * 500)
    talk.whole(SOLVE, control.SolveRequest(ref=b"r", frontend=b"f"), control.SolveResponse())
    [build] = watched.watcher.close()
    assert [gap.what for gap in build.connection.gaps] == ["a call of a method of 501 characters was skipped"]
    assert not watched.watcher.skipped


@pytest.mark.parametrize("limit", ["MAX_VERTICES", "MAX_VERTEX_BYTES"])
def test_a_record_says_that_not_every_vertex_was_looked_at(
    watched: Any, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(following, limit, 2 if limit == "MAX_VERTICES" else 200)
    talk = watched.control()
    talk.whole(SOLVE, control.SolveRequest(ref=b"r", frontend=b"f"), control.SolveResponse())
    number = talk.call(STATUS)
    talk.request(number, control.StatusRequest(ref=b"r"))
    for digest in (b"sha256:a", b"sha256:b", b"sha256:c"):
        vertex = control.StatusVertex(digest=digest, name=b"n" * 80)
        talk.response(number, control.StatusResponse(vertexes=[vertex]))
    talk.end(number)
    [build] = watched.watcher.close()
    assert list(build.vertices) == ["sha256:a", "sha256:b"]
    assert [gap.what for gap in build.connection.gaps] == [
        "response not understood: StatusError: it has more vertices than are kept"
    ]


def test_what_open_builds_are_asked_is_bounded(watched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_MAX_REQUEST_BYTES", 3_000)
    for turn in range(3):  # a build that has ended makes room for the next
        talk = watched.control()
        for letter in b"abc":
            request = control.SolveRequest(ref=b"%d%c" % (turn, letter), frontend=b"f" * 1_300)
            talk.whole(SOLVE, request, control.SolveResponse())
        talk.close()
        builds = watched.watcher.finished()
        assert [build.ref for build in builds] == [f"{turn}a", f"{turn}b"]
        assert "asked for more" in builds[0].connection.gaps[0].what


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("moby.filesync.v1.FileSync/DiffCopy", "syncs"),
        ("moby.upload.v1.Upload/Pull", "uploads"),
        ("moby.filesync.v1.Auth/Other%d", "guarded"),
    ],
)
def test_a_session_keeps_so_many_calls(
    watched: Any, monkeypatch: pytest.MonkeyPatch, method: str, kind: str
) -> None:
    monkeypatch.setattr(watching, "_MAX_TRANSFERS", 3)
    talk = watched.session("s")
    for number in range(5):
        talk.call(method % number if "%" in method else method, ("urlpath", f"/{number}"))
    session = watched.watcher.session("s")
    assert len(getattr(session, kind)) == 3
    assert [gap.what for gap in session.connection.gaps] == [
        "WatcherError: a session has more calls than are kept"
    ] * 2


def test_paths_of_any_length_are_bounded_together(watched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesync, "MAX_STAT_BYTES", 1_000)
    talk = watched.session("s")
    number = talk.call("moby.filesync.v1.FileSync/DiffCopy", ("dir-name", "context"))
    for _ in range(3):
        talk.response(number, control.Packet(stat=control.Stat(path=b"p" * 400)))
    session = watched.watcher.session("s")
    assert len(session.syncs[0].stats) == 2
    assert "too many paths" in session.connection.gaps[0].what
