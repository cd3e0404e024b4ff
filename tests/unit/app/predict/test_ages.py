"""How old what a build reused is: by images, by builds of the same file."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from layerfork.app.predict.earlierbuilds import times_of_images
from layerfork.app.records import show_records
from layerfork.cli.root import root
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo, ImageFacts, ImageStep
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)
from layerfork.record.run import StepAge
from layerfork.record.store.recordfile import RecordFile

HIT, MISS, DAY_S = StepStatus.HIT, StepStatus.MISS, 86_400.0
ENGINE = EngineInfo(
    kind="private", version="26.1.5", api_version="1.45", image_store="graphdriver", instance="one"
)


def built(day: int, *statuses: StepStatus, base: str = "", times: tuple[str, ...] = ()) -> BuildRecord:
    """A classic build of January 2026: a FROM and two RUNs. ``base`` is when its image was made."""
    texts = ("FROM base", "RUN one", "RUN two")
    image = ImageStep(created_by="base", image_id="sha256:" + "b" * 64, created_at=base)
    return BuildRecord(
        id=f"day{day}",
        recorded_at=f"2026-01-{day:02}T00:00:00Z",
        builder=Builder.CLASSIC,
        engine=ENGINE,
        request=RecordedRequest(dockerfile="\n".join(texts)),
        steps=tuple(
            StepRecord(
                index=number,
                instruction=text,
                status=status,
                identity=f"sha256:{number}",
                created_at=time,
            )
            for number, (text, status, time) in enumerate(
                zip(texts, statuses, times or ("",) * 3, strict=True), 1
            )
        ),
        base_images=(("base", ImageFacts(image_id=image.image_id, history=(image,), diff_ids=())),),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


@pytest.fixture(autouse=True)
def no_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def in_file(tmp_path: Path, *records: BuildRecord) -> str:
    with RecordFile(tmp_path / "builds.jsonl") as file:
        for record in records:
            file.add(record)
    return str(tmp_path / "builds.jsonl")


def ages(tmp_path: Path, *records: BuildRecord) -> dict[int, StepAge]:
    return dict(show_records(in_file(tmp_path, *records))[-1].ages)


def test_image_history_tells_when_what_was_reused_was_made(tmp_path: Path) -> None:
    record = built(20, HIT, HIT, MISS, times=("", "2026-01-08T00:00:00Z", "2026-01-20T00:00:01Z"))
    assert ages(tmp_path, record) == {2: StepAge(seconds=12 * DAY_S)}


def test_a_base_image_is_as_old_as_it_says(tmp_path: Path) -> None:
    record = built(20, HIT, MISS, MISS, base="2025-12-31T00:00:00Z")
    assert ages(tmp_path, record) == {1: StepAge(seconds=20 * DAY_S)}


@pytest.mark.parametrize("time", ["", "1970-01-01T00:00:01Z", "1980-01-01T00:00:00Z", "yesterday"])
def test_what_is_no_time_gives_no_age(tmp_path: Path, time: str) -> None:
    assert ages(tmp_path, built(20, HIT, HIT, MISS, base=time, times=("", time, ""))) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"build_args": (("SOURCE_DATE_EPOCH", "1700000000"),)},
        {"options": (("timestamp", "1700000000"),)},
    ],
)
def test_times_that_a_build_was_told_to_write_are_none(changes: dict[str, object]) -> None:
    record = built(20, HIT, HIT, MISS, base="2025-12-31T00:00:00Z", times=("", "2023-11-14T22:13:20Z", ""))
    assert set(times_of_images(record)) == {1, 2}
    told = replace(record, request=replace(record.request, **changes))  # type: ignore[arg-type]
    assert set(times_of_images(told)) == {1}


def test_an_earlier_build_of_the_file_tells_what_no_image_does(tmp_path: Path) -> None:
    first, second = built(1, HIT, MISS, MISS), built(11, HIT, HIT, HIT)
    assert ages(tmp_path, first, second) == {
        2: StepAge(seconds=10 * DAY_S),
        3: StepAge(seconds=10 * DAY_S),
    }


def test_one_that_only_reused_it_tells_that_it_was_there(tmp_path: Path) -> None:
    first, second = built(1, HIT, HIT, MISS), built(11, HIT, HIT, HIT)
    assert ages(tmp_path, first, second)[2] == StepAge(seconds=10 * DAY_S, is_least=True)


def test_a_build_of_another_engine_tells_nothing(tmp_path: Path) -> None:
    other = replace(built(1, HIT, MISS, MISS), engine=replace(ENGINE, instance="two"))
    nobody = replace(built(2, HIT, MISS, MISS), engine=None)
    assert ages(tmp_path, other, nobody, built(11, HIT, HIT, HIT)) == {}


def test_what_is_older_is_marked_and_the_exit_code_stays(tmp_path: Path) -> None:
    file = in_file(tmp_path, built(1, HIT, MISS, MISS), built(11, HIT, HIT, HIT))
    old, young = (
        CliRunner().invoke(root, ["show", file, "--max-age", age], standalone_mode=False)
        for age in ("9d", "2w")
    )
    assert old.stdout.count("! 10 days old") == 2
    assert "! older than --max-age" in old.stdout
    assert "  10 days old" in young.stdout
    assert "!" not in young.stdout
    assert (old.return_value, young.return_value) == (None, None)


def test_json_of_a_record_is_the_record(tmp_path: Path) -> None:
    file = in_file(tmp_path, built(1, HIT, MISS, MISS), built(11, HIT, HIT, HIT))
    plain, marked = (
        CliRunner().invoke(root, ["show", file, "--format", "json", *words], standalone_mode=False).stdout
        for words in ((), ("--max-age", "1s"))
    )
    assert plain == marked


def test_ages_are_those_at_the_build() -> None:
    made = times_of_images(built(20, HIT, HIT, HIT, times=("", "2026-01-08T00:00:00Z", "")))[2]
    assert made.at_s == datetime.fromisoformat("2026-01-08T00:00:00+00:00").timestamp()
