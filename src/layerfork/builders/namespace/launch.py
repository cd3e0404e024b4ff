"""Starts a private engine's keeper, waits until the engine answers, and ends it again."""

import contextlib
import errno
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from layerfork.builders.api.engineapi import ApiError, EngineApi
from layerfork.builders.namespace.rundirs import (
    BASE_VARIABLE,
    KeptData,
    RunDirectory,
    claim,
    lies_on_overlay,
    sweep,
)
from layerfork.builders.process import last_lines, spawn
from layerfork.errors import EngineError
from layerfork.record.build import Command

READY_LIMIT_S = 30.0
REPORT_LIMIT_S = 0.5
"""How long the report of a daemon's death may come after the death itself."""
END_LIMIT_S = 60.0
"""How long removing the data of an ended engine may take before we no longer wait for it."""
NO_SPACE = "no space left on device"
"""The kernel's message, in lower case."""
PROGRAM = "import sys; sys.path.append(sys.argv[1]); import keeper; sys.exit(keeper.main(sys.argv[2:]))"
"""Runs the keeper as a module of its directory alone: compiled already, and without the package."""
LOADER_VARIABLES = ("LD_LIBRARY_PATH",)
"""Variables that this Python may need to start; the daemons do not get them."""
INSIDE = "/run/layerfork"
"""Where the run directory appears inside the namespace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A program to start in the engine's namespaces."""

    socket: str
    """Path inside: once it exists the next one is started."""
    program: str
    """Path below ``/usr``."""
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Startup:
    """How an engine is started from its root."""

    daemons: tuple[Daemon, ...]
    """In order; the last one listens on the run directory's socket."""
    files: tuple[tuple[str, str], ...]
    """Names relative to the run directory, and texts. What lies in ``etc`` also appears in ``/etc``."""
    shows_host: bool = False
    """Whether this machine's own files are there as well, at their places, for builds without a socket."""
    owns_cgroup: bool = False
    """Whether the daemons themselves run in the engine's cgroup: what they start is then below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemons:
    """A started engine as processes and files; not necessarily ready."""

    keeper: subprocess.Popen[bytes]
    directory: RunDirectory
    report: IO[bytes]
    """The keeper's report of a failure, one line."""
    log: IO[bytes]
    """The daemons' output, interleaved, in a file without a name."""

    @property
    def docker_host(self) -> str:
        return f"unix://{self.directory.socket}"

    def has_reported(self) -> bool:
        """Whether a daemon ended, or could not be started."""
        return os.fstat(self.report.fileno()).st_size > 0

    def log_tail(self) -> str:
        return last_lines(read_log(self.log))


@contextlib.contextmanager
def launched(
    root: Path, plan: Callable[[str], Startup], base: Path, kept: KeptData | None = None
) -> Iterator[Daemons]:
    """Start the daemons of ``root`` in namespaces of their own; end them on leaving.

    ``plan`` gets the engine's name, which is also that of its cgroup. ``kept`` is data that stays.
    Raises: EngineError when the run directory cannot be made.
    """
    sweep(base)
    directory = claim(base)
    # The kernel closes our end however this process ends, by SIGKILL too: the keeper then cleans up.
    lifeline, our_end = os.pipe()
    try:
        with tempfile.TemporaryFile() as report, tempfile.TemporaryFile() as log:
            try:
                command = _keeper_command(root, plan(directory.name), directory, lifeline, kept)
                locks = (directory.lock, kept.lock) if kept is not None else (directory.lock,)
                keeper = spawn(command, stdout=report, stderr=log, pass_fds=(lifeline, *locks))
            finally:
                # The keeper has copies. The flock holds as long as one process of the engine has it open.
                os.close(lifeline)
                os.close(directory.lock)
            try:
                yield Daemons(keeper=keeper, directory=directory, report=report, log=log)
            finally:
                os.close(our_end)
                our_end = -1
                _await_end(keeper)
    finally:
        if our_end >= 0:
            os.close(our_end)
        sweep(base)  # finds nothing, unless the keeper never ran or was killed


def _await_end(keeper: subprocess.Popen[bytes]) -> None:
    """Wait until the keeper has removed everything, but not for ever: it goes on without us."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        keeper.wait(END_LIMIT_S)


def await_ready(daemons: Daemons) -> EngineApi:
    """The API of the engine once it answers.

    Raises: EngineError with the reason, when the engine ended or takes longer than `READY_LIMIT_S`.
    """
    api = EngineApi(daemons.docker_host)
    give_up = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < give_up:
        if daemons.keeper.poll() is not None or daemons.has_reported():
            raise failure(daemons)
        if daemons.directory.socket.exists():
            with contextlib.suppress(EngineError, ApiError):
                api.ping(timeout_s=1.0)
                return api
        time.sleep(0.003)
    message = f"the private engine was not ready within {READY_LIMIT_S:g} s"
    raise EngineError(message, "see the engine's last lines below", daemons.log_tail())


def failure(daemons: Daemons) -> EngineError:
    """Why an engine that no longer answers ended, as an error to raise."""
    give_up = time.monotonic() + REPORT_LIMIT_S
    while not daemons.has_reported() and daemons.keeper.poll() is None and time.monotonic() < give_up:
        time.sleep(0.005)
    what, subject, number = (*read_log(daemons.report).split(), "", "", "0")[:3]
    details = daemons.log_tail()
    if NO_SPACE in details.lower():
        return no_space(daemons)
    if what == "refused" and int(number) in (errno.EPERM, errno.EACCES):
        return EngineError(
            f"namespaces for a private engine cannot be made on this machine ({subject}: not permitted)",
            "run on a real machine or in a privileged container, or use an installed Docker: --engine host",
            details,
        )
    if what == "refused":
        reason = os.strerror(int(number))
        return EngineError(f"the private engine cannot be set up: {subject}: {reason}", details=details)
    if what == "ended":
        message = f"{subject} of the private engine ended with status {number}"
        return EngineError(message, "see its last lines below", details)
    return EngineError("the private engine was killed from outside", "run again", details)


def no_space(daemons: Daemons) -> EngineError:
    """The error for an engine whose disk is full."""
    hint = f"free space in {daemons.directory.base}, or choose another directory: {BASE_VARIABLE}=…"
    return EngineError("no space left for the private engine's data", hint, daemons.log_tail())


def _keeper_command(
    root: Path, startup: Startup, directory: RunDirectory, lifeline: int, kept: KeptData | None
) -> Command:
    options = {
        "in-memory": lies_on_overlay(directory.base),
        "host-files": startup.shows_host,
        "own-cgroup": startup.owns_cgroup,
        f"data-at={kept.path if kept is not None else ''}": kept is not None,
    }
    daemons = [("--", daemon.socket, daemon.program, *daemon.arguments) for daemon in startup.daemons]
    return Command(
        argv=(
            *(sys.executable, "-I", "-S", "-c", PROGRAM, str(Path(__file__).parent)),
            *(str(directory.base), directory.name, str(lifeline), str(directory.lock)),
            *(str(root), str(directory.path)),
            *(option for option, wanted in options.items() if wanted),
            *(argument for daemon in daemons for argument in daemon),
        ),
        env={name: os.environ[name] for name in LOADER_VARIABLES if name in os.environ},
        files=tuple((directory.path / name, text) for name, text in startup.files),
    )


def read_log(stream: IO[bytes]) -> str:
    """The content of a file that other processes still write to; their position in it stays."""
    size = os.fstat(stream.fileno()).st_size
    return os.pread(stream.fileno(), min(size, 1 << 20), max(0, size - (1 << 20))).decode(errors="replace")
