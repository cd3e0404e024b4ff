"""A record file in a context is not there while a build may send it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from layerfork.errors import LayerforkError
from layerfork.record.store import setaside as apart
from layerfork.record.store.setaside import directory_around, kept_away, recover, written_apart


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "state"
    monkeypatch.setattr(apart, "state_directory", lambda: directory)
    return directory


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "context").mkdir()
    return tmp_path / "context"


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def write_and_fail(path: Path) -> None:
    with written_apart(path, hide=False) as place:
        place.write_bytes(b"some")
        raise KeyboardInterrupt


def write_and_lose(path: Path) -> None:
    with written_apart(path, hide=False) as place:
        place.write_bytes(b"records")
        path.parent.rmdir()


def left(state: Path) -> list[str]:
    return names(state / "unfinished")


def test_a_new_file_comes_when_the_builds_are_over(context: Path, state: Path) -> None:
    path = context / "a"
    with written_apart(path, hide=True) as place:
        place.write_bytes(b"records")
        assert names(context) == []
    assert path.read_bytes() == b"records"
    assert path.stat().st_mode & 0o777 == 0o600
    assert left(state) == []


def test_an_old_file_is_away_meanwhile_and_then_replaced(context: Path, state: Path) -> None:
    path = context / "a"
    path.write_bytes(b"old and longer")
    path.chmod(0o640)
    with written_apart(path, hide=True) as place:
        assert names(context) == []
        place.write_bytes(b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert left(state) == []


def test_what_failed_puts_the_old_file_back_as_it_was(context: Path, state: Path) -> None:
    path = context / "a"
    path.write_bytes(b"old")
    before = path.stat()
    with pytest.raises(KeyboardInterrupt), written_apart(path, hide=True):
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert (path.stat().st_mtime_ns, path.stat().st_mode) == (before.st_mtime_ns, before.st_mode)
    assert left(state) == []


def test_what_was_written_before_a_failure_is_kept(context: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_and_fail(context / "a")
    assert (context / "a").read_bytes() == b"some"


@pytest.mark.parametrize("name", ["missing/a", "file/a"])
def test_a_place_that_cannot_be_written_is_named_before_anything_runs(context: Path, name: str) -> None:
    (context / "file").write_text("")
    with pytest.raises(LayerforkError, match="cannot write"), written_apart(context / name, hide=True):
        pytest.fail("it began")
    assert names(context) == ["file"]


def test_a_device_is_written_at_once() -> None:
    with written_apart(Path("/dev/null"), hide=True) as place:
        assert place == Path("/dev/null")


def test_a_record_that_cannot_be_put_in_its_place_is_named(context: Path) -> None:
    path = context / "sub" / "a"
    path.parent.mkdir()
    with pytest.raises(LayerforkError, match="cannot write") as raised:
        write_and_lose(path)
    place = Path(raised.value.hint.removeprefix("what was recorded is in ").removesuffix(" for a week"))
    assert place.read_bytes() == b"records"


def test_old_leftovers_are_removed(context: Path, state: Path) -> None:
    old = state / "unfinished" / "killed.records"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"")
    os.utime(old, (1, 1))
    (old.parent / "running.records").write_bytes(b"")
    with written_apart(context / "a", hide=True):
        assert "running.records" in left(state)
        assert "killed.records" not in left(state)


def test_what_a_killed_run_left_comes_to_its_place(context: Path, state: Path) -> None:
    path = context / "a"
    path.write_bytes(b"old")
    program = (
        "import os, sys; from pathlib import Path; import layerfork.record.store.setaside as apart\n"
        "apart.state_directory = lambda: Path(sys.argv[2])\n"
        "with apart.written_apart(Path(sys.argv[1]), hide=True) as place:\n"
        "    place.write_bytes(b'measured'); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, path, state], check=False)
    assert names(context) == []
    recover(path.parent / "." / "a")
    assert path.read_bytes() == b"measured"
    assert left(state) == []


def test_what_a_living_run_writes_is_left_to_it(context: Path) -> None:
    with written_apart(context / "a", hide=True) as place:
        place.write_bytes(b"some")
        recover(context / "a")
        assert place.read_bytes() == b"some"
        assert names(context) == []


def test_a_file_lies_in_a_directory_whatever_the_path_looks_like(context: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(context)
    assert directory_around(link / "new", [tmp_path / "state", context]) == context
    assert directory_around(context / ".." / "new", [context]) is None


@pytest.fixture
def store(context: Path) -> Path:
    """A directory with something in it."""
    (context / "store").mkdir()
    (context / "store" / "old").write_bytes(b"old")
    return context / "store"


def take_away_and_die(store: Path, state: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "import layerfork.record.store.setaside as apart\n"
        "apart.state_directory = lambda: Path(sys.argv[2])\n"
        "with apart.kept_away(Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, store, state], check=False)


def test_a_directory_is_away_meanwhile(store: Path, state: Path) -> None:
    with kept_away(store):
        assert names(store.parent) == []
    assert (names(store.parent), names(store)) == (["store"], ["old"])
    assert names(state / "unfinished") == []


def test_what_is_made_in_its_place_meanwhile_is_kept(store: Path, state: Path) -> None:
    with kept_away(store):
        store.mkdir()
        (store / "new").write_bytes(b"new")
    assert names(store) == ["new", "old"]
    assert names(state / "unfinished") == []


def test_what_is_made_in_a_directory_of_it_comes_beside_what_was_there(store: Path) -> None:
    (store / "project").mkdir()
    (store / "project" / "old").write_bytes(b"old")
    with kept_away(store):
        (store / "project").mkdir(parents=True)
        (store / "project" / "new").write_bytes(b"new")
    assert names(store) == ["old", "project"]
    assert names(store / "project") == ["new", "old"]


def test_a_directory_that_a_killed_run_took_away_comes_back(store: Path, state: Path) -> None:
    take_away_and_die(store, state)
    assert not store.exists()
    store.mkdir()
    recover(store)
    assert names(store) == ["old"]


def test_a_directory_comes_back_though_another_run_removed_what_is_old(store: Path, state: Path) -> None:
    take_away_and_die(store, state)
    for each in (state / "unfinished").iterdir():
        os.utime(each, (0, 0))
    with written_apart(store.parent / "records", hide=False):
        pass
    recover(store)
    assert names(store) == ["old"]
