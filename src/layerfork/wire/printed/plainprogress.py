"""What buildx and docker print of a BuildKit build with ``--progress plain``.

Every line of a vertex begins with its number, also what its commands print, which has a time behind it; so
nothing that a command prints can be taken for the builder's.
Source: moby/buildkit util/progress/progressui/printer.go @ v0.8.3 to 73ed6825c (0.8 prints digests too);
docker/buildx util/progress/printer.go (``building with``), commands/bake.go and util/progress/writer.go:
WithPrefix (names of several targets) @ v0.10 to v0.29.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from layerfork.record.record import MOST_WORK

_LINE = re.compile(r"#([0-9]{1,7}) (.*)")
_LOG = re.compile(r"[0-9]+\.[0-9]+ ")
_DONE = re.compile(r"DONE(?: ([0-9]+\.[0-9]+)s)?")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ERROR = re.compile(r"(?:.*?(?:ERROR|Error|error): )?(failed to (?:build|solve)\b.*)")
_IMAGE = re.compile(r"(?:writing image|exporting manifest list|exporting manifest) (sha256:[0-9a-f]{64})")
_TARGET = re.compile(r"\[(?P<target>[^\s\]]+)(?:\] | (?P<more>))")
_INTERNAL = re.compile(r"\[(\S+) internal\] load build definition ")
_NO_TARGETS = frozenset({"internal", "auth"})
_WRAPPINGS = re.compile(r"failed to build: |target [^:]+: |failed to solve: |rpc error: code = \w+ desc = ")
_EXPORT = "exporting "
_BYTES = r"[0-9]+(?:\.[0-9]+)?[kMGTPE]?B"
_WORK = re.compile(
    rf"(?P<id>.+?)(?: (?P<moved>{_BYTES})(?: / (?P<total>{_BYTES}))?)?"
    r"(?: (?P<seconds>[0-9]+\.[0-9])s)?(?P<done> done)?"
)
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
_MOST_ID = 1000
"""Characters of a status: longer ones are left out."""
GIT_SOURCE = "load git source "
"""How the vertex of a git context is named.
Source: moby/buildkit frontend/dockerui/context.go (DetectGitContext) @ v0.13.2 and v0.25.2."""
_FETCHED = re.compile(r"[0-9]+\.[0-9]+ ([0-9a-f]{40}(?:[0-9a-f]{24})?)\s+(?:refs/|HEAD$)")
"""What ``git ls-remote`` answers for the ref of a git context.
Source: moby/buildkit source/git/source.go (resolveMetadata) @ v0.13.2 and v0.25.2."""
_NAMED = re.compile(r"load git source \S+#([0-9a-f]{40}(?:[0-9a-f]{24})?)(?::|$)")
MAX_BUILDS = 1000
"""Of one log; later ones are not read."""
_BUILDING = "building with "


@dataclass(slots=True)
class PrintedWork:
    """A status as it was printed last."""

    seconds: float | None = None
    """To a tenth; 0 for a hundredth or less."""
    current: int = 0
    total: int = 0
    """Bytes, rounded as they are printed: to a hundredth of their unit."""


@dataclass(slots=True)
class PrintedVertex:
    """A vertex as its lines left it."""

    number: int
    name: str
    digest: str = ""
    """Only BuildKit 0.8 prints it."""
    ended: str = ""
    """``done``, ``cached``, ``error`` or ``canceled``; empty while it runs."""
    seconds: float | None = None
    """Of a vertex that is done, or was cached and worked on later, to a tenth; all its runs together."""
    error: str = ""
    ran_on: bool = False
    """Its command printed something after the vertex was said to be cached."""
    work: dict[str, PrintedWork] = field(default_factory=dict)
    """By the status's text."""
    commit: str = ""
    """Of a git context: what was fetched, hexadecimal; empty where its lines do not say it."""


@dataclass(slots=True)
class PrintedProgress:
    """One build as it was printed."""

    vertices: dict[int, PrintedVertex] = field(default_factory=dict)
    image_id: str = ""
    error: str = ""
    """The client's final error message; empty for none."""
    shared: bool = False
    """Several targets were built together: what they share was printed once, as if it were one target's."""
    begins_late: bool = False
    """The log begins in the middle of the build."""


def read_builds(lines: Iterable[str]) -> tuple[PrintedProgress, ...]:
    """The builds of a log, one after the other; those of several targets apart."""
    found = [PrintedProgress()]
    for line in lines:
        if len(found) > MAX_BUILDS:
            break
        match = _LINE.fullmatch(line)
        if match is None:
            if (error := _ERROR.fullmatch(line)) and found[-1].vertices:
                found[-1].error = found[-1].error or _unwrapped(error[1])
            continue
        number, rest = int(match[1]), match[2]
        if _begins_anew(found[-1], number, rest):
            found.append(PrintedProgress())
        if number:
            _take(found[-1], number, rest)
    for build in found:
        build.begins_late = min(build.vertices, default=1) > 1
    return tuple(part for build in found[:MAX_BUILDS] if _is_build(build) for part in _targets(build))


