"""Obstacles to a private engine on this machine, each with a remedy. Starts no engine."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from layerfork.builders.debian.cachedir import debian_architecture
from layerfork.builders.debian.generation import Generation
from layerfork.builders.debian.roots import EngineRoot, read_root, root_path
from layerfork.builders.process import run
from layerfork.errors import EngineError
from layerfork.record.build import Command
from layerfork.record.machine import Obstacle

FILE_SYSTEMS = Path("/proc/filesystems")
OVERLAY_MODULES = "/lib/modules/{release}/kernel/fs/overlayfs"
ELSEWHERE = "run on a real machine or in a privileged container"
NAMESPACES = 0x20000 | 0x4000000 | 0x8000000 | 0x20000000 | 0x40000000
"""CLONE_NEWNS, NEWUTS, NEWIPC, NEWPID, NEWNET."""
_TRY = "import ctypes, sys; sys.exit(ctypes.CDLL(None, use_errno=True).unshare(int(sys.argv[1])) != 0)"
PROGRAMS = {
    "docker.io": "dockerd",
    "docker-cli": "docker",
    "docker-buildx": "buildx",
    "docker-compose": "compose",
}
"""Familiar names of the packages' programs."""
DOCKER_PARTS = ("docker.io", "docker-cli", "docker-buildx", "docker-compose", "containerd", "runc")
PODMAN_PARTS = ("podman", "buildah", "conmon", "netavark", "runc")


def find_obstacles(engine_id: str, needed: Sequence[Generation]) -> Iterator[Obstacle]:
    """Everything that is missing for an engine made of these generations; nothing when it can start.

    The first generation is the engine itself, the others are what it takes from elsewhere.
    """
    try:
        debian_architecture()
    except EngineError as error:
        yield Obstacle(what=error.message, remedy=error.hint)
        return
    if os.geteuid() != 0:
        yield Obstacle(what="running it needs root", remedy="run the same command as root (sudo)")
    elif not _namespaces_work():
        yield Obstacle(what="namespaces cannot be made on this machine", remedy=ELSEWHERE)
    if not _has_overlay():
        yield Obstacle(what="the kernel has no overlay file system", remedy="modprobe overlay")
    missing = [each for each in needed if not root_path(each).exists()]
    if missing:
        yield _not_fetched(engine_id, needed[0], missing[0])
    for generation in needed:
        if generation not in missing:
            yield from _damaged_root(generation)


def fetched_root(generation: Generation) -> EngineRoot | None:
    """The generation's root, if it was fetched and is unchanged. Fetches nothing."""
    try:
        path = root_path(generation)
        return read_root(path) if path.exists() else None
    except EngineError:
        return None


def components_of(root: EngineRoot | None, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Programs of a root and their upstream versions, in the order of ``names``."""
    packages = dict(root.packages) if root is not None else {}
    return tuple((PROGRAMS.get(name, name), upstream(packages[name])) for name in names if name in packages)


def upstream(debian_version: str) -> str:
    """``26.1.5`` of ``26.1.5+dfsg1-9+b1``, ``1.0.0~rc93`` of ``1.0.0~rc93+ds1-5+deb11u5``."""
    return re.sub(r"(?:[+~](?:ds|dfsg)|-).*", "", debian_version.rpartition(":")[2])


def _not_fetched(engine_id: str, engine: Generation, missing: Generation) -> Obstacle:
    """One reason for all that is not there: one command fetches it."""
    what = f"{engine.title} {engine.name} of Debian {engine.suite} is not fetched yet"
    if missing != engine:
        what = f"its docker CLI, from {missing.title} {missing.name}, is not fetched yet"
    return Obstacle(what=what, remedy=f"layerfork engines get {engine_id}")


def _damaged_root(generation: Generation) -> Iterator[Obstacle]:
    try:
        read_root(root_path(generation))
    except EngineError as error:
        yield Obstacle(what=error.message, remedy=error.hint)


def _namespaces_work() -> bool:
    argv = (sys.executable, "-I", "-S", "-c", _TRY, str(NAMESPACES))
    return run(Command(argv=argv, env=dict(os.environ)), timeout_s=20).ok


def _has_overlay() -> bool:
    listed = FILE_SYSTEMS.read_text(encoding="ascii", errors="replace").split()
    return "overlay" in listed or Path(OVERLAY_MODULES.format(release=os.uname().release)).is_dir()
