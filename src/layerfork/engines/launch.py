"""Starts a private engine's keeper, waits until the engine answers, and ends it again."""

import contextlib
import errno
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from layerfork.engines.api import ApiError, EngineApi
from layerfork.engines.rundirs import BASE_VARIABLE, RunDirectory, claim, lies_on_overlay, sweep
from layerfork.errors import EngineError
from layerfork.model.build import Command
from layerfork.process import last_lines, spawn

READY_LIMIT_S = 30.0
REPORT_LIMIT_S = 0.5
"""How long the report of a daemon's death may come after the death itself."""
END_LIMIT_S = 60.0
"""How long removing the data of an ended engine may take before we no longer wait for it."""
NO_SPACE = "no space left on device"
"""What the kernel says, in lower case."""
PROGRAM = "import sys; sys.path.append(sys.argv[1]); import keeper; sys.exit(keeper.main(sys.argv[2:]))"
"""Runs the keeper as a module of its directory alone: compiled already, and without the package."""
LOADER_VARIABLES = ("LD_LIBRARY_PATH",)
"""What this Python may need to start at all; the daemons do not get it."""
STORAGE_DRIVERS = {"graphdriver": "overlay2", "containerd": "overlayfs"}
"""The only driver for each image store: dockerd must not fall back to another without a word."""
CONTAINERD_SOCKET = "/run/containerd.sock"
INSIDE = "/run/layerfork"
"""Where the run directory appears inside the namespace."""

_CONTAINERD = f"""\
version = 2
root = "{INSIDE}/data/containerd/daemon"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "{CONTAINERD_SOCKET}"
[debug]
  level = "warn"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemons:
    """A started engine as processes and files; not necessarily ready."""

    keeper: subprocess.Popen[bytes]
    directory: RunDirectory
    report: IO[bytes]
    """What the keeper says about a failure, one line."""
    log: IO[bytes]
    """What the daemons say, interleaved; no name in any directory."""

    @property
    def docker_host(self) -> str:
        return f"unix://{self.directory.socket}"

    def has_reported(self) -> bool:
        """Whether a daemon ended, or could not be started."""
        return os.fstat(self.report.fileno()).st_size > 0

    def log_tail(self) -> str:
        return last_lines(_read(self.log))


@contextlib.contextmanager
def launched(root: Path, store: str, base: Path) -> Iterator[Daemons]:
    """Start containerd and dockerd of ``root`` in namespaces of their own; end them on leaving.

    Raises: EngineError when the run directory cannot be made.
    """
    sweep(base)
    directory = claim(base)
    lifeline, our_end = os.pipe()
    try:
        with tempfile.TemporaryFile() as report, tempfile.TemporaryFile() as log:
            try:
                command = _keeper_command(root, store, directory, lifeline)
                keeper = spawn(command, stdout=report, stderr=log, pass_fds=(lifeline, directory.lock))
            finally:
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
    what, subject, number = (*_read(daemons.report).split(), "", "", "0")[:3]
    details = daemons.log_tail()
    if NO_SPACE in details.lower():
        return no_space(daemons)
    if what == "refused" and int(number) in (errno.EPERM, errno.EACCES):
        return EngineError(
            f"this machine does not let us make namespaces for a private engine ({subject}: not permitted)",
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
    hint = f"make room in {daemons.directory.base}, or choose another directory: {BASE_VARIABLE}=…"
    return EngineError("no space left for the private engine's data", hint, daemons.log_tail())


def _keeper_command(root: Path, store: str, directory: RunDirectory, lifeline: int) -> Command:
    data = "tmpfs" if lies_on_overlay(directory.base) else "disk"
    settings = {
        "features": {"containerd-snapshotter": store == "containerd"},
        "storage-driver": STORAGE_DRIVERS[store],
        "builder": {"gc": {"enabled": False}},  # an experiment's cache stays
    }
    dockerd = (
        f"--containerd={CONTAINERD_SOCKET}",
        f"--config-file={INSIDE}/daemon.json",
        f"--data-root={INSIDE}/data",
        "--exec-root=/run/docker",
        "--pidfile=/run/docker.pid",
        f"--host=unix://{INSIDE}/docker.sock",
        "--group=0",
        "--iptables=false",
        "--exec-opt=native.cgroupdriver=cgroupfs",
        f"--cgroup-parent=/{directory.name}",
    )
    return Command(
        argv=(
            *(sys.executable, "-I", "-S", "-c", PROGRAM, str(Path(__file__).parent)),
            *(str(directory.base), directory.name, str(lifeline), str(directory.lock)),
            *(str(root), str(directory.path), data),
            *("--", CONTAINERD_SOCKET, "bin/containerd", f"--config={INSIDE}/containerd.toml"),
            *("--", f"{INSIDE}/docker.sock", "sbin/dockerd", *dockerd),
        ),
        env={name: os.environ[name] for name in LOADER_VARIABLES if name in os.environ},
        files=(
            (directory.path / "containerd.toml", _CONTAINERD),
            (directory.path / "daemon.json", json.dumps(settings)),
        ),
    )


def _read(stream: IO[bytes]) -> str:
    """All of a file that others still write to; its position is theirs, and stays."""
    size = os.fstat(stream.fileno()).st_size
    return os.pread(stream.fileno(), min(size, 1 << 20), max(0, size - (1 << 20))).decode(errors="replace")
