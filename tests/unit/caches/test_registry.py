"""Caches in a registry: credentials, retries, damage; no secret in what is said."""

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from unit.caches.layouts import Layout, config_of, export
from unit.caches.registryserver import BASIC, SECRET, TOKEN, USER, Behaviour, serving

from layerfork.cli import call
from layerfork.errors import ExitCode


@pytest.fixture(autouse=True)
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "docker"
    directory.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(directory))
    monkeypatch.setenv("HOME", str(tmp_path))
    return directory / "config.json"


@pytest.fixture
def behaviour(tmp_path: Path) -> Behaviour:
    export(tmp_path / "cache", config_of("run-copy"))
    return Behaviour(layout=tmp_path / "cache")


def log_in(config: Path, address: str) -> None:
    auth = BASIC.removeprefix("Basic ")
    config.write_text(json.dumps({"auths": {address: {"auth": auth}}}))


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_cache_is_read_without_its_layers(behaviour: Behaviour, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(behaviour) as address:
        assert call(["cache", "inspect", f"{address}/team/cache:latest", "--format", "json"]) == 0
        found = document(capsys)
    assert found["source"] == f"{address}/team/cache:latest"
    assert len(found["records"]) == 6
    layers = {layer["digest"] for layer in found["layers"]}
    assert not any(layer in path for path in behaviour.asked for layer in layers)


def test_blobs_are_asked_for_by_head_alone(behaviour: Behaviour, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of("run-copy")
    Layout(behaviour.layout).blob(config["layers"][0]["blob"]).touch()
    with serving(behaviour) as address:
        words = ["cache", "inspect", f"type=registry,ref={address}/cache", "--blobs", "--format", "json"]
        assert call(words) == 0
        found = document(capsys)
    assert [layer["gone"] for layer in found["layers"]] == [False, True, True, True]
    layers = {layer["digest"] for layer in found["layers"]}
    asked = [path for path in behaviour.asked if any(layer in path for layer in layers)]
    assert {path.partition(" ")[0] for path in asked} == {"HEAD"}


@pytest.mark.parametrize("login", ["token", "basic"])
def test_credentials_of_dockers_configuration(
    behaviour: Behaviour, docker_config: Path, capsys: pytest.CaptureFixture[str], login: str
) -> None:
    behaviour.login = login
    with serving(behaviour) as address:
        log_in(docker_config, address)
        assert call(["cache", "inspect", f"{address}/cache", "--format", "json"]) == 0
    assert len(document(capsys)["records"]) == 6
    assert (f"Bearer {TOKEN}" if login == "token" else BASIC) in behaviour.authorizations


def test_credentials_of_a_helper(
    behaviour: Behaviour,
    docker_config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    behaviour.login = "basic"
    helper = tmp_path / "docker-credential-mine"
    answer = json.dumps({"ServerURL": "x", "Username": USER, "Secret": SECRET})
    helper.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{answer}'\n")
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with serving(behaviour) as address:
        docker_config.write_text(json.dumps({"credHelpers": {address: "mine"}}))
        assert call(["cache", "inspect", f"{address}/cache", "--format", "json"]) == 0
    assert len(document(capsys)["records"]) == 6


@pytest.mark.parametrize("login", ["token", "basic"])
@pytest.mark.parametrize("wrong", [False, True])
def test_without_or_with_wrong_credentials(
    behaviour: Behaviour,
    docker_config: Path,
    capsys: pytest.CaptureFixture[str],
    login: str,
    wrong: bool,
) -> None:
    behaviour.login = login
    with serving(behaviour) as address:
        if wrong:
            wrong_auth = base64.b64encode(f"{USER}:n0t-it".encode()).decode()
            docker_config.write_text(json.dumps({"auths": {address: {"auth": wrong_auth}}}))
        assert call(["cache", "inspect", f"{address}/cache"]) == ExitCode.COULD_NOT_RUN
    err = capsys.readouterr().err
    assert f"docker login {address}" in err
    assert "n0t-it" not in err
    assert len(behaviour.authorizations - {""}) == wrong
    assert "Traceback" not in err


def test_a_missing_helper_is_named_without_secrets(
    behaviour: Behaviour, docker_config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(behaviour) as address:
        docker_config.write_text(json.dumps({"credHelpers": {address: "no-such"}}))
        assert call(["cache", "inspect", f"{address}/cache"]) == ExitCode.COULD_NOT_RUN
    assert "credentials for 127.0.0.1" in capsys.readouterr().err


def test_what_passes_is_tried_again(behaviour: Behaviour, capsys: pytest.CaptureFixture[str]) -> None:
    behaviour.failures = 2
    with serving(behaviour) as address:
        assert call(["cache", "inspect", f"{address}/cache", "--format", "json"]) == 0
    assert len(document(capsys)["records"]) == 6


def test_nobody_answers(behaviour: Behaviour, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(behaviour) as address:
        pass
    assert call(["cache", "inspect", f"{address}/cache"]) == ExitCode.COULD_NOT_RUN
    assert f"cannot read {address}/cache:latest" in capsys.readouterr().err


def test_no_such_cache(behaviour: Behaviour, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(behaviour) as address:
        assert call(["cache", "inspect", f"{address}/cache:other"]) == ExitCode.COULD_NOT_RUN
    assert "there is no such cache in the registry" in capsys.readouterr().err


def test_a_manifest_without_an_end(behaviour: Behaviour, capsys: pytest.CaptureFixture[str]) -> None:
    behaviour.endless = True
    with serving(behaviour) as address:
        assert call(["cache", "inspect", f"{address}/cache"]) == ExitCode.USAGE
    assert "is longer than 8,388,608 bytes" in capsys.readouterr().err


def test_a_manifest_that_is_not_what_the_registry_says(
    behaviour: Behaviour, capsys: pytest.CaptureFixture[str]
) -> None:
    behaviour.wrong_digest = True
    with serving(behaviour) as address:
        assert call(["cache", "inspect", f"{address}/cache"]) == ExitCode.USAGE
    assert "is damaged" in capsys.readouterr().err


def test_a_config_that_is_another(behaviour: Behaviour, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(behaviour.layout)
    manifest = json.loads((behaviour.layout / "index.json").read_text())["manifests"][0]["digest"]
    config = json.loads(layout.blob(manifest).read_text())["config"]["digest"]
    layout.blob(config).write_bytes(b"{}")
    with serving(behaviour) as address:
        assert call(["cache", "inspect", f"{address}/cache"]) == ExitCode.USAGE
    assert f"{config} is damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    "word", ["https://example.org/cache", "user:pw@example.org/cache", "type=registry", "a b/c", "x/../../y"]
)
def test_what_is_no_reference(capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert call(["cache", "inspect", word]) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert "is no reference" in err
    assert "user:pw" not in err
