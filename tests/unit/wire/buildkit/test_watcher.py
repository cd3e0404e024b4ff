"""Builds put together from connections; the backlog; what is not understood."""

from typing import Any

import pytest

from layerfork.record.record import BuildOutcome
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.watcher import Backlog, BuildKitWatcher

Watched = Any

CONTROL = "moby.buildkit.v1.Control/"
BRIDGE = "moby.buildkit.v1.frontend.LLBBridge/"


def definition(*args: bytes) -> ops.Definition:
    run = ops.Op(exec=ops.ExecOp(meta=ops.Meta(args=args)))
    return ops.Definition(ops=[run.SerializeToString()])


def test_several_builds_at_a_time_are_told_apart(watched: Watched) -> None:
    talk = watched.control()
    calls = {}
    for ref in ("one", "two"):
        calls[ref] = talk.call(CONTROL + "Solve"), talk.call(CONTROL + "Status")
        talk.request(calls[ref][0], control.SolveRequest(ref=ref.encode()))
        talk.request(calls[ref][1], control.StatusRequest(ref=ref.encode()))
    for ref in ("two", "one"):
        result = control.Result(ref=control.Ref(definition=definition(ref.encode())))
        talk.whole(
            BRIDGE + "Solve",
            control.BridgeSolveRequest(
                frontend=b"dockerfile.v0", frontend_opt=[ops.Pair(key=b"target", value=ref.encode())]
            ),
            control.BridgeSolveResponse(result=result),
            ("buildkit-controlapi-buildid", ref),
        )
        vertex = control.StatusVertex(digest=ref.encode(), name=b"[1/1] RUN " + ref.encode())
        talk.response(calls[ref][1], control.StatusResponse(vertexes=[vertex]))
    talk.end(calls["one"][0])
    talk.end(calls["two"][0], status=2, message="it%20broke")

    assert watched.watcher.finished() == [], "their status streams are still open"
    for ref in ("one", "two"):
        talk.end(calls[ref][1])
    parts = {each.ref: each for each in watched.parts()}

    assert {ref: each.request.target for ref, each in parts.items()} == {"one": "one", "two": "two"}
    assert parts["one"].result.outcome is BuildOutcome.SUCCEEDED
    assert parts["two"].result.error == "it broke"
    for ref, each in parts.items():
        assert each.definition.ops[0].exec.args == (ref,)


def test_what_the_client_returns_counts_before_what_the_frontend_said(watched: Watched) -> None:
    talk = watched.control()
    build = ("buildkit-controlapi-buildid", "ref")
    frontend = control.BridgeSolveRequest(frontend=b"dockerfile.v0")
    answer = control.Result(ref=control.Ref(definition=definition(b"frontend")))
    talk.whole(BRIDGE + "Solve", frontend, control.BridgeSolveResponse(result=answer), build)
    inner = control.Result(ref=control.Ref(definition=definition(b"a part of it")))
    talk.whole(
        BRIDGE + "Solve",
        control.BridgeSolveRequest(definition=definition(b"a part of it")),
        control.BridgeSolveResponse(result=inner),
        build,
    )
    several = control.RefMap(
        refs=[
            control.RefEntry(name=name, ref=control.Ref(definition=definition(name)))
            for name in (b"linux/amd64", b"linux/arm64")
        ]
    )
    returned = control.ReturnRequest(result=control.Result(refs=several))
    solve = talk.call(CONTROL + "Solve")
    talk.request(solve, control.SolveRequest(ref=b"ref"))
    talk.whole(BRIDGE + "Return", returned, control.Result(), build)
    talk.end(solve)
    (parts,) = watched.parts()

    assert [op.exec.args for op in parts.definition.ops] == [("linux/amd64",), ("linux/arm64",)]


