"""Earlier builds on this machine: found again by what makes builds comparable, bounded in number and size."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.errors import LayerforkError
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, RecordedRequest
from layerfork.record.store.store import RecordStore, StoredProject, open_store, project_of


def record(name: str, second: int = 0, target: str = "", dockerfile: str = "Dockerfile") -> BuildRecord:
    return BuildRecord(
        id=name,
        recorded_at=f"2026-01-02T03:04:{second:02}.000000Z",
        builder=Builder.CLASSIC,
        request=RecordedRequest(dockerfile_name=dockerfile, target=target),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


@pytest.fixture
def store(tmp_path: Path) -> RecordStore:
    return RecordStore(directory=tmp_path / "records")


def add(store: RecordStore, directory: Path, *records: BuildRecord) -> list[Path]:
    return [store.add(project_of(directory, each), each) for each in records]


def ids(store: RecordStore, project: StoredProject) -> list[str]:
    return [each.id for each in store.newest(project)]


def test_builds_come_back_whole_and_the_newest_first(store: RecordStore, tmp_path: Path) -> None:
    old, new = record("a", 1), record("b", 2)
    add(store, tmp_path, new, old)
    assert list(store.newest(project_of(tmp_path, new))) == [new, old]


def test_only_builds_of_one_kind_are_compared(store: RecordStore, tmp_path: Path) -> None:
    """One directory, one Dockerfile, one target; links to the directory are the directory."""
    plain, target, other = record("plain", 1), record("target", 2, "test"), record("other", 3, "", "Other")
    add(store, tmp_path, plain, target, other)
    (tmp_path / "elsewhere").mkdir()
    add(store, tmp_path / "elsewhere", record("elsewhere", 4))
    assert ids(store, project_of(tmp_path, plain)) == ["plain"]
    assert ids(store, project_of(tmp_path, target)) == ["target"]
    (tmp_path / "link").symlink_to(tmp_path)
    assert ids(store, project_of(tmp_path / "link", plain)) == ["plain"]
    assert [each.id for each in store.newest_of(tmp_path)] == ["other", "target", "plain"]


def test_parts_of_a_project_do_not_run_together(tmp_path: Path) -> None:
    one = StoredProject(directory=tmp_path, dockerfile="ab", target="c")
    other = StoredProject(directory=tmp_path, dockerfile="a", target="bc")
    assert one.file_prefix != other.file_prefix


def test_the_oldest_go_when_there_are_too_many(store: RecordStore, tmp_path: Path) -> None:
    small = replace(store, limit_records=2)
    for second, name in enumerate("abc"):
        (path,) = add(small, tmp_path, record(name, second))
        os.utime(path, ns=(second, second))
    assert ids(small, project_of(tmp_path, record("x"))) == ["c", "b"]


def test_the_oldest_go_when_they_are_too_large_but_never_the_one_just_added(
    store: RecordStore, tmp_path: Path
) -> None:
    paths = add(store, tmp_path, record("a", 1), record("b", 2))
    for time, path in enumerate(paths):
        os.utime(path, ns=(time, time))
    full = replace(store, limit_bytes=1)
    add(full, tmp_path, record("c", 3))
    assert ids(full, project_of(tmp_path, record("x"))) == ["c"]


def test_a_file_that_cannot_be_read_any_more_is_passed_over(store: RecordStore, tmp_path: Path) -> None:
    damaged, _ = add(store, tmp_path, record("a", 2), record("b", 1))
    damaged.write_bytes(b"half a rec")
    assert ids(store, project_of(tmp_path, record("x"))) == ["b"]


def test_nothing_half_written_is_left(store: RecordStore, tmp_path: Path) -> None:
    add(store, tmp_path, record("a"))
    (path,) = store.directory.iterdir()
    assert path.name.endswith(".records.jsonl")
    assert store.directory.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_one_is_named_before_anything_is_built(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LayerforkError, match="cannot make the record store") as raised:
        RecordStore(directory=tmp_path / "file").prepare()
    assert "--store" in str(raised.value)


def test_a_store_that_nobody_made_is_empty(store: RecordStore, tmp_path: Path) -> None:
    assert ids(store, project_of(tmp_path, record("a"))) == []


def test_by_default_it_lies_with_the_users_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert open_store().directory == tmp_path / "layerfork" / "records"
    assert open_store(str(tmp_path / "own")).directory == tmp_path / "own"
