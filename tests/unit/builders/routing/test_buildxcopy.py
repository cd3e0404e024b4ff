"""The command's copy of buildx's configuration: what it finds there, and what of its changes comes back."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from layerfork.builders.routing.buildxcopy import ConfigurationCopy, Substitution

RECORDER = "unix:///tmp/run/docker.sock"
ENGINE = "unix:///var/run/docker.sock"
ENGINE_FILE = "13c4025c96f36e94b348"
"""First 20 digits of the SHA-256 of ENGINE, by sha256sum."""


def node(name: str, endpoint: str, **fields: Any) -> dict[str, Any]:
    rest = {"Platforms": None, "DriverOpts": None, "Flags": None, "Files": None}
    return {"Name": name, "Endpoint": endpoint, **rest, **fields}


def builder(name: str, driver: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {"Name": name, "Driver": driver, "Nodes": list(nodes), "Dynamic": False}


CI = builder("ci", "docker-container", node("ci0", ENGINE, Flags=["--debug"]))
FAR = builder("far", "remote", node("far0", "tcp://there:1234", DriverOpts={"cacert": "/ca", "key": "/key"}))
POD = builder("pod", "kubernetes", node("pod0", "kubernetes:///pod?deployment=pod0"))
SUBSTITUTION = Substitution(
    recorder=RECORDER,
    key=ENGINE,
    addresses={"unix:///tmp/run/buildkit.sock": "tcp://kit:1234"},
    nodes={
        ("ci", "ci0"): (CI["Nodes"][0], node("ci0", RECORDER, Flags=["--debug"])),
        ("far", "far0"): (FAR["Nodes"][0], node("far0", "unix:///tmp/run/b0.sock")),
        ("pod", "pod0"): (POD["Nodes"][0], node("pod0", "unix:///tmp/run/b1.sock")),
    },
    drivers={"pod": ("kubernetes", "remote")},
    added={},
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A user's directory: three builders, one of them chosen, a lasting choice, and what else is there."""
    directory = tmp_path / "user"
    for name in ("instances", "defaults", "refs/ci"):
        (directory / name).mkdir(parents=True)
    for each in (CI, FAR, POD):
        (directory / "instances" / each["Name"]).write_text(json.dumps(each))
    (directory / "current").write_text(json.dumps({"Key": ENGINE, "Name": "ci", "Global": False}))
    (directory / "defaults" / ENGINE_FILE).write_text("far")
    (directory / ".buildNodeID").write_text("0123")
    return directory


