"""Seconds and bytes that a build spent on its cache, and seconds that reuse saved. Nothing is estimated.

BuildKit names the vertices of its own work, and reports a status for each layer that it pulls or writes.
Source: moby/buildkit cache/remotecache/{registry,local,s3,azblob,gha} (Name), solver/llbsolver/bridge.go and
solver.go, util/pull/pullprogress/progress.go, exporter/oci/export.go (Name) @ v0.8.3, v0.13.2 and v0.32.2.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from layerfork.diagnose.compare.sharedcaches import IMPORT_VERTEX, places_of
from layerfork.dockerfile import keyword_of
from layerfork.record.balance import Balance, Transfer, TransferKind, UnreadExport
from layerfork.record.build import Builder
from layerfork.record.record import MOST_WORK, BuildRecord, StepRecord, StepStatus, Vertex, Work

_EXPORTS = ("exporting cache to ", "exporting to GitHub Actions Cache", "exporting cache")
_INLINE = "preparing layers for inline cache"
_LOAD = "exporting to docker image format"
_CONTEXT_VERTICES = ("[internal] load build context", "[context ")
_TRANSFERRING = "transferring "
_FROM = re.compile(r"(?:\[[^\]]*\] )?FROM ", re.IGNORECASE)
_PULLED = re.compile(r"(?:extracting )?sha256:[0-9a-f]{64}")
_WRITING = ("writing ", "pushing ", "sending ")

Interval = tuple[float, float]
"""Begin and end, in seconds since the start of one build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltStep:
    """When a step was built, and how long that took."""

    build: str
    """Names the build: times of two builds have nothing in common."""
    started_s: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moved:
    """A transfer with the times that it is made of; ``when`` is None where only its length is known."""

    transfer: Transfer
    when: tuple[Interval, ...] | None


def weigh(record: BuildRecord, built: Mapping[int, BuiltStep]) -> Balance | None:
    """The balance of a build; None when it moved no cache and sent no image.

    ``built`` has those of its reused steps, by index, whose building is known.
    """
    moved = [*_moved(record)]
    if not any(each.transfer.kind is not TransferKind.CONTEXT for each in moved):
        return None
    costs = [each for each in moved if each.transfer.kind.is_of_cache]
    reused = [step.index for step in record.steps if is_reused(step)]
    timed = [built[index] for index in reused if index in built]
    return Balance(
        transfers=tuple(each.transfer for each in moved),
        cost_s=_cost(costs),
        cost_is_most=len(costs) > 1 and any(each.when is None for each in costs),
        reused=len(reused),
        untimed=len(reused) - len(timed),
        saved_s=_saved(timed) if timed or not reused else None,
    )


def moves_a_cache(record: BuildRecord) -> bool:
    """Whether `weigh` gives a balance, in less time than it takes to compute keys."""
    return any(each.transfer.kind is not TransferKind.CONTEXT for each in _moved(record))


def is_reused(step: StepRecord) -> bool:
    """Whether a cache had the step's result; a FROM has none of its own."""
    return step.status is StepStatus.HIT and keyword_of(step.instruction) != "FROM"


def built_in(record: BuildRecord, name: str = "") -> Mapping[int, BuiltStep]:
    """The steps that a build built, by index, with their times; ``name`` where the record has no id."""
    return {
        step.index: BuiltStep(build=record.id or name, started_s=step.started_s, seconds=step.seconds)
        for step in record.steps
        if step.status is StepStatus.MISS and not step.error
        if step.started_s is not None and step.seconds is not None
    }


def unread_exports(builds: Sequence[tuple[str, BuildRecord]]) -> Iterator[UnreadExport]:
    """The caches that builds exported and no later one asked to import.

    ``builds`` are ids and records, the oldest first.
    A build whose request is unknown may have imported any: nothing is said of what came before it.
    """
    read: set[tuple[str, ...]] = set()
    for later, (name, record) in enumerate(reversed(builds)):
        if any(gap.where == "request" for gap in record.gaps):
            return
        places = places_of(record.request.cache_to)
        took = [each.transfer.seconds for each in _exports(record) if not each.transfer.failed]
        if later and took and places and not read & places:
            known = [each for each in took if each is not None]
            yield UnreadExport(
                id=name,
                recorded_at=record.recorded_at,
                place=", ".join(sorted(" ".join(filter(None, place)) for place in places)),
                seconds=sum(known) if len(known) == len(took) else None,
                later=later,
            )
        read |= places_of(record.request.cache_from)


def length_of(intervals: Iterable[Interval]) -> float:
    """Seconds that intervals cover together."""
    covered, until = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        if end > until:
            covered += end - max(begin, until)
            until = end
    return covered


def _cost(costs: list[_Moved]) -> float | None:
    """The seconds of all; None when those of one are unknown."""
    seconds = [each.transfer.seconds for each in costs]
    if not costs or None in seconds:
        return None
    timed = length_of(interval for each in costs for interval in each.when or ())
    return timed + sum(each.transfer.seconds or 0.0 for each in costs if each.when is None)


