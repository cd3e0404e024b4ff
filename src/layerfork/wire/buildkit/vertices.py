"""Vertices of a build: what their names say, and their states as status messages report them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from layerfork.record.context import Digest
from layerfork.record.record import MOST_WORK, Vertex, Work
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.fields import text, texts
from layerfork.wire.buildkit.observed import MAX_VERTICES, ObservedSession, VertexState, WorkState
from layerfork.wire.redact import Redactor

# What the name of a vertex says.
#
# Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go (prefixCommand),
# frontend/dockerui/config.go (WithInternalName), v0.8 to 73ed6825c (2026-08).

_LABEL = re.compile(r"\[(?P<label>[^\]]*+)\] (?P<instruction>.*)", re.DOTALL)
_NUMBER = re.compile(r"(?P<number>\d{1,9})/(?P<total>\d{1,9})")
_PLATFORM = re.compile(r"[a-z0-9]+/[A-Za-z0-9/._-]+(?:->[A-Za-z0-9/._-]+)?")
_ENGINE_OWN = (
    "exporting ",
    "importing cache",
    "preparing layers for inline cache",
    "resolve image config for ",
    "resolving provenance",
    "copy /context /",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLabel:
    """The bracket before an instruction: ``[linux/arm64 build 2/6] RUN make``."""

    platform: str = ""
    """Only in builds for several platforms: what it runs on, ``->`` and what it is for when they differ."""
    stage: str = ""
    """Name of the stage, ``stage-N`` for a nameless one; empty when there is one stage only."""
    number: int
    total: int
    instruction: str


def read_label(name: str) -> StepLabel | None:
    """The parts of a step's name, or None when the vertex is no step of a Dockerfile."""
    match = _LABEL.fullmatch(name)
    words = match["label"].split() if match is not None else []
    numbers = _NUMBER.fullmatch(words.pop()) if words else None
    if match is None or numbers is None:
        return None
    platform = words.pop(0) if words and _PLATFORM.fullmatch(words[0]) else ""
    return StepLabel(
        platform=platform,
        stage=" ".join(words),
        number=int(numbers["number"]),
        total=int(numbers["total"]),
        instruction=match["instruction"],
    )


def is_internal(name: str) -> bool:
    """Whether a vertex is work of the engine or the frontend that no instruction names."""
    return name.startswith(("[internal]", "[auth]", "[context ", *_ENGINE_OWN))


_SECOND_NS = 1_000_000_000
_MOST_ID_BYTES = 1000
"""Of a status: one with a longer id is left out. BuildKit's longest have a digest and a reference."""
_MOST_RUNS = 20
"""Of one status."""
_WORK_EXTRA = 400
"""What Python needs beside the id, in bytes."""
_MOST_WORK_OF_BUILD = 5_000


def follow(vertices: dict[str, VertexState], status: control.StatusResponse) -> int:
    """Take in one message of vertices and statuses; returns the bytes that new statuses keep in memory.

    A vertex may run several times in one build; what counts is its last run. Announcements without
    times (the vertex was loaded once more) do not undo a run, and neither does work on a result that
    is there already.
    """
    for seen in status.vertexes:
        digest = text(seen.digest)
        state = vertices.get(digest)
        if state is None:
            if len(vertices) >= MAX_VERTICES:
                continue
            state = vertices[digest] = VertexState(digest)
        if _is_work_on_a_result(state, seen):
            continue
        _take(state, seen)
    return sum(_follow_work(vertices, each) for each in status.statuses)


def _follow_work(vertices: Mapping[str, VertexState], seen: control.VertexStatus) -> int:
    """Take in one status; of the bytes of equal ids in one vertex the last count."""
    state = vertices.get(text(seen.vertex))
    if state is None or len(seen.ID) > _MOST_ID_BYTES:
        return 0
    name = text(seen.ID)
    work, new_bytes = state.work.get(name), 0
    if work is None:
        if len(state.work) >= MOST_WORK:
            return 0
        work = state.work[name] = WorkState()
        new_bytes = len(name) + _WORK_EXTRA
    if seen.HasField("started"):
        _run(work, seen)
    work.current = max(seen.current, 0)
    work.total = max(seen.total, 0)
    return new_bytes


def _take(state: VertexState, seen: control.StatusVertex) -> None:
    state.name = text(seen.name) or state.name
    state.inputs = texts(seen.inputs) or state.inputs
    started, completed = seen.HasField("started"), seen.HasField("completed")
    if started or completed:
        state.started_ns = _nanoseconds(seen.started) if started else None
        state.completed_ns = _nanoseconds(seen.completed) if completed else None
        state.cached = seen.cached
        state.error = text(seen.error)
    else:
        state.cached = state.cached or seen.cached
        state.error = text(seen.error) or state.error


