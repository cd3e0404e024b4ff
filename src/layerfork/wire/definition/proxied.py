"""Digests of vertices in a build whose RUNs reach the network through BuildKit's own proxy.

The proxy is asked for with the build or set for the daemon. It marks the vertex of every RUN that has a
network, and so all that builds on it has another digest than its bytes. The mark enters no cache key: a
build with the proxy and one without share all steps.
Source: moby/buildkit solver/llbsolver/{vertex,network}.go:{recomputeDigests,proxyNetworkForOp} and
solver/llbsolver/ops/exec.go:CacheMap @ v0.31.0 and v0.32.2; no proxy before.
"""

from collections.abc import Container, Iterable, Mapping
from hashlib import sha256

from google.protobuf.message import DecodeError

from layerfork.wire.buildkit import ops_pb2 as pb
from layerfork.wire.buildkit.plain import text

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