def _saved(timed: list[BuiltStep]) -> float:
    """Steps of one build that ran at the same time count once."""
    by_build: dict[str, list[Interval]] = {}
    for step in timed:
        by_build.setdefault(step.build, []).append((step.started_s, step.started_s + step.seconds))
    return float(sum(map(length_of, by_build.values())))


def _moved(record: BuildRecord) -> Iterator[_Moved]:
    if record.builder is Builder.BUILDAH:
        yield from _asked_of_buildah(record)
        return
    yield from _imports(record)
    yield from _pulls(record)
    yield from _exports(record)
    yield from _others(record)


def _asked_of_buildah(record: BuildRecord) -> Iterator[_Moved]:
    """buildah pulls and pushes the layer of each step between the steps, and says no time."""
    for kind, places in (
        (TransferKind.IMPORT, record.request.cache_from),
        (TransferKind.EXPORT, record.request.cache_to),
    ):
        yield from (_Moved(transfer=Transfer(kind=kind, name=place), when=None) for place in places)


def _imports(record: BuildRecord) -> Iterator[_Moved]:
    for vertex in record.vertices:
        if vertex.name.startswith(IMPORT_VERTEX):
            yield _of_vertex(vertex, TransferKind.IMPORT, vertex.name.removeprefix(IMPORT_VERTEX))


def _exports(record: BuildRecord) -> Iterator[_Moved]:
    for vertex in record.vertices:
        if vertex.name.startswith(_EXPORTS):
            name = vertex.name.removeprefix("exporting").removeprefix(" cache").removeprefix(" to ")
            yield _of_vertex(vertex, TransferKind.EXPORT, name)
        elif inline := [work for work in vertex.work if work.id == _INLINE]:
            yield _of_work(inline, TransferKind.EXPORT, "inline cache")


def _pulls(record: BuildRecord) -> Iterator[_Moved]:
    """Layers that were fetched for steps that were reused; those of base images are no cost of a cache."""
    reused = {digest for step in record.steps if is_reused(step) for digest in step.vertices}
    pulling = [
        (vertex, work)
        for vertex in record.vertices
        if vertex.digest in reused or (not vertex.digest and vertex.cached)
        if not (vertex.internal or _FROM.match(vertex.name))
        if (work := [each for each in vertex.work if _PULLED.fullmatch(each.id)])
    ]
    if not pulling:
        return
    moved = _of_work([each for _, work in pulling for each in work], TransferKind.PULL, "")
    seconds = [vertex.seconds for vertex, _ in pulling]
    if moved.when is None and None not in seconds:  # a log: the vertices took no longer than that
        whole = sum(each for each in seconds if each is not None)
        moved = replace(moved, transfer=replace(moved.transfer, seconds=whole))
    yield moved


def _others(record: BuildRecord) -> Iterator[_Moved]:
    for vertex in record.vertices:
        if vertex.name.startswith(_LOAD):
            yield _of_vertex(vertex, TransferKind.LOAD, "")
    sent = [
        work
        for vertex in record.vertices
        if vertex.name.startswith(_CONTEXT_VERTICES)
        for work in vertex.work
        if work.id.startswith(_TRANSFERRING)
    ]
    if sent:
        yield _of_work(sent, TransferKind.CONTEXT, "")


def _of_vertex(vertex: Vertex, kind: TransferKind, name: str) -> _Moved:
    when = _when_of(vertex)
    writing = [work for work in vertex.work if work.id.startswith(_WRITING)]
    transfer = Transfer(
        kind=kind,
        name=name,
        seconds=length_of(when) if when is not None else vertex.seconds,
        size_bytes=_bytes(writing),
        writing_s=_seconds(writing) if writing and kind is TransferKind.EXPORT else None,
        failed=bool(vertex.error),
    )
    return _Moved(transfer=transfer, when=when)


def _of_work(work: list[Work], kind: TransferKind, name: str) -> _Moved:
    transfer = Transfer(kind=kind, name=name, seconds=_seconds(work), size_bytes=_bytes(work))
    return _Moved(transfer=transfer, when=_intervals(work))


def _when_of(vertex: Vertex) -> tuple[Interval, ...] | None:
    """The time of a vertex; of one that was cut, until its last status."""
    if vertex.started_s is None:
        return None
    ends = [
        work.started_s + work.seconds for work in vertex.work if work.started_s is not None and work.seconds
    ]
    end = vertex.completed_s if vertex.completed_s is not None else max(ends, default=None)
    return None if end is None else ((vertex.started_s, max(end, vertex.started_s)),)


def _intervals(work: list[Work]) -> tuple[Interval, ...] | None:
    """None when the begin or the length of one is unknown."""
    known = [
        (each.started_s, each.started_s + max(each.seconds, 0.0))
        for each in work
        if each.started_s is not None and each.seconds is not None
    ]
    return tuple(known) if len(known) == len(work) else None


def _seconds(work: list[Work]) -> float | None:
    """Where nothing shows which of several ran at the same time, nothing is known."""
    intervals = _intervals(work)
    if intervals is not None:
        return length_of(intervals)
    return work[0].seconds if len(work) == 1 else None


def _bytes(work: list[Work]) -> int | None:
    """Bytes of all; None when nothing says how many, or when statuses may be missing."""
    moved = sum(each.current for each in work)
    return moved if moved and len(work) < MOST_WORK else None
