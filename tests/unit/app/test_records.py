"""What `why` keeps: listed, shown, removed."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from layerfork.app.records import list_stored, prune_stored, remove_stored, show_stored
from layerfork.cli.root import root
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    ClientInfo,
    StepRecord,
    StepStatus,
)
from layerfork.record.store.store import RecordStore, project_of

NOW = datetime.now(UTC)


def record(name: str, days: float) -> BuildRecord:
    statuses = (StepStatus.HIT, StepStatus.MISS)
    return BuildRecord(
        id=name,
        recorded_at=(NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        builder=Builder.CLASSIC,
        client=ClientInfo(argv=("docker", "build", ".")),
        steps=tuple(
            StepRecord(index=number, instruction="RUN true", status=status)
            for number, status in enumerate(statuses, 1)
        ),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


@pytest.fixture
def store(tmp_path: Path) -> str:
    kept = RecordStore(directory=tmp_path / "records")
    for name, days in (("abc1", 40), ("abd2", 10), ("eee3", 0.1)):
        each = record(name, days)
        path = kept.add(project_of(tmp_path, each), each)
        path.with_name(path.name + ".summary").write_text("{}")
    return str(kept.directory)


def ids(store: str) -> list[str]:
    return [row.id for row in list_stored(store)]


def test_builds_are_listed_the_newest_first(store: str) -> None:
    rows = list_stored(store)
    assert [row.id for row in rows] == ["eee3", "abd2", "abc1"]
    assert (rows[0].steps, rows[0].hits, rows[0].command) == (2, 1, "docker build .")
    assert rows[0].size_bytes == Path(rows[0].path).stat().st_size > 0


def test_a_store_that_is_not_there_keeps_nothing(tmp_path: Path) -> None:
    assert list_stored(str(tmp_path / "none")) == ()


def test_a_few_digits_name_a_build(store: str) -> None:
    assert show_stored(store, "abd").record == record("abd2", 10)
    with pytest.raises(UsageError, match="several records begin with 'ab'"):
        show_stored(store, "ab")
    with pytest.raises(UsageError, match="no record begins with 'x'"):
        show_stored(store, "x")


def test_what_is_removed_is_gone_with_all_that_lay_beside_it(store: str) -> None:
    assert remove_stored(store, ["abc", "eee3", "abc1"]) == 2
    assert ids(store) == ["abd2"]
    assert len(os.listdir(store)) == 2  # noqa: PTH208


def test_nothing_is_removed_when_one_of_them_is_not_there(store: str) -> None:
    with pytest.raises(UsageError):
        remove_stored(store, ["abc", "zzz"])
    assert len(ids(store)) == 3


@pytest.mark.parametrize(
    ("keep", "days", "left"),
    [
        (2, None, ["eee3", "abd2"]),
        (0, None, []),
        (None, 30, ["eee3", "abd2"]),
        (1, 30, ["eee3"]),
        (9, 99, ["eee3", "abd2", "abc1"]),
    ],
)
def test_old_builds_are_pruned(store: str, keep: int | None, days: float | None, left: list[str]) -> None:
    assert prune_stored(store, keep=keep, older_than_days=days) == 3 - len(left)
    assert ids(store) == left


def test_a_damaged_file_is_passed_over(store: str) -> None:
    path = Path(list_stored(store)[0].path)
    path.write_bytes(path.read_bytes()[:-9])
    assert ids(store) == ["abd2", "abc1"]


def test_the_commands_do_so(store: str) -> None:
    def run(*words: str) -> str:
        result = CliRunner().invoke(root, ["records", *words, "--store", store])
        assert result.exit_code == 0, result.output
        return result.output

    assert "abd2" in run("list")
    assert "RUN true" in run("show", "abd")
    assert "removed 1" in run("rm", "abd")
    assert "removed 1" in run("prune", "--keep", "1")
    assert '"id": "eee3"' in run("list", "--format", "json")
    assert ids(store) == ["eee3"]


def test_prune_asks_what_is_old(store: str) -> None:
    result = CliRunner().invoke(root, ["records", "prune", "--store", store])
    assert result.exit_code == 2
    assert "--keep N" in result.output
