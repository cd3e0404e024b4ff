"""Commands in the namespaces of a running engine, and its daemons started again there."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.namespace.launch import LOADER_VARIABLES, READY_LIMIT_S, Daemons, await_ready, failure
from layerfork.errors import EngineError

PROGRAM = "import sys; sys.path.append(sys.argv[1]); import enter; sys.exit(enter.main(sys.argv[2:]))"
"""Runs `enter` as a module of its directory alone."""
EVERYTHING = ("net", "ipc", "uts", "pid", "mnt")
"""The kinds of namespaces that an engine has of its own, in the order of entering."""
NETWORK = ("net", "pid")
"""For a program that this machine's files are for, but that talks to the engine and ends with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespaces:
    """The namespaces of one engine, held open: another process can never be taken for it."""

    name: str
    """Of the engine, and of its cgroup."""
    files: Mapping[str, Path]
    """Kind to a file that is the namespace, while this process lives."""

    def enter(self, *kinds: str) -> tuple[str, ...]:
        """Arguments to put before a command, whose program must be an absolute path in there."""
        files = (f"{kind}={self.files[kind]}" for kind in kinds)
        python = (sys.executable, "-I", "-S", "-c", PROGRAM, str(Path(__file__).parent))
        return (*python, self.name, *files, "--")

    def write_wrapper(self, path: Path, program: str, environment: Mapping[str, str]) -> None:
        """Write a program that runs ``program`` of the engine's root in there, with more variables."""
        kept = {name: os.environ[name] for name in LOADER_VARIABLES if name in os.environ}
        lines = ["#!/bin/sh"]
        lines += [f"export {name}={_quoted(value)}" for name, value in {**environment, **kept}.items()]
        argv = " ".join(map(_quoted, (*self.enter(*EVERYTHING), program)))
        lines.append(f'exec {argv} "$@"')
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        path.chmod(0o755)


@contextlib.contextmanager
def held_namespaces(daemons: Daemons) -> Iterator[Namespaces]:
    """The namespaces of an engine that answers.

    Raises: EngineError when it ended.
    """
    with contextlib.ExitStack() as stack:
        try:
            init = _only_child(daemons.keeper.pid)
            descriptors = {}
            for kind in EVERYTHING:
                descriptors[kind] = os.open(f"/proc/{init}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
                stack.callback(os.close, descriptors[kind])
            if _only_child(daemons.keeper.pid) != init:
                raise failure(daemons)
        except (OSError, ValueError) as error:
            raise failure(daemons) from error
        files = {kind: Path(f"/proc/{os.getpid()}/fd/{number}") for kind, number in descriptors.items()}
        yield Namespaces(name=daemons.directory.name, files=files)


def network_of(daemons: Daemons) -> Path:
    """The network namespace of an engine that answers. Raises: EngineError when it ended."""
    return Path(f"/proc/{first_process(daemons)}/ns/net")


def first_process(daemons: Daemons) -> int:
    """The parent of an engine's daemons. Raises: EngineError when it ended."""
    try:
        return _only_child(daemons.keeper.pid)
    except (OSError, ValueError) as error:
        raise failure(daemons) from error


def _only_child(pid: int) -> int:
    """The keeper's one child, the first process of the namespaces. Raises: ValueError when it has none."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii"))


def _quoted(argument: str) -> str:
    return "'" + argument.replace("'", "'\\''") + "'"


# An engine's daemons end and start again where they are: same namespaces, same data, same socket.


def restart(daemons: Daemons) -> None:
    """End all daemons of an engine of ours, start them again, and wait until the engine answers.

    Raises: EngineError with the reason, when it ended, or when either takes longer than `READY_LIMIT_S`.
    """
    try:
        init = first_process(daemons)
        before = _children(init)
        os.kill(init, signal.SIGHUP)
        give_up = time.monotonic() + READY_LIMIT_S
        while before & _children(init):
            if time.monotonic() > give_up:
                message = f"the private engine did not stop within {READY_LIMIT_S:g} s for a restart"
                raise EngineError(message, "see the engine's last lines below", daemons.log_tail())
            time.sleep(0.003)
    except OSError as error:
        raise failure(daemons) from error
    await_ready(daemons)  # of the new ones: the old ones are gone


def _children(pid: int) -> set[int]:
    """Raises: OSError when there is no such process any more."""
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()))
