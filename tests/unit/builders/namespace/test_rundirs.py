"""Run directories: claimed by one, swept when the owner is dead, left alone while it lives."""

import fcntl
import os
from pathlib import Path

import pytest

from layerfork.builders.namespace import keeper, rundirs
from layerfork.builders.namespace.rundirs import base_directory, claim, lies_on_overlay, sweep
from layerfork.errors import EngineError


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for /sys/fs/cgroup: two version 1 hierarchies, one linked, and an unified one."""
    top = tmp_path / "cgroup"
    for name in ("memory", "cpu,cpuacct", "unified"):
        (top / name).mkdir(parents=True)
    (top / "cpu").symlink_to("cpu,cpuacct")
    monkeypatch.setattr(keeper, "CGROUPS", str(top))
    return top


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "base"


def abandon(base: Path, cgroups: Path) -> str:
    """What an owner leaves that was killed while a build ran."""
    directory = claim(base)
    (directory.path / "data" / "overlay2").mkdir(parents=True)
    (directory.path / "docker.sock").touch()
    for hierarchy in ("memory", "cpu,cpuacct"):
        (cgroups / hierarchy / directory.name / "buildkit" / "abc").mkdir(parents=True)
    os.close(directory.lock)
    return directory.name


def test_claimed_directory_is_private(base: Path) -> None:
    directory = claim(base)
    assert base.stat().st_mode & 0o777 == 0o700
    assert directory.path.is_dir()
    os.close(directory.lock)


def test_sweep_leaves_a_live_owner_alone(base: Path, cgroups: Path) -> None:
    directory = claim(base)
    assert sweep(base) == ()
    assert directory.path.is_dir()
    os.close(directory.lock)


def test_sweep_removes_everything_of_a_dead_owner(base: Path, cgroups: Path) -> None:
    name = abandon(base, cgroups)
    assert sweep(base) == (name,)
    assert not base.exists()
    assert not list(cgroups.glob(f"**/{name}"))


def test_sweep_removes_the_dead_and_keeps_the_living(base: Path, cgroups: Path) -> None:
    alive = claim(base)
    dead = abandon(base, cgroups)
    assert sweep(base) == (dead,)
    assert {path.name for path in base.iterdir()} == {alive.name, f"{alive.name}.lock"}
    os.close(alive.lock)


def test_owner_that_died_before_making_its_directory_is_swept(base: Path, cgroups: Path) -> None:
    base.mkdir()
    (base / "layerfork-00000000.lock").touch()
    assert sweep(base) == ("layerfork-00000000",)
    assert not base.exists()


def test_a_directory_without_a_lock_is_a_leftover(base: Path, cgroups: Path) -> None:
    alive = claim(base)
    (base / "layerfork-00000000" / "data").mkdir(parents=True)
    assert sweep(base) == ("layerfork-00000000",)
    assert {path.name for path in base.iterdir()} == {alive.name, f"{alive.name}.lock"}
    os.close(alive.lock)


def test_sweep_stays_away_from_what_is_not_an_engine(base: Path, cgroups: Path) -> None:
    base.mkdir(mode=0o700)
    for name in ("notes.lock", "layerfork-*.lock", "layerfork-0123456789.lock"):
        (base / name).touch()
    (base / "layerfork-notes").mkdir()
    before = sorted(base.iterdir())
    assert sweep(base) == ()
    assert sorted(base.iterdir()) == before


def test_lock_that_is_a_link_is_not_followed(base: Path, cgroups: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    base.mkdir()
    (base / "layerfork-00000000.lock").symlink_to(victim)
    assert sweep(base) == ()
    assert victim.read_text() == "mine"


def test_lock_taken_after_it_was_swept_is_not_a_lock(base: Path, cgroups: Path) -> None:
    base.mkdir()
    path = base / "layerfork-00000000.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    path.unlink()
    assert rundirs._lock_if_there(descriptor) is None


def test_two_sweeps_at_once_do_not_disturb_each_other(base: Path, cgroups: Path) -> None:
    name = abandon(base, cgroups)
    other_sweep = os.open(base / f"{name}.lock", os.O_RDWR)
    fcntl.flock(other_sweep, fcntl.LOCK_EX)
    assert sweep(base) == ()
    assert (base / name).is_dir()
    os.close(other_sweep)


def test_sweep_without_a_base_directory_is_nothing(base: Path) -> None:
    assert sweep(base) == ()


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_base_directory_that_others_may_write_is_refused(base: Path, mode: int) -> None:
    base.mkdir()
    base.chmod(mode)
    with pytest.raises(EngineError, match="does not belong to this user alone"):
        claim(base)


def test_base_directory_that_is_a_link_is_refused(base: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    base.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EngineError, match="does not belong to this user alone"):
        claim(base)


def test_base_directory_that_cannot_be_made_is_explained(base: Path) -> None:
    base.write_text("a file")
    with pytest.raises(EngineError, match="cannot hold an engine"):
        claim(base / "below")


def test_base_directory_too_long_for_a_socket_is_refused() -> None:
    with pytest.raises(EngineError, match="too long"):
        base_directory({"LAYERFORK_ENGINE_DIR": f"/{'x' * 90}"})
    longest = base_directory({"LAYERFORK_ENGINE_DIR": f"/{'x' * 75}"})
    assert len(str(longest / f"layerfork-{'0' * 8}" / "docker.sock")) == 107


def test_frozen_processes_are_thawed(cgroups: Path) -> None:
    state = cgroups / "freezer" / "layerfork-1" / "abc" / "freezer.state"
    state.parent.mkdir(parents=True)
    state.write_text("FROZEN")
    keeper.thaw("layerfork-1")
    assert state.read_text() == "THAWED"


MOUNTS = """\
21 1 254:0 / / rw,relatime - {root} /dev/vda rw
22 21 0:5 / /var/tmp rw - tmpfs tmpfs rw
23 21 0:6 / /data\\040of\\040mine rw shared:1 - overlay overlay rw
"""


@pytest.mark.parametrize(
    ("root", "place", "answer"),
    [
        ("ext4", "/srv", False),
        ("overlay", "/srv", True),
        ("overlay", "/var/tmp/layerfork-0", False),
        ("ext4", "/data of mine/x", True),
        ("ext4", "/data of mine2", False),
    ],
)
def test_overlay_below_a_directory_is_found(root: str, place: str, answer: bool, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(root=root))
    assert lies_on_overlay(Path(place), mounts) is answer
