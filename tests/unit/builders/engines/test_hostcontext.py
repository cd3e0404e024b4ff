"""Which engine the user's own docker would speak to."""

import hashlib
import json
from pathlib import Path

import pytest

from layerfork.builders.engines.hostcontext import resolve_docker_host
from layerfork.errors import EngineError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / ".docker"


def environment(config: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(config.parent), **more}


def add_context(config: Path, name: str, host: str, tls: bool = False) -> None:
    directory = hashlib.sha256(name.encode()).hexdigest()
    meta = config / "contexts" / "meta" / directory
    meta.mkdir(parents=True)
    content = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (meta / "meta.json").write_text(json.dumps(content))
    if tls:
        (config / "contexts" / "tls" / directory / "docker").mkdir(parents=True)


def choose_context(config: Path, name: str) -> None:
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.json").write_text(json.dumps({"currentContext": name, "auths": {}}))


def test_nothing_set_means_the_system_socket(config: Path) -> None:
    assert resolve_docker_host(environment(config)) == "unix:///var/run/docker.sock"


def test_docker_host_wins_over_contexts(config: Path) -> None:
    add_context(config, "work", "unix:///work.sock")
    choose_context(config, "work")
    found = resolve_docker_host(environment(config, DOCKER_HOST="unix:///mine.sock", DOCKER_CONTEXT="work"))
    assert found == "unix:///mine.sock"


def test_docker_context_wins_over_the_current_one(config: Path) -> None:
    add_context(config, "work", "unix:///work.sock")
    add_context(config, "home", "unix:///home.sock")
    choose_context(config, "work")
    assert resolve_docker_host(environment(config)) == "unix:///work.sock"
    assert resolve_docker_host(environment(config, DOCKER_CONTEXT="home")) == "unix:///home.sock"
    assert resolve_docker_host(environment(config), "home") == "unix:///home.sock"


def test_context_asked_for_by_name_wins_over_docker_host(config: Path) -> None:
    add_context(config, "work", "unix:///work.sock")
    assert resolve_docker_host(environment(config, DOCKER_HOST="tcp://x:1"), "work") == "unix:///work.sock"


def test_default_context_has_no_file(config: Path) -> None:
    choose_context(config, "default")
    assert resolve_docker_host(environment(config)) == "unix:///var/run/docker.sock"


def test_docker_config_moves_the_contexts(config: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    add_context(moved, "work", "unix:///work.sock")
    choose_context(moved, "work")
    assert resolve_docker_host(environment(config, DOCKER_CONFIG=str(moved))) == "unix:///work.sock"


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("tcp://127.0.0.1:2375", "tcp://127.0.0.1:2375"),
        ("tcp://build-server", "tcp://build-server:2375"),
        ("build-server:4000", "tcp://build-server:4000"),
        ("tcp://[::1]:2375", "tcp://[::1]:2375"),
    ],
)
def test_tcp_addresses_get_a_normal_form(config: Path, host: str, found: str) -> None:
    assert resolve_docker_host(environment(config, DOCKER_HOST=host)) == found


@pytest.mark.parametrize("host", ["ssh://me@server", "npipe:////./pipe/docker", "unix://relative", "fd://"])
def test_what_cannot_be_recorded_is_refused_with_a_way_on(config: Path, host: str) -> None:
    with pytest.raises(EngineError, match="needs the docker CLI") as caught:
        resolve_docker_host(environment(config, DOCKER_HOST=host))
    assert "ssh -nNT -L" in caught.value.hint


@pytest.mark.parametrize("host", ["foo://x", "unxi:///var/run/docker.sock"])
def test_a_scheme_that_docker_does_not_know_is_named(config: Path, host: str) -> None:
    with pytest.raises(EngineError) as caught:
        resolve_docker_host(environment(config, DOCKER_HOST=host))
    assert caught.value.message == f"unsupported scheme {host.partition(':')[0]!r} in {host}"


def test_tls_is_refused(config: Path) -> None:
    with pytest.raises(EngineError, match="TLS"):
        resolve_docker_host(environment(config, DOCKER_HOST="tcp://x:2376", DOCKER_TLS_VERIFY="1"))
    add_context(config, "far", "tcp://x:2376", tls=True)
    with pytest.raises(EngineError, match="TLS"):
        resolve_docker_host(environment(config), "far")


def test_missing_context_is_named(config: Path) -> None:
    with pytest.raises(EngineError, match="'nowhere'"):
        resolve_docker_host(environment(config, DOCKER_CONTEXT="nowhere"))


@pytest.mark.parametrize("text", ["{", "[]", "\udce4"])
def test_broken_config_is_named(config: Path, text: str) -> None:
    config.mkdir()
    (config / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(EngineError, match=r"config\.json"):
        resolve_docker_host(environment(config))
