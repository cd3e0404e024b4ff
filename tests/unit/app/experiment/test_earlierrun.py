"""What an earlier run left in its file: whole relays, rows of others, environments that are broken."""

from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.app.experiment.earlierrun import (
    BrokenEnvironment,
    Earlier,
    FinishedRelay,
    MeasuredRow,
    read_earlier,
    relay_note,
    row_note,
)
from layerfork.app.experiment.resume import copy_earlier
from layerfork.errors import EvidenceError
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult
from layerfork.record.run import TrialBuild, VersionsUsed
from layerfork.record.store.recordfile import RecordFile, read_records

RECORD = BuildRecord(
    id="one",
    recorded_at="2026-01-02T03:04:05Z",
    builder=Builder.CLASSIC,
    result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
)
BUILT = TrialBuild(
    client="one", builder="classic", outcome=BuildOutcome.SUCCEEDED, record=RECORD, control="hit"
)
SKIPPED = TrialBuild(client="two", builder="classic", outcome=BuildOutcome.SKIPPED, reason="none here")
REFUSED = TrialBuild(client="three", builder="classic", outcome=BuildOutcome.REFUSED, reason="no module")
BROKEN = BrokenEnvironment(name="lib-1", identity="1:2", reason="no module")


def finished(key: str, *rows: TrialBuild) -> FinishedRelay:
    return FinishedRelay(
        key=key,
        engine=EngineInfo(kind="private", version="1", api_version="1", image_store="graphdriver"),
        builds=rows,
        record_ids=tuple(row.record.id if row.record else "" for row in rows),
        versions=VersionsUsed(engine=(), clients=()),
        seconds=1.5,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """What a run left that was killed in its second relay."""
    path = tmp_path / "records.jsonl"
    file = RecordFile(path)
    file.add(RECORD)
    file.add_note(row_note("first", BUILT))
    file.add_note(relay_note(finished("first", BUILT, SKIPPED)))
    file.add(replace(RECORD, id="two"))
    file.add_note(row_note("second", BUILT))
    file.add_note(row_note("second", REFUSED))
    file.add_note({"broken": BROKEN})
    file.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    return path


def test_all_of_it_is_found_again(path: Path) -> None:
    earlier = read_earlier(path)
    assert earlier.finished == {"first": finished("first", BUILT, SKIPPED)}
    assert earlier.rows == {
        "second": {
            "one": MeasuredRow(key="second", build=replace(BUILT, record=None), recorded=True),
            "three": MeasuredRow(key="second", build=REFUSED, recorded=False),
        }
    }
    assert earlier.broken == (BROKEN,)


def test_only_a_client_that_came_to_no_build_stored_nothing(path: Path) -> None:
    rows = read_earlier(path).rows["second"]
    assert {client: row.stored_nothing for client, row in rows.items()} == {"one": False, "three": True}


def test_other_readers_pass_over_it(path: Path) -> None:
    assert [record.id for record in read_records(path, accept_truncated=True)] == ["one", "two"]


def test_half_a_last_line_is_left_out(path: Path) -> None:
    text = path.read_bytes()
    path.write_bytes(text[:-5])
    assert read_earlier(path).broken == ()


def test_damage_is_named(path: Path) -> None:
    with path.open("a") as file:
        file.write('{"note":{"row":{"key":3}}}\n')
    with pytest.raises(EvidenceError, match="damaged"):
        read_earlier(path)


def test_a_copy_keeps_what_can_be_gone_on_from_and_no_record_twice(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    with RecordFile(copy) as file:
        copy_earlier(file, read_earlier(path))
    assert read_earlier(copy) == read_earlier(path)
    assert [record.id for record in read_records(copy)] == ["one"]


def test_nothing_to_go_on_from_is_nothing_to_copy(tmp_path: Path) -> None:
    path = tmp_path / "new.jsonl"
    file = RecordFile(path)
    copy_earlier(file, Earlier())
    file.__exit__(OSError, OSError(), None)
    assert not path.exists()