def test_the_frontend_counts_when_nothing_was_returned(watched: Watched) -> None:
    talk = watched.control()
    answer = control.Result(ref=control.Ref(definition=definition(b"frontend")))
    talk.whole(
        BRIDGE + "Solve",
        control.BridgeSolveRequest(frontend=b"dockerfile.v0"),
        control.BridgeSolveResponse(result=answer),
        ("buildkit-controlapi-buildid", "ref"),
    )
    (parts,) = watched.parts()

    assert parts.definition.ops[0].exec.args == ("frontend",)
    assert parts.result.outcome is BuildOutcome.CUT
    assert [gap.where for gap in parts.gaps] == ["grpc Control.Solve"]


@pytest.mark.parametrize(
    ("request_", "ends", "why"),
    [
        (control.SolveRequest(ref=b"ref", frontend=b"dockerfile.v0"), True, "without the frontend bridge"),
        (
            control.SolveRequest(ref=b"ref", exporter=b"moby"),
            False,
            "interrupted before the frontend answered",
        ),
        (control.SolveRequest(ref=b"ref", exporter=b"moby"), True, "answer was not seen"),
    ],
)
def test_why_there_is_no_definition(
    watched: Watched, request_: control.SolveRequest, ends: bool, why: str
) -> None:
    talk = watched.control()
    asked = talk.call(BRIDGE + "Solve", ("buildkit-controlapi-buildid", "ref"))
    if not request_.frontend:
        talk.request(asked, control.BridgeSolveRequest(frontend=b"dockerfile.v0"))
    solve = talk.call(CONTROL + "Solve")
    talk.request(solve, request_)
    if ends:
        talk.end(solve)
    talk.close()
    (parts,) = watched.parts()

    assert parts.definition is None
    assert [gap.what for gap in parts.gaps if gap.where == "definition" and why in gap.what]


def test_an_empty_solve_is_no_build(watched: Watched) -> None:
    talk = watched.control()
    talk.whole(CONTROL + "Solve", control.SolveRequest(ref=b"probe"), control.SolveResponse())
    talk.whole(
        BRIDGE + "Return",
        control.ReturnRequest(result=control.Result(ref=control.Ref())),
        control.Result(),
        ("buildkit-controlapi-buildid", "probe"),
    )

    assert watched.parts() == []


def test_a_step_that_the_definition_does_not_hold_is_a_gap(watched: Watched) -> None:
    talk = watched.control()
    status = talk.call(CONTROL + "Status")
    talk.request(status, control.StatusRequest(ref=b"ref"))
    vertex = control.StatusVertex(digest=b"sha256:other", name=b"[1/1] RUN x")
    talk.response(status, control.StatusResponse(vertexes=[vertex]))
    talk.end(status)
    talk.whole(
        CONTROL + "Solve",
        control.SolveRequest(ref=b"ref", definition=definition(b"x")),
        control.SolveResponse(),
    )
    (parts,) = watched.parts()

    assert not parts.definition.digests_verified
    assert [gap.where for gap in parts.gaps if "vertex" in gap.where] == ["vertex sha256:other"]


def test_a_connection_that_is_not_understood_is_a_gap_of_its_builds(watched: Watched) -> None:
    talk = watched.control()
    solve = talk.call(CONTROL + "Solve")
    talk.request(solve, control.SolveRequest(ref=b"ref", frontend=b"dockerfile.v0"))
    talk.tap.engine_sent(b"\x7f" * 200)
    talk.end(solve)
    (parts,) = watched.parts()

    assert parts.result.outcome is BuildOutcome.CUT
    assert parts.gaps[-1].where == "connection 1 (grpc): http2"


def test_a_message_that_is_not_understood_is_a_gap_of_its_builds(watched: Watched) -> None:
    talk = watched.control()
    solve = talk.call(CONTROL + "Solve")
    talk.request(solve, control.SolveRequest(ref=b"ref", frontend=b"dockerfile.v0"))
    broken = talk.call(BRIDGE + "Solve", ("buildkit-controlapi-buildid", "ref"))
    talk.request(broken, b"\xff\xff\xff")
    talk.end(broken)
    talk.end(solve)
    (parts,) = watched.parts()

    assert parts.result.outcome is BuildOutcome.SUCCEEDED
    assert any("LLBBridge/Solve" in gap.where and "DecodeError" in gap.what for gap in parts.gaps)


