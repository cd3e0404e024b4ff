"""What keeps an engine from running is said without starting one."""

from pathlib import Path

import pytest

from layerfork.builders.debian.roots import EngineRoot, root_path
from layerfork.builders.engines import open_engine, readiness
from layerfork.builders.engines.readiness import components_of, fetched_root, find_obstacles, upstream
from layerfork.builders.suites import SUITES


@pytest.mark.parametrize(
    ("debian", "version"),
    [
        ("26.1.5+dfsg1-9+b1", "26.1.5"),
        ("1.0.0~rc93+ds1-5+deb11u5", "1.0.0~rc93"),
        ("1.7.24~ds1-6+b2", "1.7.24"),
        ("5.4.2+ds1-2+b2", "5.4.2"),
        ("1:2.75-10", "2.75"),
        ("0.29.1", "0.29.1"),
    ],
)
def test_upstream_version_of_a_package(debian: str, version: str) -> None:
    assert upstream(debian) == version


def test_components_come_in_the_order_asked_for_and_under_their_own_names() -> None:
    root = EngineRoot(path=Path("/root"), packages=(("runc", "1.1-1"), ("docker.io", "26.1.5+dfsg1-9")))
    assert components_of(root, ("docker.io", "docker-buildx", "runc")) == (
        ("dockerd", "26.1.5"),
        ("runc", "1.1"),
    )
    assert components_of(None, ("docker.io",)) == ()


@pytest.fixture
def able(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine on which everything works and nothing was fetched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(readiness, "_namespaces_work", lambda: True)
    monkeypatch.setattr(readiness, "_has_overlay", lambda: True)
    return monkeypatch


def whats(*generations: int) -> list[str]:
    needed = [SUITES[number].docker for number in generations]
    return [obstacle.what for obstacle in find_obstacles("private:x", needed)]


@pytest.mark.usefixtures("able")
def test_generation_that_is_not_there_names_the_command_that_brings_it() -> None:
    (obstacle,) = find_obstacles("private:26.1", (SUITES[0].docker,))
    assert "not fetched yet" in obstacle.what
    assert obstacle.remedy == "layerfork engines get private:26.1"
    assert fetched_root(SUITES[0].docker) is None


@pytest.mark.usefixtures("able")
def test_podman_that_is_not_there_has_one_reason() -> None:
    whats = {
        row.id: [each.what for each in row.obstacles] for row in (open_engine("podman:4.3").describe({}),)
    }
    assert whats == {"podman:4.3": ["podman 4.3 of Debian bookworm is not fetched yet"]}


@pytest.mark.usefixtures("able")
def test_podman_without_the_docker_cli_it_takes_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    podman, docker = SUITES[1].podman, SUITES[1].docker
    assert podman is not None
    root_path(podman).mkdir(parents=True)
    monkeypatch.setattr(readiness, "read_root", lambda path: None)
    (obstacle,) = find_obstacles("podman:4.3", (podman, docker))
    what = "its docker CLI, from Docker Engine 20.10, is not fetched yet"
    assert (obstacle.what, obstacle.remedy) == (what, "layerfork engines get podman:4.3")


@pytest.mark.usefixtures("able")
def test_root_that_was_tampered_with_is_no_fetched_root() -> None:
    root_path(SUITES[0].docker).mkdir(parents=True)
    (what,) = whats(0)
    assert "is damaged" in what
    assert fetched_root(SUITES[0].docker) is None


def test_each_lack_of_the_machine_is_said_once(able: pytest.MonkeyPatch) -> None:
    able.setattr(readiness, "_has_overlay", lambda: False)
    assert whats() == ["the kernel has no overlay file system"]
    able.setattr(readiness, "_namespaces_work", lambda: False)
    assert len(whats()) == 2
    able.setattr("os.geteuid", lambda: 1000)
    assert whats()[0] == "running it needs root"
    able.setattr("platform.machine", lambda: "vax")
    assert whats() == ["no private engine for the architecture vax"]


@pytest.mark.usefixtures("able")
def test_description_knows_the_table_even_where_nothing_is_there() -> None:
    row = open_engine("podman:4.3").describe({})
    assert (row.id, row.builders, row.version, row.components) == ("podman:4.3", ("buildah",), "", ())
    assert not row.ready
