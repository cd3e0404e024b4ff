"""Of the known builds, the one that a build is compared with."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.app.compare.baseline import chain_of, choose_baseline, earlier_builds, exported_over
from layerfork.keys import keys_of
from layerfork.record.build import Builder
from layerfork.record.engine import ImageFacts
from layerfork.record.record import (
    BuildOutcome,
    BuildPlace,
    BuildRecord,
    BuildResult,
    ClientInfo,
    RecordedRequest,
    StepRecord,
    StepStatus,
)
from layerfork.record.store.recordfile import RecordFile
from layerfork.record.store.recordfile import stored as form_of
from layerfork.record.store.summary import (
    KnownBuild,
    keep_summary,
    known_build,
    read_summaries,
    timeless_digest,
    with_chain,
)

BASE = "sha256:" + "b" * 64


def record(
    second: int,
    *runs: str,
    engine: str = "engine",
    directory: str = "/w/p",
    target: str = "",
    platform: str = "",
) -> BuildRecord:
    """A classic build of some RUNs, at a second of some minute."""
    lines = ["FROM base", *(f"RUN {run}" for run in runs)]
    return BuildRecord(
        id=f"{second:016x}",
        recorded_at=f"2026-01-01T00:00:{second:02}.000000Z",
        builder=Builder.CLASSIC,
        builder_instance=engine,
        client=ClientInfo(argv=("make", "image")),
        place=BuildPlace(directory=directory, ran_in="/w"),
        request=RecordedRequest(
            dockerfile="\n".join(lines) + "\n",
            dockerfile_name="Dockerfile",
            target=target,
            platform=platform,
        ),
        steps=tuple(
            StepRecord(
                index=number,
                instruction=line,
                status=StepStatus.MISS,
                identity=BASE if number == 1 else "",
                created_by=f"/bin/sh -c {line[4:]}" if number > 1 else "",
            )
            for number, line in enumerate(lines, 1)
        ),
        base_images=(("base", ImageFacts(image_id=BASE, history=(), diff_ids=())),),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


def stored(directory: Path, *records: BuildRecord) -> list[KnownBuild]:
    for each in records:
        path = directory / f"{each.id}.records.jsonl"
        with RecordFile(path) as file:
            file.add(each)
        keep_summary(known_build(path, each, "command", timeless_digest(form_of(each))))
    return read_summaries(directory)


def chosen(known: Sequence[KnownBuild], build: BuildRecord) -> str | None:
    found = choose_baseline(earlier_builds(known, build), build, lambda: chain_of(keys_of(build)))
    return found.stored.outline.id.lstrip("0") if found is not None else None


def test_it_is_the_one_that_shares_most_steps_and_then_the_newest(tmp_path: Path) -> None:
    known = stored(
        tmp_path, record(1, "a", "b", "c"), record(2, "a", "x"), record(3, "a", "b"), record(4, "y")
    )
    assert chosen(known, record(9, "a", "b", "c", "d")) == "1"
    assert chosen(known, record(9, "a", "b", "z")) == "3"
    assert chosen(known, record(9, "z")) == "4"
    assert chosen(known, record(3, "a", "b")) == "1", "not itself, and nothing later"


def test_it_says_how_old_it_is_and_where_it_comes_from(tmp_path: Path) -> None:
    known = stored(tmp_path, record(1, "a", "b"), record(2, "z"))
    build = record(31, "a", "c")
    found = choose_baseline(earlier_builds(known, build), build, lambda: chain_of(keys_of(build)))
    assert found is not None
    baseline = found.baseline
    assert (baseline.age_s, baseline.command, baseline.ran_in) == (30, "make image", "/w")
    assert (baseline.shared_steps, baseline.steps, baseline.known) == (2, 3, 2)


def test_a_build_of_the_same_cache_comes_first(tmp_path: Path) -> None:
    known = stored(tmp_path, record(1, "x"), record(2, "a", engine="other"))
    assert chosen(known, record(9, "a")) == "1"
    assert chosen(known, record(9, "a", engine="third")) == "2"


@pytest.mark.parametrize(
    "other",
    [
        record(1, "a", directory="/w/q"),
        record(1, "a", target="test"),
        record(1, "a", platform="linux/arm64"),
        replace(record(1, "a"), request=RecordedRequest(dockerfile_name="Other")),
    ],
)
def test_another_build_is_none(tmp_path: Path, other: BuildRecord) -> None:
    assert chosen(stored(tmp_path, other), record(9, "a")) is None


def test_keys_are_computed_once_and_anew_by_another_version(tmp_path: Path) -> None:
    known = stored(tmp_path, record(1, "a"), record(2, "b"))
    assert [each.chain for each in known] == [None, None]
    assert chosen(known, record(9, "a")) == "1"
    computed = read_summaries(tmp_path)
    assert all(each.chain for each in computed)
    wrong = with_chain(computed[0], ("no",))
    keep_summary(replace(wrong, summary=replace(wrong.summary, computed_by="0.0.0")))
    assert chosen(read_summaries(tmp_path), record(9, "b")) == "2"


def test_a_summary_holds_no_text_and_goes_with_its_record(tmp_path: Path) -> None:
    first, second = stored(tmp_path, record(1, "a"), record(2, "secretly"))
    assert b"secretly" not in b"".join(path.read_bytes() for path in tmp_path.glob("*.summary"))
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in tmp_path.glob("*.summary"))
    first.path.unlink()
    assert [each.path for each in read_summaries(tmp_path)] == [second.path]
    assert len(list(tmp_path.glob("*.summary"))) == 1
    next(tmp_path.glob("*.summary")).write_bytes(b"half a su")
    assert read_summaries(tmp_path) == []


def test_builds_that_exported_over_a_cache(tmp_path: Path) -> None:
    def exporting(second: int, *places: str) -> BuildRecord:
        made = record(second, "one")
        return replace(made, request=replace(made.request, cache_to=places))

    mine, other = "type=registry,ref=h/c,mode=max", "type=registry,ref=h/d"
    writer, reader = exporting(10, mine), record(20, "one")
    between, elsewhere = exporting(15, "type=registry,ref=h/c"), exporting(16, other)
    known = stored(tmp_path, writer, between, elsewhere, exporting(5, mine), exporting(25, mine))

    assert exported_over(known, writer, reader) == ("the build of 2026-01-01 00:00:15 UTC in /w",)
    assert exported_over(known, replace(writer, request=RecordedRequest()), reader) == ()
