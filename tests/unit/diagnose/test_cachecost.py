"""What a cache cost and what it saved, on builds whose times are written down here."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.diagnose.cachecost import (
    BuiltStep,
    Interval,
    built_in,
    length_of,
    moves_a_cache,
    unread_exports,
    weigh,
)
from layerfork.record.balance import Balance, Transfer, TransferKind
from layerfork.record.build import Builder
from layerfork.record.context import Digest
from layerfork.record.record import (
    MOST_WORK,
    BuildOutcome,
    BuildRecord,
    BuildResult,
    Gap,
    RecordedRequest,
    StepRecord,
    StepStatus,
    Vertex,
    Work,
)

LAYER = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64


def vertex(name: str, start: float | None, end: float | None, *work: Work, **rest: object) -> Vertex:
    facts = {"digest": Digest(f"sha256:{name}"), "internal": not name.startswith("["), **rest}
    return Vertex(name=name, started_s=start, completed_s=end, work=work, **facts)  # type: ignore[arg-type]


def step(
    index: int, instruction: str, status: StepStatus, start: float = 0, seconds: float = 1
) -> StepRecord:
    return StepRecord(
        index=index,
        instruction=instruction,
        status=status,
        vertices=(Digest(f"sha256:[{index}/9] {instruction}"),),
        started_s=start,
        seconds=seconds,
    )


def record(
    *vertices: Vertex, steps: Sequence[StepRecord] = (), builder: Builder = Builder.BUILDKIT
) -> BuildRecord:
    return BuildRecord(
        id="b",
        recorded_at="2026-01-01T00:00:00Z",
        builder=builder,
        vertices=vertices,
        steps=tuple(steps),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


IMPORT = vertex("importing cache manifest from r/app:cache", 1, 3)
EXPORT = vertex(
    "exporting cache to registry",
    20,
    60,
    Work(id="preparing build cache for export", started_s=20, seconds=40),
    Work(id=f"writing layer {LAYER}", started_s=25, seconds=10),
    Work(id=f"writing layer {OTHER}", started_s=35, seconds=20),
    Work(id=f"writing config {OTHER}", started_s=56, seconds=1),
)
FROM = step(1, "FROM alpine", StepStatus.HIT)
REUSED = step(2, "RUN make", StepStatus.HIT)
PULLING = vertex(
    "[2/9] RUN make",
    4,
    4,
    Work(id=LAYER, started_s=5, seconds=4, current=100, total=100),
    Work(id=OTHER, started_s=6, seconds=5, current=50, total=50),
    Work(id=f"extracting {LAYER}", started_s=12, seconds=1),
    cached=True,
)


def balance(*vertices: Vertex, steps: Sequence[StepRecord] = (), **built: BuiltStep) -> Balance:
    found = weigh(record(*vertices, steps=steps), {int(key[1:]): each for key, each in built.items()})
    assert found is not None
    return found


def test_every_part_has_its_seconds_and_bytes() -> None:
    load = vertex(
        "exporting to docker image format",
        14,
        19,
        Work(id="sending tarball", started_s=15, seconds=4, current=7),
    )
    context = vertex(
        "[internal] load build context",
        0,
        2,
        Work(id="transferring context:", started_s=0.5, seconds=1.5, current=9),
    )
    found = balance(context, EXPORT, load, PULLING, IMPORT, steps=(FROM, REUSED))
    assert found.transfers == (
        Transfer(kind=TransferKind.IMPORT, name="r/app:cache", seconds=2.0),
        Transfer(kind=TransferKind.PULL, seconds=7.0, size_bytes=150),
        Transfer(kind=TransferKind.EXPORT, name="registry", seconds=40.0, writing_s=31.0),
        Transfer(kind=TransferKind.LOAD, seconds=5.0, size_bytes=7),
        Transfer(kind=TransferKind.CONTEXT, seconds=1.5, size_bytes=9),
    )
    assert (found.cost_s, found.cost_is_most) == (2.0 + 7.0 + 40.0, False)
    assert (found.reused, found.untimed, found.saved_s) == (1, 1, None)


def test_what_ran_at_the_same_time_is_counted_once() -> None:
    exports = [vertex(f"exporting cache to {name}", 20, 60) for name in ("registry", "client directory")]
    assert balance(*exports, vertex("exporting to GitHub Actions Cache", 50, 70)).cost_s == 50.0


def test_bytes_of_a_local_export_are_those_that_were_written() -> None:
    local = vertex(
        "exporting cache to client directory",
        0,
        9,
        Work(id=f"writing layer {LAYER}", started_s=0, seconds=1, current=90, total=90),
        Work(id=f"writing layer {OTHER}", started_s=1, seconds=0.001),
        Work(id=f"writing config {OTHER}", started_s=2, seconds=1, current=10, total=10),
    )
    (transfer,) = balance(local).transfers
    assert (transfer.name, transfer.size_bytes) == ("client directory", 100)


def test_statuses_that_may_be_missing_make_no_sum() -> None:
    many = [Work(id=f"writing layer {each}", started_s=0, seconds=1, current=1) for each in range(MOST_WORK)]
    (transfer,) = balance(vertex("exporting cache to client directory", 0, 9, *many)).transfers
    assert transfer.size_bytes is None


def test_the_inline_cache_is_a_part_of_exporting_the_image() -> None:
    inline = Work(id="preparing layers for inline cache", started_s=5, seconds=0.5)
    found = balance(vertex("exporting to image", 4, 9, inline))
    assert found.transfers == (Transfer(kind=TransferKind.EXPORT, name="inline cache", seconds=0.5),)


def test_layers_of_base_images_are_no_cost_of_a_cache() -> None:
    pulled = Work(id=LAYER, started_s=5, seconds=4, current=100)
    base = vertex("[1/9] FROM alpine", 4, 9, pulled, cached=True)
    of_image = vertex("FROM docker.io/library/other", 4, 9, pulled, cached=True)
    copies = replace(step(2, "COPY --from=other a b", StepStatus.HIT), vertices=(of_image.digest,))
    assert weigh(record(base, of_image, steps=(FROM, copies)), {}) is None


def test_layers_of_steps_that_were_built_are_none() -> None:
    assert weigh(record(PULLING, steps=(FROM, replace(REUSED, status=StepStatus.MISS))), {}) is None


def test_a_build_that_moves_no_cache_has_no_balance() -> None:
    context = vertex(
        "[internal] load build context", 0, 2, Work(id="transferring context:", started_s=0, seconds=1)
    )
    plain = record(context, vertex("exporting to image", 2, 9), steps=(FROM, REUSED))
    assert weigh(plain, {}) is None
    assert not moves_a_cache(plain)
    assert moves_a_cache(record(IMPORT))


def test_saved_is_what_the_steps_took_when_they_were_built() -> None:
    steps = (FROM, *(step(index, f"RUN {index}", StepStatus.HIT) for index in (2, 3, 4)))
    found = balance(
        IMPORT,
        steps=steps,
        _2=BuiltStep(build="one", started_s=0, seconds=10),
        _3=BuiltStep(build="one", started_s=5, seconds=10),
        _4=BuiltStep(build="two", started_s=5, seconds=10),
    )
    assert (found.reused, found.untimed, found.saved_s) == (3, 0, 25.0)


def test_steps_of_unknown_time_are_counted_as_unknown() -> None:
    steps = (step(2, "RUN a", StepStatus.HIT), step(3, "RUN b", StepStatus.HIT))
    found = balance(IMPORT, steps=steps, _3=BuiltStep(build="one", started_s=0, seconds=4))
    assert (found.reused, found.untimed, found.saved_s) == (2, 1, 4.0)
    assert not found.costs_more


def test_nothing_reused_saves_nothing() -> None:
    found = balance(EXPORT, steps=(FROM, step(2, "RUN a", StepStatus.MISS)))
    assert (found.reused, found.untimed, found.saved_s) == (0, 0, 0.0)
    assert not found.costs_more


@pytest.mark.parametrize(
    ("took", "vertices", "more"),
    [
        (12.0, (IMPORT, EXPORT), True),
        (38.0, (IMPORT, EXPORT), False),  # 42 s against 38 s: not clear
        (100.0, (IMPORT, EXPORT), False),
        (12.0, (EXPORT,), False),  # for other builds, which this one does not show
        (12.0, (replace(IMPORT, error="not found"), EXPORT), False),
        (1.2, (IMPORT,), False),
    ],
)
def test_it_costs_more_only_where_that_is_clear(
    took: float, vertices: tuple[Vertex, ...], more: bool
) -> None:
    built = BuiltStep(build="one", started_s=0, seconds=took)
    assert balance(*vertices, steps=(FROM, REUSED), _2=built).costs_more is more


# Logs show how long something took, and not when.


def logged(name: str, seconds: float | None, *work: Work, **rest: object) -> Vertex:
    return vertex(name, None, None, *work, seconds=seconds, **{"digest": Digest(""), **rest})


def test_of_a_log_the_cost_is_a_sum() -> None:
    exporting = logged("exporting cache to registry", 40.0, Work(id=f"writing layer {LAYER}", seconds=3.0))
    one = balance(exporting)
    assert (one.cost_s, one.cost_is_most) == (40.0, False)
    assert one.transfers == (
        Transfer(kind=TransferKind.EXPORT, name="registry", seconds=40.0, writing_s=3.0),
    )
    two = balance(logged("importing cache manifest from r/c", 2.0), exporting)
    assert (two.cost_s, two.cost_is_most) == (42.0, True)


def test_of_a_log_one_unknown_part_makes_the_cost_unknown() -> None:
    found = balance(logged("exporting cache to registry", None), IMPORT)
    assert found.cost_s is None
    assert not found.costs_more


def test_of_a_log_pulling_took_as_long_as_its_step() -> None:
    work = [Work(id=each, seconds=0.5, current=10, total=10) for each in (LAYER, OTHER)]
    steps = (FROM, REUSED)
    found = balance(logged("[2/9] RUN make", 0.9, *work, cached=True, internal=False), steps=steps)
    assert found.transfers == (Transfer(kind=TransferKind.PULL, seconds=0.9, size_bytes=20),)
    unknown = balance(logged("[2/9] RUN make", None, *work, cached=True, internal=False), steps=steps)
    assert (unknown.transfers[0].seconds, unknown.cost_s) == (None, None)


def test_a_vertex_that_was_cut_lasted_until_its_last_status() -> None:
    cut = vertex("exporting cache to registry", 5, None, Work(id="writing layer x", started_s=6, seconds=3))
    assert balance(cut).cost_s == 4.0
    assert balance(vertex("exporting cache to registry", 5, None)).cost_s is None


def test_buildahs_caches_cost_an_unknown_time() -> None:
    request = RecordedRequest(cache_from=("r/app",), cache_to=("r/app",))
    podman = replace(record(builder=Builder.BUILDAH, steps=(FROM, REUSED)), request=request)
    found = weigh(podman, {})
    assert found is not None
    assert [(each.kind, each.name, each.seconds) for each in found.transfers] == [
        (TransferKind.IMPORT, "r/app", None),
        (TransferKind.EXPORT, "r/app", None),
    ]
    assert found.cost_s is None


def test_the_classic_builder_moves_no_cache() -> None:
    request = RecordedRequest(cache_from=("app:1",))
    classic = replace(record(builder=Builder.CLASSIC, steps=(FROM, REUSED)), request=request)
    assert weigh(classic, {}) is None


def test_built_steps_are_those_that_ran_to_their_end() -> None:
    failed = replace(step(4, "RUN fails", StepStatus.MISS), error="exit code 1")
    untimed = replace(step(5, "RUN x", StepStatus.MISS), started_s=None, seconds=None)
    made = record(steps=(FROM, REUSED, step(3, "RUN b", StepStatus.MISS, 2.0, 5.0), failed, untimed))
    assert built_in(made) == {3: BuiltStep(build="b", started_s=2.0, seconds=5.0)}


# Exports that nothing read.


def asked(to: str = "", of: str = "", seconds: float = 5.0) -> BuildRecord:
    """A build that exported to one place and imported from another, both registries."""
    request = RecordedRequest(
        cache_to=(f"type=registry,mode=max,ref={to}",) if to else (),
        cache_from=(f"type=registry,ref={of}",) if of else (),
    )
    exporting = (vertex("exporting cache to registry", 0, seconds),) if to else ()
    return replace(record(*exporting), request=request)


def unread(*builds: BuildRecord) -> list[tuple[str, str, float | None, int]]:
    named = [(str(number), each) for number, each in enumerate(builds)]
    return [(each.id, each.place, each.seconds, each.later) for each in unread_exports(named)]


def test_an_export_that_no_later_build_read() -> None:
    assert unread(asked("r/a"), asked("r/b", seconds=7), asked(of="r/a")) == [("1", "registry r/b", 7.0, 1)]
    assert unread(asked("r/a"), asked("r/a"), asked()) == [
        ("1", "registry r/a", 5.0, 1),
        ("0", "registry r/a", 5.0, 2),
    ]


def test_of_the_newest_build_nothing_is_known() -> None:
    assert unread(asked("r/a")) == []
    assert unread(asked("r/a"), asked("r/a", of="r/a")) == []


def test_a_build_whose_request_is_unknown_may_have_read_it() -> None:
    log = replace(asked(), gaps=(Gap(where="request", what="a log"),))
    assert unread(asked("r/a"), log, asked("r/a"), asked()) == [("2", "registry r/a", 5.0, 1)]


def test_what_was_not_exported_after_all_is_none() -> None:
    never = replace(asked("r/a"), vertices=())
    failed = replace(asked("r/a"), vertices=(replace(EXPORT, error="denied"),))
    inline = replace(asked(), request=RecordedRequest(cache_to=("type=inline",)), vertices=(EXPORT,))
    assert unread(never, failed, inline, asked()) == []


# Properties of time that is counted once.

_TIMES = st.floats(min_value=0, max_value=1e6)
INTERVALS = st.lists(st.tuples(_TIMES, _TIMES).map(sorted).map(lambda pair: (pair[0], pair[1])), max_size=30)


@given(intervals=INTERVALS, seed=st.randoms())
def test_the_order_does_not_matter(intervals: list[Interval], seed: object) -> None:
    shuffled = list(intervals)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    assert length_of(shuffled) == length_of(intervals)


@given(intervals=INTERVALS)
def test_it_lies_between_the_longest_and_the_sum(intervals: list[Interval]) -> None:
    lengths = [end - begin for begin, end in intervals]
    found = length_of(intervals)
    assert max(lengths, default=0.0) <= found * (1 + 1e-9) + 1e-9
    assert found <= sum(lengths) * (1 + 1e-9) + 1e-9


@given(intervals=INTERVALS, more=INTERVALS)
def test_more_transfers_never_cost_less(intervals: list[Interval], more: list[Interval]) -> None:
    both = length_of([*intervals, *more])
    assert length_of(intervals) <= both * (1 + 1e-9) + 1e-9
    assert both <= (length_of(intervals) + length_of(more)) * (1 + 1e-9) + 1e-9


@given(intervals=INTERVALS)
def test_twice_the_same_time_is_once(intervals: list[Interval]) -> None:
    assert length_of([*intervals, *intervals]) == length_of(intervals)


@given(bounds=st.lists(_TIMES, min_size=1, max_size=30).map(sorted))
def test_intervals_that_touch_are_as_long_as_the_whole(bounds: list[float]) -> None:
    pieces = list(itertools.pairwise(bounds))
    assert length_of(pieces) == pytest.approx(bounds[-1] - bounds[0], rel=1e-9, abs=1e-6)
