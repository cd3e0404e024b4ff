"""Caches in a registry: credentials, retries, damage; no secret in what is said."""

import base64
import json
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.builders.caches.layouts import Layout, config_of, export
from unit.builders.caches.registryserver import BASIC, IDENTITY, SECRET, TOKEN, USER, Behaviour, serving

from layerfork.builders.caches import registry
from layerfork.builders.caches.registry import may_carry_a_login
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


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes the credential helper ``mine``, a shell script."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def write(script: str) -> None:
        path = tmp_path / "docker-credential-mine"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return write


def says(user: str, secret: str) -> str:
    answer = json.dumps({"ServerURL": "x", "Username": user, "Secret": secret})
    return f"cat >/dev/null\necho '{answer}'"


def test_credentials_of_a_helper(
    behaviour: Behaviour,
    docker_config: Path,
    helper: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    behaviour.login = "basic"
    helper(says(USER, SECRET))
    with serving(behaviour) as address:
        docker_config.write_text(json.dumps({"credHelpers": {address: "mine"}}))
        assert call(["cache", "inspect", f"{address}/cache", "--format", "json"]) == 0
    assert len(document(capsys)["records"]) == 6


@pytest.mark.parametrize("by", ["file", "helper"])
def test_an_identity_token_gets_access_tokens(
    behaviour: Behaviour,
    docker_config: Path,
    helper: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
    by: str,
) -> None:
    behaviour.login = "token"
    helper(says("<token>", IDENTITY))
    with serving(behaviour) as address:
        own = {"auth": BASIC.removeprefix("Basic "), "identitytoken": IDENTITY}
        found = {"auths": {address: own}} if by == "file" else {"credsStore": "mine"}
        docker_config.write_text(json.dumps(found))
        assert call(["cache", "inspect", f"{address}/cache", "--format", "json"]) == 0
    assert len(document(capsys)["records"]) == 6
    (form,) = behaviour.forms
    assert form == {
        "grant_type": "refresh_token",
        "service": "s",
        "client_id": "layerfork",
        "scope": "repository:cache:pull",
        "refresh_token": IDENTITY,
    }
    assert behaviour.authorizations == {"", f"Bearer {TOKEN}"}


@pytest.mark.parametrize("login", ["token", "basic"])
def test_an_identity_token_that_is_refused(
    behaviour: Behaviour, docker_config: Path, capsys: pytest.CaptureFixture[str], login: str
) -> None:
    behaviour.login = login
    with serving(behaviour) as address:
        docker_config.write_text(json.dumps({"auths": {address: {"identitytoken": "n0t-it"}}}))
        assert call(["cache", "inspect", f"{address}/cache"]) == ExitCode.COULD_NOT_RUN
    err = capsys.readouterr().err
    assert f"docker login {address}" in err
    assert "n0t-it" not in err
    assert behaviour.authorizations == {""}
    assert len(behaviour.forms) == (login == "token")


def test_a_helper_that_hangs_is_named_and_ended(
    behaviour: Behaviour,
    docker_config: Path,
    helper: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("layerfork.builders.caches.credentials.HELPER_S", 0.5)
    helper(f"sleep 600 & echo $! >{tmp_path}/child; wait")
    with serving(behaviour) as address:
        docker_config.write_text(json.dumps({"credHelpers": {address: "mine"}}))
        assert call(["cache", "inspect", f"{address}/cache"]) == ExitCode.COULD_NOT_RUN
    err = capsys.readouterr().err
    assert "docker-credential-mine did not answer within 0.5 s" in err
    assert f"echo {address} | docker-credential-mine get" in err
    assert ends(int((tmp_path / "child").read_text()))


def ends(pid: int, within_s: float = 10) -> bool:
    """A process that was killed is there until the kernel comes round to it; one that has no parent left,
    until it is reaped."""
    limit = time.monotonic() + within_s
    while time.monotonic() < limit:
        if not Path(f"/proc/{pid}/cwd").exists():
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("echo credentials not found in native keychain; exit 1", 0),
        (f"echo {SECRET}; exit 1", ExitCode.COULD_NOT_RUN),
        (f"echo {SECRET}", ExitCode.COULD_NOT_RUN),
        ("echo '{}'", ExitCode.COULD_NOT_RUN),
    ],
)
def test_a_helper_that_knows_nothing_or_fails(
    behaviour: Behaviour,
    docker_config: Path,
    helper: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
    script: str,
    code: int,
) -> None:
    helper(script)
    with serving(behaviour) as address:
        docker_config.write_text(json.dumps({"credHelpers": {address: "mine"}}))
        assert call(["cache", "inspect", f"{address}/cache"]) == code
    said = capsys.readouterr()
    assert SECRET not in said.err + said.out
    assert "Traceback" not in said.err


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
    assert "the credential helper docker-credential-no-such, which cannot be run" in capsys.readouterr().err


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
    assert "is not an image reference" in err
    assert "user:pw" not in err


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of example hosts, and 127.evil.example, lead to this machine without being its own."""
    resolve = socket.getaddrinfo

    def resolved(host: str, *more: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if str(host).endswith("example") else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("kind", ["password", "identity token"])
@pytest.mark.parametrize("host", ["tokens.example", "127.evil.example", "localhost.evil.example"])
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_no_login_goes_in_clear_to_the_realm_of_another_host(
    behaviour: Behaviour,
    docker_config: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    host: str,
    scheme: str,
) -> None:
    behaviour.login = "token"
    with serving(behaviour) as address:
        behaviour.realm = f"{scheme}://{host}:{address.partition(':')[2]}/token"
        log_in(docker_config, address)
        if kind == "identity token":
            entry = {"auth": base64.b64encode(b"<token>:").decode(), "identitytoken": IDENTITY}
            docker_config.write_text(json.dumps({"auths": {address: entry}}))
        assert call(["cache", "inspect", f"{address}/cache"]) == ExitCode.COULD_NOT_RUN
    assert "without TLS" in capsys.readouterr().err
    assert behaviour.authorizations == {""}
    assert behaviour.forms == []
    assert not any("/token" in each for each in behaviour.asked)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("login", ["token", "basic"])
def test_no_login_goes_in_clear_to_a_registry_that_is_not_here(
    behaviour: Behaviour, docker_config: Path, capsys: pytest.CaptureFixture[str], login: str
) -> None:
    behaviour.login = login
    with serving(behaviour) as address:
        there = f"registry.example:{address.partition(':')[2]}"
        log_in(docker_config, there)
        word = f"type=registry,ref={there}/cache,registry.insecure=true"
        assert call(["cache", "inspect", word]) == ExitCode.COULD_NOT_RUN
        assert "without TLS" in capsys.readouterr().err
        behaviour.login = ""
        assert call(["cache", "inspect", word]) == 0
    assert behaviour.authorizations == {""}


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://auth.docker.io/token", True),
        ("https://tokens.example/token", True),
        ("http://localhost:5000/token", True),
        ("http://127.0.0.1/token", True),
        ("http://[::1]:5000/token", True),
        ("http://tokens.example/token", False),
        ("http://127.0.0.1@tokens.example/token", False),
        ("http://127.0.0.1.example/", False),
        ("ftp://localhost/", False),
        ("http://[::1/", False),
        ("//localhost/token", False),
        ("", False),
    ],
)
def test_which_address_may_have_a_login(url: str, may: bool) -> None:
    assert may_carry_a_login(url) is may


@pytest.mark.parametrize("drips", ["head", "body"])
def test_all_answers_together_have_an_end(
    behaviour: Behaviour, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, drips: str
) -> None:
    monkeypatch.setattr(registry, "ALL_S", 1.0)
    behaviour.drips = drips
    with serving(behaviour) as address:
        began_s = time.monotonic()
        assert call(["cache", "inspect", f"{address}/cache"]) == ExitCode.COULD_NOT_RUN
        assert time.monotonic() - began_s < 10
    assert "take longer than 1 s in total" in capsys.readouterr().err
