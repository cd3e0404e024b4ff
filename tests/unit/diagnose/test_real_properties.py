"""What holds for any two builds, on records of real ones."""

from dataclasses import replace

import pytest
from corpus.make import RECORDS
from corpus.pairs import PAIRS
from corpus.subjects import Pair
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.diagnose.makers import digest
from unit.diagnose.rebuilt import judged, rebuilt

from layerfork.diagnose import explain_pair
from layerfork.record.answer import CauseStatus, Fork
from layerfork.record.change import BuildArgIs, Change, EntryIs, ModeIs, XattrIs
from layerfork.record.record import BuildRecord, StepRecord, StepStatus
from layerfork.record.store.recordfile import read_records


def records(name: str) -> tuple[BuildRecord, BuildRecord]:
    writer, reader = read_records(RECORDS / f"{name}.jsonl")
    return writer, reader


def causes(forks: tuple[Fork, ...]) -> list[tuple[str, str, str]]:
    return sorted((cause.code, cause.path, cause.status.value) for fork in forks for cause in fork.causes)


def as_second(first: BuildRecord, second: BuildRecord) -> BuildRecord:
    """The first build as it would have been after the second: what the second reused of it, it would have
    reused of the second."""
    reused = {(step.stage_name, step.instruction) for step in second.steps if step.status is StepStatus.HIT}
    steps = tuple(
        replace(
            step,
            status=StepStatus.HIT if is_reused(step, reused) else StepStatus.MISS,
        )
        for step in first.steps
    )
    return replace(first, steps=steps)


def is_reused(step: StepRecord, reused: set[tuple[str, str]]) -> bool:
    return step.instruction.startswith("FROM") or (step.stage_name, step.instruction) in reused


ONE_WAY = {"buildkit-instruction-source-left-out"}
"""Only one of the two leaves out what the other's line names: that way back would not be open."""
OTHER_WAY = {"entry-missing": "entry-extra", "entry-extra": "entry-missing"}


def is_symmetric(pair: Pair, writer: BuildRecord, reader: BuildRecord) -> bool:
    """Both builds had one cache, and what the table says rests on keys."""
    alone = (
        pair.name not in ONE_WAY
        and pair.code != "cache-off"
        and not (pair.between or pair.control or pair.writer.query or pair.reader.query or pair.warnings)
    )
    engines = {each.engine.instance for each in (writer, reader) if each.engine is not None}
    return alone and len(engines) == 1 and writer.builder is reader.builder and bool(pair.forks)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_pair_can_be_turned_around_and_a_build_after_itself_forks_nowhere(pair: Pair) -> None:
    """Swapping the sides keeps the causes. The same record twice, all reused, has none."""
    writer, reader = records(pair.name)
    if not pair.between:
        reused = tuple(replace(step, status=StepStatus.HIT) for step in reader.steps)
        again = replace(reader, steps=reused)
        assert explain_pair(judged("one", reader), judged("two", again)) == ()
    if not is_symmetric(pair, writer, reader):
        return
    there = causes(explain_pair(judged("one", writer), judged("two", reader)))
    back = causes(explain_pair(judged("two", reader), judged("one", as_second(writer, reader))))
    assert sorted((OTHER_WAY.get(code, code), path, status) for code, path, status in back) == there


OTHER_CONTENT = digest("other")
CONTENTS: dict[str, bytes] = {digest(text): text.encode() for text in ("one", "other")}
CHANGES: dict[str, Change] = {
    "uid": EntryIs(path="a", values=(("uid", 7),)),
    "gid": EntryIs(path="a", values=(("gid", 7),)),
    "owner-name": EntryIs(path="a", values=(("uname", "user"), ("gname", "group"))),
    "mode": ModeIs(path="a", mask=0o7777, value=0o755),
    "mode-type-bits": ModeIs(path="a", mask=~0o7777, value=0o100000),
    "xattr": XattrIs(path="a", name="user.note", value=b"x"),
    "content": EntryIs(path="a", values=(("content", OTHER_CONTENT), ("size", 5))),
    "entry-name": EntryIs(path="a", values=(("name", "./a"),)),
    "build-arg": BuildArgIs(name="NOBODY", value="1"),
    "mtime": EntryIs(path="a", values=(("mtime_ns", 1),)),
}
"""One change for each code; of the file that ``COPY a`` reads, or of an argument that no line declares."""
COUNT = {
    "classic": {"uid", "gid", "mode", "mode-type-bits", "xattr", "content", "entry-name"},
    "buildkit-tar": {"uid", "gid", "mode", "xattr", "content"},
    "buildah": {"uid", "mode", "xattr", "content"},
}
"""Those that enter the key of a COPY, by builder: see docs/causes."""


@pytest.mark.parametrize("builder", COUNT)
@given(codes=st.sets(st.sampled_from(sorted(CHANGES)), min_size=1))
@settings(max_examples=60)
def test_of_any_changes_exactly_those_that_count_are_named_and_proven(builder: str, codes: set[str]) -> None:
    writer, _ = records(f"{builder}-content")
    reader = rebuilt(writer, *(CHANGES[code] for code in sorted(codes)), contents=CONTENTS)
    forks = explain_pair(judged("writer", writer), judged("reader", reader))
    counting = COUNT[builder] & codes
    assert {str(cause.code) for fork in forks for cause in fork.causes} == counting
    assert [fork.instruction for fork in forks] == ["COPY a /"] * bool(counting)
    # buildah's string is a digest of all of them together, so of several none is proven.
    proven = builder != "buildah" or len(counting) == 1
    status = CauseStatus.PROVEN if proven else CauseStatus.SUSPECTED
    assert {cause.status for fork in forks for cause in fork.causes} <= {status}


@pytest.mark.parametrize("builder", ["classic", "buildkit", "buildah"])
@given(one=st.integers(2, 99), other=st.integers(11, 99))
@settings(max_examples=20)
def test_arguments_that_a_run_gets_are_named_with_both_values(builder: str, one: int, other: int) -> None:
    writer, _ = records(f"{builder}-build-arg-two-of-two")
    given = {"A": str(one), "B": str(other)}
    changes = (BuildArgIs(name=name, value=value) for name, value in given.items())
    (fork,) = explain_pair(judged("writer", writer), judged("reader", rebuilt(writer, *changes)))
    assert {cause.path: (cause.writer, cause.reader) for cause in fork.causes} == {
        "A": ("1", given["A"]),
        "B": ("10", given["B"]),
    }
    assert {cause.status for cause in fork.causes} == {CauseStatus.PROVEN}
