"""A definition against the vertices that the engine reported."""

from layerfork.record.context import Digest
from layerfork.record.llb import Definition, LLBInput, LLBOp
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.buildkit.sourcemap import verify

MINE, BASE, OTHERS = (Digest(f"sha256:{letter * 64}") for letter in "abc")
NAME = "[2/2] COPY data.txt /"
GRAPH = Definition(
    ops=(
        LLBOp(digest=BASE, kind="source"),
        LLBOp(digest=MINE, kind="file", inputs=(LLBInput(digest=BASE, index=0),)),
    )
)


def ran(digest: str, name: str = NAME, *inputs: str) -> VertexState:
    return VertexState(digest, name, inputs, started_ns=1, completed_ns=2)


def test_the_run_of_a_build_at_the_same_time_is_no_contradiction() -> None:
    states = (ran(BASE, "[1/2] FROM alpine"), VertexState(MINE, NAME, (BASE,)), ran(OTHERS, NAME, BASE))
    definition, gaps = verify(GRAPH, {state.digest: state for state in states})
    assert gaps == ()
    assert definition.digests_verified


def test_a_step_beside_one_that_ran_contradicts_the_definition() -> None:
    states = (ran(MINE, NAME, BASE), ran(OTHERS, NAME, BASE))
    definition, gaps = verify(GRAPH, {state.digest: state for state in states})
    assert [gap.where for gap in gaps] == [f"vertex {OTHERS}"]
    assert not definition.digests_verified


def test_other_inputs_contradict_the_definition() -> None:
    definition, gaps = verify(GRAPH, {MINE: ran(MINE, NAME, OTHERS)})
    assert [gap.what for gap in gaps] == ["its inputs are not those of the definition"]
    assert not definition.digests_verified
