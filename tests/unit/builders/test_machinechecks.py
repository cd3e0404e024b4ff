"""Settings that would distort results, from environments and configurations made for it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from layerfork.builders import machinechecks as places
from layerfork.builders.machinechecks import examine_places, examine_settings, without_passwords
from layerfork.record.machine import Health, HealthRow


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """docker's directory, and a working directory that is no repository."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    (tmp_path / "docker").mkdir()
    return tmp_path / "docker"


def noted(config: Path, **variables: str) -> dict[str, str]:
    rows = list(examine_settings({"DOCKER_CONFIG": str(config), **variables}))
    assert {row.health for row in rows} == {Health.NOTE}
    found = {row.name: row.what for row in rows}
    assert found.pop("DOCKER_CONFIG")
    return found


def test_a_plain_user_has_nothing_to_note(config: Path) -> None:
    assert noted(config) == {}


def test_variables(config: Path) -> None:
    found = noted(config, DOCKER_BUILDKIT="0", SOURCE_DATE_EPOCH="1", COMPOSE_BAKE="true", PAGER="less")
    assert list(found) == ["DOCKER_BUILDKIT", "SOURCE_DATE_EPOCH", "COMPOSE_BAKE"]
    assert found["DOCKER_BUILDKIT"].startswith("0: ")


def test_passwords_are_not_told(config: Path) -> None:
    (config / "config.json").write_text(json.dumps({"proxies": {"default": {"httpProxy": "http://u:pw@h"}}}))
    environment = {"DOCKER_CONFIG": str(config), "DOCKER_HOST": "tcp://u:pw@h:1"}
    found = {row.name: row.what for row in examine_settings(environment)}
    assert sorted(found) == ["DOCKER_CONFIG", "DOCKER_HOST", "proxies"]
    assert "pw" not in "".join(found.values())
    assert without_passwords("at ssh://a:b@c: no") == "at ssh://…@c: no"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"features": {"buildkit": false}}', ["features"]),
        ('{"aliases": {"builder": "buildx"}}', ["aliases"]),
        ('{"auths": {}, "features": null}', []),
        ("[]", []),
        ("{", ["docker config"]),
    ],
)
def test_docker_configurations(config: Path, text: str, names: list[str]) -> None:
    (config / "config.json").write_text(text)
    assert list(noted(config)) == names


@pytest.mark.parametrize(("name", "noticed"), [("remote", True), ("default", False), ("", False)])
def test_a_chosen_builder(config: Path, name: str, noticed: bool) -> None:
    (config / "buildx").mkdir()
    (config / "buildx" / "current").write_text(json.dumps({"Key": "x", "Name": name, "Global": False}))
    assert list(noted(config)) == ["buildx builder"] * noticed


def test_how_git_checks_out(config: Path) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "config", "core.autocrlf", "true"], check=True)
    subprocess.run(["git", "config", "core.fileMode", "false"], check=True)
    assert list(noted(config)) == ["core.autocrlf", "core.fileMode"]


def rows() -> dict[str, HealthRow]:
    return {row.name: row for row in examine_places()}


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"deb.debian.org": True, "pypi.org": False}
    monkeypatch.setattr(places, "_asked", lambda hosts, patience_s: answers)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(("mask", "health"), [(0o022, Health.OK), (0o002, Health.NOTE)])
def test_the_umask_is_read_and_stays(mask: int, health: Health) -> None:
    before = os.umask(mask)
    try:
        found = rows()
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert found["umask"].health is health
    assert f"{mask:03o}" in found["umask"].what


@pytest.mark.usefixtures("offline")
def test_a_host_without_an_answer_is_not_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_asked", lambda hosts, patience_s: {"deb.debian.org": True})
    found = rows()["network"]
    assert (found.health, found.what) == (Health.UNKNOWN, "pypi.org: no answer in 3 s")


@pytest.mark.usefixtures("offline")
def test_places(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rows()
    assert found["network"].health is Health.ABSENT
    assert found["clock"].health is Health.OK
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert rows()["clock"].what.startswith("the clock says 1970-01-01")
    monkeypatch.setenv("HTTPS_PROXY", "http://u:pw@h")
    assert "pw" not in rows()["network"].what