def content(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in directory.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def made(store: Path, substitution: Substitution = SUBSTITUTION) -> ConfigurationCopy:
    number = len(list(store.parent.glob("copy*")))
    copy = ConfigurationCopy(store, store.parent / f"copy{number}", substitution)
    copy.make()
    return copy


def in_copy(copy: ConfigurationCopy, name: str) -> Any:
    return json.loads((copy.directory / name).read_text())


def test_the_command_finds_its_builders_behind_recorders_and_its_choice(store: Path) -> None:
    copy = made(store)
    assert in_copy(copy, "instances/ci")["Nodes"] == [node("ci0", RECORDER, Flags=["--debug"])]
    assert in_copy(copy, "instances/far")["Nodes"] == [node("far0", "unix:///tmp/run/b0.sock")]
    assert in_copy(copy, "instances/pod")["Driver"] == "remote"
    assert in_copy(copy, "current") == {"Key": RECORDER, "Name": "ci", "Global": False}
    lasting = {path.read_text() for path in (copy.directory / "defaults").iterdir()}
    assert lasting == {"far"}
    assert len(list((copy.directory / "defaults").iterdir())) == 2
    assert (copy.directory / ".buildNodeID").read_text() == "0123"
    assert (copy.directory / "refs").resolve() == store / "refs"


def test_a_command_that_changes_nothing_leaves_every_byte(store: Path) -> None:
    before = content(store)
    copy = made(store)
    assert content(store) == before
    copy.carry_back()
    assert content(store) == before
    assert not (store / ".lock").exists()


def test_a_builder_that_the_command_made_and_chose_names_the_engine_not_the_recorder(store: Path) -> None:
    copy = made(store)
    new = builder("new", "docker-container", node("new0", RECORDER))
    (copy.directory / "instances" / "new").write_text(json.dumps(new))
    chosen = {"Key": RECORDER, "Name": "new", "Global": False}
    (copy.directory / "current").write_text(json.dumps(chosen))
    copy.carry_back()
    assert json.loads((store / "instances" / "new").read_text()) == builder(
        "new", "docker-container", node("new0", ENGINE)
    )
    assert json.loads((store / "current").read_text()) == {**chosen, "Key": ENGINE}


def test_a_builder_at_buildkit_host_names_what_that_was(store: Path) -> None:
    copy = made(store)
    new = builder("new", "remote", node("new0", "unix:///tmp/run/buildkit.sock"))
    (copy.directory / "instances" / "new").write_text(json.dumps(new))
    copy.carry_back()
    kept = json.loads((store / "instances" / "new").read_text())
    assert kept["Nodes"] == [node("new0", "tcp://kit:1234")]


def test_a_removed_builder_is_removed_and_others_stay(store: Path) -> None:
    copy = made(store)
    (copy.directory / "instances" / "ci").unlink()
    copy.carry_back()
    assert sorted(path.name for path in (store / "instances").iterdir()) == ["far", "pod"]


def test_a_builder_whose_driver_was_another_one_stays_with_what_runs_for_it(store: Path) -> None:
    copy = made(store)
    (copy.directory / "instances" / "pod").unlink()
    copy.carry_back()
    assert json.loads((store / "instances" / "pod").read_text()) == POD
    assert copy.kept == ("pod",)


def test_a_node_that_was_added_to_a_led_builder_leaves_the_others_as_they_were(store: Path) -> None:
    copy = made(store)
    changed = in_copy(copy, "instances/far")
    changed["Nodes"].append(node("far1", "tcp://elsewhere:1"))
    (copy.directory / "instances" / "far").write_text(json.dumps(changed))
    copy.carry_back()
    kept = json.loads((store / "instances" / "far").read_text())
    assert kept == {**FAR, "Nodes": [*FAR["Nodes"], node("far1", "tcp://elsewhere:1")]}


def test_what_another_program_changed_meanwhile_stays(store: Path) -> None:
    copy = made(store)
    (store / "instances" / "other").write_text("{}")
    (store / "instances" / "far").unlink()
    (copy.directory / "instances" / "ci").unlink()
    copy.carry_back()
    assert sorted(path.name for path in (store / "instances").iterdir()) == ["other", "pod"]


def test_the_lasting_choice_is_that_of_the_engine(store: Path) -> None:
    copy = made(store)
    [here] = [path for path in (copy.directory / "defaults").iterdir() if path.name != ENGINE_FILE]
    here.write_text("ci")
    copy.carry_back()
    assert content(store / "defaults") == {ENGINE_FILE: "ci"}
    again = made(store, replace(SUBSTITUTION, recorder="unix:///tmp/again"))
    for path in (again.directory / "defaults").iterdir():
        if path.name != ENGINE_FILE:
            path.unlink()
    again.carry_back()
    assert content(store / "defaults") == {}


def test_nothing_that_names_an_engine_that_is_gone_comes_back(store: Path) -> None:
    before = content(store)
    copy = made(store, Substitution(recorder=RECORDER, key="", addresses={}, nodes={}, drivers={}, added={}))
    assert in_copy(copy, "current")["Key"] == ENGINE
    new = builder("new", "docker-container", node("new0", RECORDER))
    (copy.directory / "instances" / "new").write_text(json.dumps(new))
    (copy.directory / "current").write_text(json.dumps({"Key": RECORDER, "Name": "new", "Global": False}))
    copy.carry_back()
    assert content(store) == before


def test_a_user_without_a_configuration_gets_what_the_command_made(tmp_path: Path) -> None:
    store = tmp_path / "docker" / "buildx"
    copy = made_in(store, tmp_path / "copy")
    (copy.directory / "refs").mkdir()
    (copy.directory / "refs" / "one").write_text("1")
    (copy.directory / ".lock").write_text("")
    far = builder("far", "remote", node("far0", "tcp://there:1"))
    (copy.directory / "instances" / "far").write_text(json.dumps(far))
    copy.carry_back()
    assert set(content(store)) == {"refs/one", "instances/far"}


def test_a_user_without_a_configuration_keeps_none(tmp_path: Path) -> None:
    copy = made_in(tmp_path / "buildx", tmp_path / "copy")
    copy.carry_back()
    assert not (tmp_path / "buildx").exists()


def made_in(store: Path, directory: Path) -> ConfigurationCopy:
    nothing = Substitution(recorder=RECORDER, key=ENGINE, addresses={}, nodes={}, drivers={}, added={})
    copy = ConfigurationCopy(store, directory, nothing)
    copy.make()
    return copy


def test_what_is_only_in_the_copy_stays_there(store: Path) -> None:
    added = builder("work", "docker", node("work", RECORDER))
    copy = made(store, replace(SUBSTITUTION, added={"work": added}))
    assert in_copy(copy, "instances/work") == added
    copy.carry_back()
    assert not (store / "instances" / "work").exists()
