"""Where the operations of a definition come from, and which vertices the engine executes for them."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from hashlib import sha256

from google.protobuf.message import DecodeError

from layerfork.record.llb import Definition, LLBOp
from layerfork.record.record import Gap
from layerfork.wire.buildkit import ops_pb2 as pb
from layerfork.wire.buildkit.fields import text
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.buildkit.vertices import is_internal, read_label

# Which Dockerfile lines a vertex comes from, and the Dockerfile's text, by the definition's source map.
#
# Source: moby/buildkit solver/pb/ops.proto (Source, SourceInfo), client/llb/sourcemap.go @ 73ed6825c.


def read_lines(source: pb.Source, dockerfile_name: str) -> dict[str, tuple[int, ...]]:
    """First line, from 1, of every instruction that a vertex stands for, by vertex digest, sorted.

    Two equal instructions share a vertex, so a vertex may have several.
    """
    wanted = _positions(source, dockerfile_name)
    found: dict[str, tuple[int, ...]] = {}
    for entry in source.locations:
        lines = {
            min(each.start.line for each in location.ranges)
            for location in entry.locations.locations
            if location.ranges and location.source_index in wanted
        }
        if lines:
            found[text(entry.digest)] = tuple(sorted(lines))
    return found


def read_dockerfile(parts: Iterable[pb.Definition], dockerfile_name: str) -> bytes | None:
    """The Dockerfile's bytes as the frontend read them, or None when no source map holds them."""
    for part in parts:
        for position in sorted(_positions(part.source, dockerfile_name)):
            if part.source.infos[position].data:
                return part.source.infos[position].data
    return None


def _positions(source: pb.Source, dockerfile_name: str) -> set[int]:
    """Which of the map's files are the Dockerfile: those of its name, else the first."""
    named = {
        position
        for position, info in enumerate(source.infos)
        if dockerfile_name and _base(text(info.filename)) == _base(dockerfile_name)
    }
    return named or set(range(min(1, len(source.infos))))


def _base(path: str) -> str:
    return path.rpartition("/")[2]


# Digests of vertices in a build whose RUNs reach the network through BuildKit's own proxy.
#
# The proxy is asked for with the build or set for the daemon. It marks the vertex of every RUN that has a
# network, and so all that builds on it has another digest than its bytes. The mark enters no cache key: a
# build with the proxy and one without share all steps.
# Source: moby/buildkit solver/llbsolver/{vertex,network}.go:{recomputeDigests,proxyNetworkForOp} and
# solver/llbsolver/ops/exec.go:CacheMap @ v0.31.0 and v0.32.2; no proxy before.

_MARK = b"\0buildkit.proxy-network.v0"
_NONE = 2
"""``NetMode`` of a RUN without a network."""


def proxied_digests(definitions: Iterable[pb.Definition], seen: Container[str]) -> Mapping[str, str]:
    """Digest by digest of an op's bytes, where they differ; empty for a build without the proxy.

    ``seen`` holds the digests of the vertices that the engine reported: they tell which it is.
    """
    own: dict[str, bytes] = {}
    for definition in definitions:
        own |= {_digest(raw): raw for raw in definition.ops}
    found: dict[str, str] = {}
    for digest in own:
        _follow(digest, own, found)
    changed = {digest: marked for digest, marked in found.items() if digest != marked}
    return changed if any(marked in seen for marked in changed.values()) else {}


def _follow(digest: str, own: Mapping[str, bytes], found: dict[str, str]) -> None:
    """Compute a digest once those of all that it builds on are known."""
    waiting = [digest]
    while waiting:
        current = waiting[-1]
        op = _read(own[current])
        inputs = [each for each in map(text, (each.digest for each in op.inputs)) if each in own]
        unknown = [each for each in inputs if each not in found and each not in waiting]
        if unknown:
            waiting.append(unknown[0])
            continue
        waiting.pop()
        raw = own[current]
        for each in inputs:
            raw = raw.replace(each.encode(), found.get(each, each).encode())
        is_marked = op.WhichOneof("op") == "exec" and op.exec.network != _NONE
        found.setdefault(current, _digest(raw + _MARK if is_marked else raw))


def _read(raw: bytes) -> pb.Op:
    try:
        return pb.Op.FromString(raw)
    except DecodeError:
        return pb.Op()


def _digest(raw: bytes) -> str:
    return "sha256:" + sha256(raw).hexdigest()


# Holds a definition against what the engine says it executes.


def verify(definition: Definition, vertices: Mapping[str, VertexState]) -> tuple[Definition, tuple[Gap, ...]]:
    """The definition, marked as verified when every step that Status reported is one of its ops.

    A step that is none of them, or has other inputs, contradicts our reading and is a gap. One that
    bears the name of an op that never ran is no contradiction: builds at the same time whose keys turn
    out equal, though their digests differ by the session, share the run of one of them.
    Source: moby/buildkit solver/scheduler.go:mergeTo, v0.8 to v0.25.
    """
    ops = {str(op.digest): op for op in definition.ops}
    known = [state for state in vertices.values() if state.digest in ops]
    unstarted = {state.name for state in known if state.started_ns is None}
    gaps: list[Gap] = []
    for state in vertices.values():
        op = ops.get(state.digest)
        what = ""
        if op is not None:
            what = _other_inputs(op, state)
        elif _is_step(state) and state.name not in unstarted:
            what = "a step that the definition does not hold"
        if what:
            gaps.append(Gap(where=f"vertex {state.digest}", what=what))
    return replace(definition, digests_verified=bool(known) and not gaps), tuple(gaps)


def _other_inputs(op: LLBOp, state: VertexState) -> str:
    if state.inputs and set(state.inputs) != {each.digest for each in op.inputs}:
        return "its inputs are not those of the definition"
    return ""


def _is_step(state: VertexState) -> bool:
    return read_label(state.name) is not None and not is_internal(state.name)