def _is_build(build: PrintedProgress) -> bool:
    """Whether the lines are a builder's, not only numbers and words that a command printed."""
    return any(vertex.name.startswith("[") for vertex in build.vertices.values())


def _begins_anew(build: PrintedProgress, number: int, rest: str) -> bool:
    """Whether a line belongs to another build than the one so far."""
    if not build.vertices:
        return False
    if number == 0:
        return rest.startswith(_BUILDING)
    first = build.vertices.get(1)
    if number != 1 or first is None or _is_about(first, rest):
        return False
    return bool(first.ended) and rest.startswith("[") and (len(build.vertices) > 1 or rest != first.name)


def _is_about(vertex: PrintedVertex, rest: str) -> bool:
    """Whether a line belongs to a vertex: every line but a name, and its own name while it runs."""
    return not rest.startswith("[") or (rest == vertex.name and not vertex.ended)


_ENDS = {"CACHED": "cached", "CANCELED": "canceled"}


def _take(build: PrintedProgress, number: int, rest: str) -> None:
    vertex = build.vertices.get(number)
    if vertex is None:
        if rest != "...":
            build.vertices[number] = PrintedVertex(number, rest)
        return
    if _LOG.match(rest) or rest == vertex.name:
        if GIT_SOURCE in vertex.name and (fetched := _FETCHED.match(rest)):
            vertex.commit = fetched[1]
        vertex.ran_on = vertex.ran_on or (vertex.ended == "cached" and rest != vertex.name)
        return
    if rest.startswith("[") and not vertex.name.startswith("["):
        # The log begins inside of the vertex: its name came before, and is printed again after a pause.
        vertex.name = rest
        return
    if match := _DONE.fullmatch(rest):
        if vertex.ended != "cached" or vertex.ran_on:  # else its layers were fetched
            vertex.ended = "done"
        vertex.seconds = float(match[1]) if match[1] else None
    elif rest in _ENDS:
        vertex.ended = _ENDS[rest]
    elif rest.startswith("ERROR: "):
        vertex.ended, vertex.error = "error", rest.removeprefix("ERROR: ")
    elif _DIGEST.fullmatch(rest) and not vertex.digest:
        vertex.digest = rest
    else:
        _take_work(vertex, rest)
        if vertex.name.startswith(_EXPORT) and (image := image_of(rest)):
            build.image_id = image


def _take_work(vertex: PrintedVertex, rest: str) -> None:
    """A line such as ``writing layer sha256:… 1.05MB / 1.05MB 0.3s done``; one without anything behind its id
    says only that something began."""
    match = _WORK.fullmatch(rest)
    if match is None or match.end("id") == len(rest) or match.end("id") > _MOST_ID:
        return
    name = match["id"]
    if name not in vertex.work and len(vertex.work) >= MOST_WORK:
        return
    seconds = float(match["seconds"]) if match["seconds"] else (0.0 if match["done"] else None)
    vertex.work[name] = PrintedWork(seconds, _bytes(match["moved"]), _bytes(match["total"]))


def _bytes(printed: str | None) -> int:
    if not printed:
        return 0
    number = printed.rstrip("kMGTPEB")
    return round(float(number) * _UNITS[printed[len(number) : -1]])


def commit_of(name: str) -> str:
    """The commit that a vertex of a git context names; empty for a ref, and for any other vertex."""
    match = _NAMED.search(name)
    return match[1] if match is not None else ""


def image_of(status: str) -> str:
    """The image that a status says was written; empty for any other. Of several the last counts."""
    match = _IMAGE.match(status)
    return match[1] if match is not None else ""


def _unwrapped(error: str) -> str:
    """The builder's own message, without what its callers put before it."""
    while match := _WRAPPINGS.match(error):
        error = error[match.end() :]
    return error


def _targets(build: PrintedProgress) -> Iterator[PrintedProgress]:
    """A build of several targets, taken apart: their vertices bear the targets' names."""
    if not any(_INTERNAL.match(vertex.name) for vertex in build.vertices.values()):
        yield build
        return
    parts: dict[str, PrintedProgress] = {}
    for number, vertex in build.vertices.items():
        match = _TARGET.match(vertex.name)
        name = match["target"] if match is not None else "internal"
        if match is not None and name not in _NO_TARGETS:
            part = parts.setdefault(
                name, PrintedProgress(error=build.error, shared=True, begins_late=build.begins_late)
            )
            vertex.name = ("" if match["more"] is None else "[") + vertex.name[match.end() :]
            part.vertices[number] = vertex
    only = next(iter(parts.values())) if len(parts) == 1 else None
    if only is not None:
        only.image_id, only.shared = build.image_id, False
    yield from parts.values()
