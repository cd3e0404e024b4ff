"""Where the nodes of buildx builders lead, and which builders are said not to be recorded."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fakes.engines import Obliging

from layerfork.builders.engines.buildkit import RunningBuildKit
from layerfork.builders.engines.host import OtherEngine
from layerfork.builders.engines.transport import ProgramWay
from layerfork.builders.routing.buildx import route_builders
from layerfork.builders.routing.buildxstore import Instance
from layerfork.builders.routing.nodes import (
    Behind,
    LeftAlone,
    Node,
    Route,
    SameEngine,
    find_route,
)
from layerfork.errors import EngineError
from layerfork.record.build import Command
from layerfork.wire.proxy.sockets import Way

ENGINE = "unix:///var/run/docker.sock"
DIALLED = ("dialled", 1)


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user with a docker context ``there``."""
    meta = tmp_path / "docker" / "contexts" / "meta" / sha256(b"there").hexdigest()
    meta.mkdir(parents=True)
    described = {"Name": "there", "Endpoints": {"docker": {"Host": "tcp://10.0.0.1:2375"}}}
    (meta / "meta.json").write_text(json.dumps(described))
    return {"DOCKER_CONFIG": str(tmp_path / "docker")}


class Dials:
    """Opens nothing."""

    def __call__(self, instance: Instance, node: Node) -> Way:
        return DIALLED

    def engine(self, name: str, endpoint: str) -> ProgramWay:
        return ProgramWay(Command(argv=(name, endpoint)))


def lead(driver: str, endpoint: str, environment: dict[str, str], **options: str) -> Route:
    node = {"Name": "n0", "Endpoint": endpoint, "DriverOpts": options or None}
    instance = {"Name": "n", "Driver": driver, "Nodes": [node]}
    return find_route(instance, node, ENGINE, environment, Dials())


@pytest.mark.parametrize("endpoint", [ENGINE, "unix:///run/../var/run/docker.sock"])
def test_a_container_on_the_recorded_engine(endpoint: str, environment: dict[str, str]) -> None:
    assert lead("docker-container", endpoint, environment) == SameEngine()


def test_containers_elsewhere(environment: dict[str, str], listening: Path) -> None:
    assert lead("docker-container", "default", environment) == LeftAlone()
    assert lead("docker-container", f"unix://{listening}.gone", environment) == LeftAlone(is_dead=True)
    for endpoint, way in (("there", ("10.0.0.1", 2375)), (f"unix://{listening}", listening)):
        found = lead("docker-container", endpoint, environment)
        assert isinstance(found, Behind)
        assert isinstance(found.engine, OtherEngine)
        assert (found.engine.way, found.is_buildkit) == (way, False)


def test_an_engine_that_is_not_there_is_an_error(environment: dict[str, str]) -> None:
    with pytest.raises(EngineError, match="no docker context 'nowhere'"):
        lead("docker-container", "nowhere", environment)


def test_an_engine_over_ssh_is_reached_by_docker(environment: dict[str, str]) -> None:
    found = lead("docker-container", "ssh://there", environment)
    assert isinstance(found, Behind)
    assert isinstance(found.engine.way, ProgramWay)
    assert not found.is_buildkit


@pytest.mark.parametrize(
    ("driver", "endpoint", "options", "way"),
    [
        ("remote", "tcp://there:1234", {}, ("there", 1234)),
        ("remote", "tcp://there:1234", {"default-load": "true"}, ("there", 1234)),
        ("remote", "tcp://there:1234", {"cacert": "/ca"}, DIALLED),
        ("remote", "kube-pod://one", {}, DIALLED),
        ("remote", "docker-container://one?context=other", {}, DIALLED),
        ("kubernetes", "kubernetes:///n?deployment=n0", {}, DIALLED),
    ],
)
def test_a_buildkit_without_docker(
    driver: str, endpoint: str, options: dict[str, str], way: tuple[str, int], environment: dict[str, str]
) -> None:
    found = lead(driver, endpoint, environment, **options)
    assert found == Behind(engine=RunningBuildKit(address=endpoint, way=way), is_buildkit=True)


def test_remote_sockets(environment: dict[str, str], listening: Path) -> None:
    found = lead("remote", f"unix://{listening}", environment)
    assert found == Behind(
        engine=RunningBuildKit(address=f"unix://{listening}", way=listening), is_buildkit=True
    )
    assert lead("remote", f"unix://{listening}.gone", environment) == LeftAlone(is_dead=True)
    assert lead("remote", "docker-container://one", environment) == LeftAlone()


def test_what_is_recorded_and_what_is_not_is_said_before(environment: dict[str, str], tmp_path: Path) -> None:
    def add(name: str, driver: str, *endpoints: str) -> None:
        nodes: list[Any] = [
            {"Name": f"{name}{number}", "Endpoint": endpoint} for number, endpoint in enumerate(endpoints)
        ]
        (tmp_path / "docker" / "buildx" / "instances").mkdir(parents=True, exist_ok=True)
        path = tmp_path / "docker" / "buildx" / "instances" / name
        path.write_text(json.dumps({"Name": name, "Driver": driver, "Nodes": nodes}))

    add("both", "remote", "tcp://one:1", "tcp://two:2")
    add("cloud", "cloud", "cloud://x")
    add("far", "docker-container", "nowhere")
    said: list[str] = []
    place = tmp_path / "run"
    place.mkdir()
    engine = replace(Obliging(), docker_host=ENGINE)
    with route_builders(environment, engine, "unix:///recorder", place, said.append) as led:
        behind: list[Any] = []
        led.listen(lambda socket, engine: behind.append((socket, engine)))
        assert [each.way for _, each in behind] == [("one", 1), ("two", 2)]
        nodes = json.loads((led.configuration / "instances" / "both").read_text())["Nodes"]
        assert [each["Endpoint"] for each in nodes] == [f"unix://{socket}" for socket, _ in behind]
        cloud = json.loads((led.configuration / "instances" / "cloud").read_text())
        assert cloud["Nodes"][0]["Endpoint"] == "cloud://x"
        assert said == [
            "also recording the buildx builders: both",
            "builds on the buildx builder cloud will not be recorded: its driver 'cloud' is not supported",
            "builds on the buildx builder far will not be recorded: there is no docker context 'nowhere'",
        ]


def test_a_configuration_that_cannot_be_written_is_said_to_have_lost_a_change(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "docker").write_text("no directory")
    said: list[str] = []
    user = {"DOCKER_CONFIG": str(tmp_path / "docker")}
    engine = replace(Obliging(), docker_host=ENGINE)
    with route_builders(user, engine, "unix:///recorder", tmp_path / "run", said.append) as led:
        (led.configuration / "instances" / "new").write_text('{"Name": "new", "Nodes": []}')
    [line] = said
    assert line.startswith("the command's changes to buildx's configuration are lost: ")


def test_the_builder_of_the_current_context_is_there_under_its_name(
    environment: dict[str, str], tmp_path: Path
) -> None:
    engine = replace(Obliging(), docker_host="tcp://10.0.0.1:2375")
    (tmp_path / "run").mkdir()
    user = {**environment, "DOCKER_CONTEXT": "there"}
    with route_builders(user, engine, "unix:///recorder", tmp_path / "run", print) as led:
        instance = json.loads((led.configuration / "instances" / "there").read_text())
        assert (instance["Driver"], instance["Nodes"][0]["Endpoint"]) == ("docker", "unix:///recorder")
    assert not (tmp_path / "docker" / "buildx").exists()