@pytest.mark.parametrize(("sent", "kept"), [("v0.13.2", "v0.13.2"), ("v0.0.0+unknown-moby", ""), ("", "")])
def test_only_a_version_that_is_one_is_kept(watched: Watched, sent: str, kept: str) -> None:
    talk = watched.control()
    worker = control.WorkerRecord(id=b"w", buildkit_version=control.BuildkitVersion(version=sent.encode()))
    talk.whole(CONTROL + "ListWorkers", control.StatusRequest(), control.ListWorkersResponse(record=[worker]))
    talk.whole(CONTROL + "Solve", control.SolveRequest(ref=b"r", frontend=b"f"), control.SolveResponse())
    (parts,) = watched.parts()

    assert (parts.builder_instance, parts.buildkit_version) == ("w", kept)


def test_a_lost_connection_cuts_its_builds(watched: Watched) -> None:
    talk = watched.control()
    solve = talk.call(CONTROL + "Solve")
    talk.request(solve, control.SolveRequest(ref=b"ref", frontend=b"dockerfile.v0"))
    talk.tap.lost("reset by peer")
    (parts,) = watched.parts()

    assert parts.result.outcome is BuildOutcome.CUT
    assert any(gap.what == "lost: reset by peer" for gap in parts.gaps)


def test_a_cancelled_build_is_cut(watched: Watched) -> None:
    talk = watched.control()
    solve = talk.call(CONTROL + "Solve")
    talk.request(solve, control.SolveRequest(ref=b"ref", frontend=b"dockerfile.v0"))
    talk.end(solve, status=1, message="context canceled")
    (parts,) = watched.parts()

    assert (parts.result.outcome, parts.result.error) == (BuildOutcome.CUT, "context canceled")


@pytest.mark.parametrize(
    "path",
    ["/grpc", "/v1.45/grpc", "/session", "/v1.41/session?x=y", "/v2/grpc/", "/v1.45/exec/1f/start", ""],
)
def test_paths_that_are_decoded(path: str) -> None:
    assert BuildKitWatcher().upgraded(path, ()) is not None


@pytest.mark.parametrize("path", ["/attach", "/v1.45/containers/x/attach", "/grpcx", "/v1.45/exec/1/json"])
def test_paths_that_are_not(path: str) -> None:
    assert BuildKitWatcher().upgraded(path, ()) is None


def test_the_backlog_decodes_in_order_and_within_its_limit() -> None:
    decoded: list[bytes] = []
    now = [0.0]
    backlog = Backlog(limit_bytes=1000, clock=lambda: now[0])
    times: list[float] = []

    def decode(data: bytes) -> None:
        times.append(backlog.now())
        decoded.append(data)

    for number in range(4):
        now[0] = float(number)
        backlog.put(decode, memoryview(bytes([number]) * 100))
    assert [data[0] for data in decoded] == [0]
    now[0] = 99.0
    assert backlog.work(seconds=0.0)
    assert not backlog.work()

    assert [data[0] for data in decoded] == [0, 1, 2, 3]
    assert times == [0.0, 1.0, 2.0, 3.0]
    assert backlog.now() == 99.0


def test_a_build_is_timed_by_the_arrival_of_its_bytes(watched: Watched) -> None:
    now = [10.0]
    watched.watcher = BuildKitWatcher(clock=lambda: now[0])
    talk = watched.control()
    solve = talk.call(CONTROL + "Solve")
    talk.request(solve, control.SolveRequest(ref=b"ref", frontend=b"dockerfile.v0"))
    now[0] = 12.5
    talk.end(solve)
    now[0] = 100.0
    (parts,) = watched.parts()

    assert parts.seconds == 2.5
