"""Holds a definition against what the engine says it executes."""

from collections.abc import Mapping
from dataclasses import replace

from layerfork.record.llb import Definition
from layerfork.record.record import Gap
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.steps.names import is_internal, read_label


def verify(definition: Definition, vertices: Mapping[str, VertexState]) -> tuple[Definition, tuple[Gap, ...]]:
    """The definition, marked as verified when every step that Status reported is one of its ops.

    A step that is none of them, or has other inputs, contradicts our reading and is a gap. One that
    bears the name of an op that never ran is no contradiction: builds at the same time whose keys turn
    out equal, though their digests differ by the session, share the run of one of them.
    Source: moby/buildkit solver/scheduler.go:mergeTo, v0.8 to v0.25.
    """
    ops = {op.digest: op for op in definition.ops}
    unstarted = {each.name for each in vertices.values() if each.digest in ops and each.started_ns is None}
    gaps: list[Gap] = []
    checked = 0
    for state in vertices.values():
        op = ops.get(state.digest)  # type: ignore[call-overload]
        if op is None:
            foreign = read_label(state.name) is not None and not is_internal(state.name)
            if foreign and state.name not in unstarted:
                gaps.append(
                    Gap(where=f"vertex {state.digest}", what="a step that the definition does not hold")
                )
            continue
        checked += 1
        if state.inputs and set(state.inputs) != {each.digest for each in op.inputs}:
            gaps.append(
                Gap(where=f"vertex {state.digest}", what="its inputs are not those of the definition")
            )
    return replace(definition, digests_verified=bool(checked) and not gaps), tuple(gaps)
