"""Directories of one run: whose they are, and when they go."""

import contextlib
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from layerfork.builders.environments.privatedir import (
    MAX_SOCKET_DIR_BYTES,
    PREFIX,
    private_directory,
    socket_directory,
    sweep,
)
from layerfork.errors import LayerforkError


def left_behind(parent: Path, name: str) -> Path:
    """What a run that was killed leaves."""
    root = parent / f"{PREFIX}{name}"
    (root / "deep").mkdir(parents=True)
    (root / "lock").touch()
    return root


def test_nobody_else_may_enter_it_and_it_goes_in_the_end(tmp_path: Path) -> None:
    with private_directory(tmp_path) as directory:
        assert directory.parent == tmp_path
        assert directory.stat().st_mode & 0o777 == 0o700
        (directory / "file").touch()
        assert directory.exists()
    assert list(tmp_path.iterdir()) == []


def test_it_goes_when_the_run_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), private_directory(tmp_path):
        raise RuntimeError("a bug")
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_run_left_goes_and_what_a_living_one_has_stays(tmp_path: Path) -> None:
    dead = left_behind(tmp_path, "dead")
    foreign = tmp_path / "other"
    foreign.mkdir()
    with private_directory(tmp_path) as living:
        assert not dead.exists()
        with private_directory(tmp_path) as other:
            assert living.exists()
            assert other != living
        assert living.exists()
    assert foreign.exists()


def test_one_that_was_killed_before_it_locked_goes_too(tmp_path: Path) -> None:
    root = tmp_path / f"{PREFIX}young"
    root.mkdir()
    sweep(tmp_path)
    assert not root.exists()


def test_a_sweep_between_making_and_locking_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open
    swept: list[Path] = []

    def sweeping_open(path: Path, *rest: int, **named: int) -> int:
        if Path(path).name.startswith(PREFIX) and not swept:
            swept.append(path)
            sweep(tmp_path)
            assert not Path(path).exists()
        return opened(path, *rest, **named)

    monkeypatch.setattr(os, "open", sweeping_open)
    with private_directory(tmp_path) as directory:
        assert swept
        assert directory.is_dir()
        assert directory != swept[0]


STRESS = """
import sys
from pathlib import Path
from layerfork.builders.environments.privatedir import private_directory, sweep
for _ in range(150):
    with private_directory(Path(sys.argv[1])) as directory:
        (directory / "file").touch()
        sweep(directory.parent)
        (directory / "file").read_bytes()
"""


def test_many_at_once_never_lose_theirs(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", STRESS, str(tmp_path)]
    running = [subprocess.Popen(argv, stderr=subprocess.PIPE) for _ in range(4)]
    assert [process.communicate()[1] for process in running] == [b""] * 4
    assert list(tmp_path.iterdir()) == []


def test_whatever_moment_one_is_killed_at_the_next_removes_all(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", STRESS, str(tmp_path)]
    for number in range(12):
        process = subprocess.Popen(argv)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05 + 0.02 * number)
        process.kill()
        process.wait()
    with private_directory(tmp_path) as directory:
        assert list(tmp_path.iterdir()) == [directory]


@pytest.mark.parametrize("place", ["missing", "file/below", "file"])
def test_a_tmpdir_that_cannot_be_used_is_named(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TMPDIR", str(tmp_path / place))
    with pytest.raises(LayerforkError, match="TMPDIR names") as raised, private_directory():
        pass
    assert str(tmp_path / place) in str(raised.value)


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    root = left_behind(tmp_path, "odd")
    (root / "lock").unlink()
    (root / "lock").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").touch()
    sweep(tmp_path)
    assert root.exists()


def test_a_lock_that_is_held_protects_its_directory(tmp_path: Path) -> None:
    root = left_behind(tmp_path, "held")
    lock = os.open(root / "lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    sweep(tmp_path)
    assert root.exists()
    os.close(lock)
    sweep(tmp_path)
    assert not root.exists()


def test_where_none_can_be_made_the_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file"
    with pytest.raises(LayerforkError, match="cannot make") as raised, private_directory(place):
        pass
    assert str(place) in str(raised.value)
    assert "TMPDIR" in str(raised.value)


def test_sockets_get_a_short_path_whatever_the_directory_is_called(tmp_path: Path) -> None:
    short = Path("/tmp/short")
    with socket_directory(short) as directory:
        assert directory == short
    long = tmp_path / ("x" * MAX_SOCKET_DIR_BYTES)
    with socket_directory(long) as directory:
        assert directory != long
        assert len(os.fsencode(directory)) <= MAX_SOCKET_DIR_BYTES
        assert directory.is_dir()
    assert not directory.exists()
