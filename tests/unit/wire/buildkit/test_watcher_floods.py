"""Floods of calls: each kind is bounded where it is kept, and the record says what was not looked at."""

import struct
from typing import Any

import pytest

from layerfork.wire.buildkit import control as following
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit import session as filesync
from layerfork.wire.buildkit import session as guarded
from layerfork.wire.buildkit import watcher as watching
from layerfork.wire.buildkit.buildkitbuild import read_build
from layerfork.wire.http.grpc import MAX_MESSAGE_BYTES
from layerfork.wire.redact import Redactor

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
        "request not understood: GrpcError: too many messages are incomplete"
    ]


def test_a_method_of_any_length_is_no_text_of_a_record(watched: Any) -> None:
    talk = watched.control()
    talk.call("m" * 500)
    talk.whole(SOLVE, control.SolveRequest(ref=b"r", frontend=b"f"), control.SolveResponse())
    [build] = watched.watcher.close()
    assert [gap.what for gap in build.connection.gaps] == [
        "a call was skipped: the name of its method has 501 characters"
    ]
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
    [build] = watched.watcher.finished()  # it does not wait for what is not looked at
    assert list(build.vertices) == ["sha256:a", "sha256:b"]
    assert [gap.what for gap in build.connection.gaps] == [
        "response not understood: StatusError: it has more vertices than the limit"
    ]


def test_a_build_that_ended_makes_room_while_others_run(
    watched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_MAX_REQUEST_BYTES", 3_000)
    talk = watched.control()
    talk.request(talk.call(SOLVE), control.SolveRequest(ref=b"running", frontend=b"f"))
    for turn in range(5):
        request = control.SolveRequest(ref=b"%d" % turn, frontend=b"f" * 2_000)
        talk.whole(SOLVE, request, control.SolveResponse())
        [build] = watched.watcher.finished()
        assert build.ref == str(turn)
        assert not build.connection.gaps


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
        assert "larger than the limit" in builds[0].connection.gaps[0].what


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
        "WatcherError: a session has more calls than the limit"
    ] * 2


def test_paths_of_any_length_are_bounded_together(watched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesync, "MAX_SESSION_BYTES", 1_000)
    talk = watched.session("s")
    for count in (1, 2):  # together: of the second transfer one path is left
        number = talk.call("moby.filesync.v1.FileSync/DiffCopy", ("dir-name", "context"))
        for _ in range(count):
            talk.response(number, control.Packet(stat=control.Stat(path=b"p" * 400)))
    session = watched.watcher.session("s")
    assert [len(sync.stats) for sync in session.syncs] == [1, 1]
    assert "more paths and files than the limit" in session.connection.gaps[0].what


def test_a_file_that_was_not_listed_is_none(watched: Any) -> None:
    talk = watched.session("s")
    number = talk.call("moby.filesync.v1.FileSync/DiffCopy", ("dir-name", "context"))
    talk.response(number, control.Packet(stat=control.Stat(path=b"p")))
    for identifier in (0, 1):
        talk.response(number, control.Packet(type=2, id=identifier))
    session = watched.watcher.session("s")
    assert list(session.syncs[0].digests) == [0]
    assert "a file that was not listed" in session.connection.gaps[0].what


def test_ids_of_secrets_are_bounded_and_what_is_missing_is_said(
    watched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded, "_MAX_SECRET_IDS", 2)
    talk = watched.session("s")
    for name in (b"a", b"a", b"b", b"a", b"c", b"d" * 5_000):
        talk.whole(guarded.GET_SECRET, control.GetSecretRequest(id=name), b"")
    session = watched.watcher.session("s")
    assert session.secret_ids == {"a", "b"}
    assert [gap.what.partition("Error: ")[2] for gap in session.connection.gaps] == [
        "there are more ids of secrets than the limit",
        "the id of a secret is too long to be kept",
    ]


def test_sessions_that_ended_are_kept_for_a_while(watched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_MAX_CLOSED_SESSIONS", 3)
    for number in range(6):
        talk = watched.session(f"s{number}")
        talk.call("moby.filesync.v1.FileSync/DiffCopy", ("dir-name", "context"))
        talk.close()
    still_open = watched.session("open")
    names = [*(f"s{number}" for number in range(6)), "open"]
    sessions = {name: watched.watcher.session(name) for name in names}
    assert [name for name, session in sessions.items() if session.syncs] == ["s3", "s4", "s5"]
    gone = [name for name, session in sessions.items() if session.connection.gaps]
    assert gone == ["s0", "s1", "s2"]
    assert [gap.what for gap in sessions["s0"].connection.gaps] == [
        "its data was discarded: 3 other sessions ended since"
    ]
    still_open.close()


def test_a_build_says_that_its_session_was_forgotten(watched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_MAX_CLOSED_SESSIONS", 0)
    talk = watched.session("own")
    talk.call("moby.filesync.v1.FileSync/DiffCopy", ("dir-name", "context"))
    talk.close()
    talk = watched.control()
    talk.whole(SOLVE, control.SolveRequest(ref=b"r", session=b"own", frontend=b"f"), control.SolveResponse())
    [build] = watched.watcher.close()
    parts = read_build(build, Redactor(b"key"), lambda manifest: None)
    assert parts.context is None
    assert "its data was discarded: 0 other sessions ended since" in [gap.what for gap in parts.gaps]


def test_large_headers_of_a_connection_are_not_kept(watched: Any) -> None:
    tap = watched.watcher.upgraded("/session", (("User-Agent", "c"), ("X-Large", "x" * 100_000)))
    assert tap is not None
    session = watched.watcher.session("")
    assert session.connection.headers == (("User-Agent", "c"),)
    assert [gap.what for gap in session.connection.gaps] == [
        "100018 bytes of headers: only the short ones are kept"
    ]