def _is_work_on_a_result(state: VertexState, seen: control.StatusVertex) -> bool:
    """Whether files of a known result are only now merged or fetched, because a later step reads them.

    BuildKit reports that as a run of the vertex that is not cached, also for a vertex that was; but
    unlike a run it names no inputs.
    Source: moby/buildkit util/progress/controller/controller.go:Start and cache/refs.go:unlazyDiffMerge
    @ v0.10.0 to v0.32.2.
    """
    if seen.cached or seen.inputs or not seen.HasField("started"):
        return False
    return bool(state.inputs) or (state.cached and state.completed_ns is not None and not state.error)


def first_start_ns(vertices: Iterable[VertexState]) -> int | None:
    """When the first vertex started by the engine's clock: the zero of a record's times."""
    return min((state.started_ns for state in vertices if state.started_ns is not None), default=None)


def read_vertices(
    states: Mapping[str, VertexState], own: frozenset[str] | None, redactor: Redactor
) -> tuple[Vertex, ...]:
    """The vertices in the order of their first appearance.

    ``own`` holds the digests of the build's definition; None when there is none, then names decide
    what is internal.
    """
    zero = first_start_ns(states.values())
    left = _MOST_WORK_OF_BUILD
    works: list[tuple[Work, ...]] = []
    for state in states.values():
        works.append(_works(state, zero, left, redactor))
        left -= len(works[-1])
    return tuple(
        Vertex(
            digest=Digest(state.digest),
            name=redactor.clean(state.name),
            inputs=tuple(map(Digest, state.inputs)),
            started_s=seconds_since(zero, state.started_ns),
            completed_s=seconds_since(zero, state.completed_ns),
            cached=state.cached,
            error=redactor.clean(state.error),
            internal=is_internal(state.name) or (own is not None and state.digest not in own),
            work=work,
        )
        for state, work in zip(states.values(), works, strict=True)
    )


def _run(work: WorkState, seen: control.VertexStatus) -> None:
    """Take in the times of a status.

    BuildKit reports the last state of each id, ten times a second: where a layer is written again right
    after it was written, nothing says when the first time ended. It ended when the next began.
    Source: moby/buildkit util/progress/progress.go (progressReader.Read) @ v0.13.2 and v0.32.2.
    """
    completed = seen.HasField("completed")
    started_ns = _nanoseconds(seen.started)
    ended_ns = _nanoseconds(seen.completed if completed else seen.timestamp)
    if work.open_ns is not None and work.open_ns < started_ns:
        work.runs[work.open_ns] = max(work.runs[work.open_ns], started_ns)
    if started_ns in work.runs or len(work.runs) < _MOST_RUNS:
        work.runs[started_ns] = max(ended_ns, started_ns)
        work.open_ns = None if completed else started_ns


_WRITING = "writing "
_SENDING = "sending tarball"


def add_sizes(states: Iterable[VertexState], session: ObservedSession) -> None:
    """Give the bytes that a build's session carried to the statuses that are about them and say none.

    Source: moby/buildkit cache/remotecache/export.go (``writing layer``, ``writing config``, ``writing cache
    image manifest``), exporter/oci/export.go (``sending tarball``) @ v0.13.2 and v0.32.2.
    """
    sending = []
    for state in states:
        for name, work in state.work.items():
            if name.startswith(_WRITING):
                work.current = work.total = session.written.get(name.rpartition(" ")[2], 0) or work.current
            elif name == _SENDING:
                sending.append(work)
    if len(sending) == len(session.tarballs) == 1:
        sending[0].current = sending[0].total = session.tarballs[0]


def _works(state: VertexState, zero_ns: int | None, most: int, redactor: Redactor) -> tuple[Work, ...]:
    return tuple(
        Work(
            id=redactor.clean(name),
            started_s=seconds_since(zero_ns, min(work.runs, default=None)),
            seconds=_seconds_of(work.runs),
            current=work.current,
            total=work.total,
        )
        for name, work in islice(state.work.items(), most)
    )


def _seconds_of(runs: Mapping[int, int]) -> float | None:
    """What the runs took together, what they have in common once; None for no run."""
    covered_ns = until_ns = 0
    for started_ns, ended_ns in sorted(runs.items()):
        covered_ns += max(ended_ns - max(started_ns, until_ns), 0)
        until_ns = max(until_ns, ended_ns)
    return round(covered_ns / _SECOND_NS, 6) if runs else None


def seconds_since(zero_ns: int | None, at_ns: int | None) -> float | None:
    """Seconds between two points of the engine's clock, to the microsecond."""
    if at_ns is None:
        return None
    return round((at_ns - (zero_ns or 0)) / _SECOND_NS, 6)


def _nanoseconds(stamp: control.Timestamp) -> int:
    return stamp.seconds * _SECOND_NS + stamp.nanos
