"""BuildKit's own proxy marks the vertices of RUNs: they are found all the same, and keys do not change."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256

import pytest
from transcripts.framed import Transcript
from transcripts.replay import replay

from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.buildkitbuild import read_build
from layerfork.wire.buildkit.observed import ObservedBuild, VertexState
from layerfork.wire.buildkit.sourcemap import proxied_digests
from layerfork.wire.buildkit.watcher import BuildKitWatcher
from layerfork.wire.redact import Redactor

Load = Callable[[str], Transcript]
MARK = b"\x00buildkit.proxy-network.v0"


def digest(data: bytes) -> str:
    return "sha256:" + sha256(data).hexdigest()


def run(network: int, *inputs: str) -> bytes:
    meta = ops.Meta(args=[b"make"])
    op = ops.Op(exec=ops.ExecOp(meta=meta, network=network))
    for each in inputs:
        op.inputs.add(digest=each.encode())
    return op.SerializeToString()


def copy(*inputs: str) -> bytes:
    op = ops.Op(file=ops.FileOp(actions=[ops.FileAction(copy=ops.FileActionCopy(src=b"a"))]))
    for each in inputs:
        op.inputs.add(digest=each.encode())
    return op.SerializeToString()


BASE = ops.Op(source=ops.SourceOp(identifier=b"docker-image://alpine")).SerializeToString()
FIRST = run(0, digest(BASE))
SECOND = copy(digest(FIRST))
THIRD = run(1, digest(SECOND))
"""With the host's network: the proxy speaks from there."""
ALONE = run(2, digest(BASE))
"""Without a network there is nothing to mark."""
GRAPH = ops.Definition(ops=[BASE, FIRST, SECOND, THIRD, ALONE])

MARKED_FIRST = digest(FIRST + MARK)
MARKED_SECOND = digest(copy(MARKED_FIRST))
MARKED_THIRD = digest(run(1, MARKED_SECOND) + MARK)


def test_a_run_is_marked_and_so_is_all_that_builds_on_it() -> None:
    assert proxied_digests([GRAPH], {MARKED_THIRD}) == {
        digest(FIRST): MARKED_FIRST,
        digest(SECOND): MARKED_SECOND,
        digest(THIRD): MARKED_THIRD,
    }


@pytest.mark.parametrize("seen", [set(), {digest(FIRST), digest(ALONE)}])
def test_without_the_proxy_nothing_is_another(seen: set[str]) -> None:
    assert proxied_digests([GRAPH], seen) == {}


def test_what_is_no_op_is_left_to_others() -> None:
    assert proxied_digests([ops.Definition(ops=[b"\xff\xff", FIRST])], {MARKED_FIRST})


def observed(load: Load, name: str) -> ObservedBuild:
    watcher = BuildKitWatcher(clock=lambda: 0.0)
    replay(load(name).frames, watcher.upgraded)
    (build,) = watcher.finished()
    return build


def through_a_proxy(states: Mapping[str, VertexState], marked: Mapping[str, str]) -> dict[str, VertexState]:
    """The vertices as a daemon with the proxy reports them."""
    named = (
        replace(
            state,
            digest=marked.get(state.digest, state.digest),
            inputs=tuple(marked.get(each, each) for each in state.inputs),
        )
        for state in states.values()
    )
    return {state.digest: state for state in named}


def test_a_build_through_the_proxy_is_read_like_any_other(load: Load) -> None:
    build = observed(load, "docker-29.7.2-engine-29.7.2-dir")
    plain = read_build(build, Redactor(b"key"))
    definitions = list((build.returned or build.bridge_definitions).values())
    runs = [op for each in definitions for op in each.ops if ops.Op.FromString(op).WhichOneof("op") == "exec"]
    marked = proxied_digests(definitions, {digest(each + MARK) for each in runs})
    assert marked, "the first RUN builds on nothing that is marked"

    build.vertices = through_a_proxy(build.vertices, marked)
    found = read_build(build, Redactor(b"key"))
    assert found.gaps == plain.gaps == ()
    assert found.definition is not None
    assert found.definition.digests_verified
    assert [(s.line, s.status, s.instruction) for s in found.steps] == [
        (s.line, s.status, s.instruction) for s in plain.steps
    ]
    assert [s.vertices for s in found.steps] != [s.vertices for s in plain.steps]


def test_a_build_without_a_run_has_nothing_to_mark(load: Load) -> None:
    build = observed(load, "docker-28.5.2-engine-28.5.2-containerd-platforms")
    definitions = (build.returned or build.bridge_definitions).values()
    assert proxied_digests(definitions, set(build.vertices)) == {}
