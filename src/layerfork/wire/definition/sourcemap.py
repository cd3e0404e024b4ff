"""Which Dockerfile lines a vertex comes from, and the Dockerfile's text, by the definition's source map.

Source: moby/buildkit solver/pb/ops.proto (Source, SourceInfo), client/llb/sourcemap.go @ 73ed6825c.
"""

from collections.abc import Iterable

from layerfork.wire.buildkit import ops_pb2 as pb
from layerfork.wire.buildkit.plain import text


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
