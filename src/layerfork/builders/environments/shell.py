"""Opens an engine for the user: a shell, or any command, in which ``docker`` talks to it."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from layerfork.builders.api.loopbackregistry import registry_for
from layerfork.builders.engines import Engine, RunningEngine
from layerfork.builders.environments.privatedir import MAX_SOCKET_DIR_BYTES, short_directory
from layerfork.builders.process import ProgramMissingError, run_in_foreground
from layerfork.builders.recording.wrap import wrapped_environment
from layerfork.errors import UsageError
from layerfork.record.build import Builder, Command
from layerfork.record.progress import Say

REGISTRY_VARIABLE = "LAYERFORK_REGISTRY"
"""Holds the address of the registry, as the engine reaches it."""


def run_in_engine(engine: Engine, argv: Sequence[str], registry: str, say: Say) -> int:
    """Start an engine, run a command on our terminal, end the engine; the command's exit code.

    Without ``argv`` it is the user's shell. ``registry`` is a directory to serve inside, or empty.
    Raises: EngineError when the engine does not come up, UsageError when the program does not exist.
    """
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(engine.start(os.environ, say))
        directory = stack.enter_context(_directory_of(running))
        env = engine_environment(running, directory)
        if registry:
            env[REGISTRY_VARIABLE] = _open_registry(running, registry, say, stack)
            say(f"a registry listens on {env[REGISTRY_VARIABLE]} inside (${REGISTRY_VARIABLE})")
        command = Command(argv=tuple(argv) or (os.environ.get("SHELL") or "/bin/sh",), env=env)
        if not argv:
            say(f"{engine.id} is running; exit this shell to stop it")
        try:
            return run_in_foreground(command, lambda: None)
        except ProgramMissingError as error:
            raise UsageError(str(error), hint="give a command that exists after --") from error


@contextlib.contextmanager
def _directory_of(running: RunningEngine) -> Iterator[Path]:
    """Where links to programs go: with an engine of ours, whose keeper removes it however this run ends."""
    if running.daemons is not None:
        directory = running.daemons.directory.path / "shell"
        if len(os.fsencode(directory)) <= MAX_SOCKET_DIR_BYTES:
            directory.mkdir(mode=0o700)
            yield directory
            return
    with short_directory() as directory:
        yield directory


def _open_registry(running: RunningEngine, directory: str, say: Say, stack: contextlib.ExitStack) -> str:
    if running.daemons is None:
        raise UsageError(
            "only layerfork's own engines can have a registry", hint="drop --registry, or use private"
        )
    return stack.enter_context(registry_for(running.daemons, Path(directory), os.environ, say))


def engine_environment(running: RunningEngine, directory: Path) -> dict[str, str]:
    """The user's environment with the engine's own programs in front, so that versions never mix.

    ``directory`` is where links to them go.
    """
    env = wrapped_environment(running, running.docker_host, directory)
    programs = directory / "bin"
    programs.mkdir(exist_ok=True)
    for name, place in _programs(running).items():
        link = programs / name
        link.unlink(missing_ok=True)
        link.symlink_to(place)
    path = env.get("PATH", os.defpath).split(os.pathsep)
    env["PATH"] = os.pathsep.join([str(programs), *(each for each in path if each != str(programs))])
    if running.info.ours:
        env["BUILDX_CONFIG"] = str(directory / "buildx")  # builders made here end with the engine
    env.pop("CONTAINER_HOST", None)  # with it podman's own programs would be clients of the service
    if "DOCKER_HOST" in running.builders.variables and running.builders.executing(Builder.BUILDKIT) is None:
        env["DOCKER_BUILDKIT"] = "0"
    return env


def _programs(running: RunningEngine) -> dict[str, Path]:
    programs = {}
    if running.toolchain is not None:
        programs["docker"] = running.toolchain.docker
    if running.podman is not None:
        programs |= {"podman": running.podman.podman, "buildah": running.podman.buildah}
    return programs
