"""Programs that builds are made with, asked for their versions side by side."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from layerfork.model.build import Command
from layerfork.model.health import Health, HealthRow
from layerfork.process import ProgramMissingError, find_program, run

AREA = "programs"
_PATIENCE_S = 0.6
"""For one answer."""
_PROGRAMS = {
    "docker": ("docker", "--version"),
    "buildx": ("docker", "buildx", "version"),
    "compose": ("docker", "compose", "version", "--short"),
    "podman": ("podman", "--version"),
    "buildah": ("buildah", "--version"),
    "git": ("git", "--version"),
}
_VERSION = re.compile(r"\d+\.\d+[\w.+~-]*")
_HELP = "layerfork brings its own for `--engine private` and `podman`; install it to use it yourself"
_WANTED = {
    "git": "contexts that are git repositories, and `predict --git`, need it: install it (Debian package git)"
}


def examine_programs() -> Iterator[HealthRow]:
    """The user's own programs, in their order."""
    with ThreadPoolExecutor(len(_PROGRAMS)) as pool:
        versions = list(pool.map(_version, _PROGRAMS.values()))
    for name, version in zip(_PROGRAMS, versions, strict=True):
        if version:
            yield HealthRow(area=AREA, name=name, health=Health.OK, what=version)
        else:
            remedy = _WANTED.get(name, _HELP)
            what = "not on PATH, or does not say its version"
            yield HealthRow(area=AREA, name=name, health=Health.ABSENT, what=what, remedy=remedy)


def _version(argv: tuple[str, ...]) -> str:
    """What a program calls its version; empty where it does not say."""
    if find_program(argv[0]) is None:
        return ""
    try:
        done = run(Command(argv=argv, env=dict(os.environ)), timeout_s=_PATIENCE_S)
    except ProgramMissingError:
        return ""
    found = _VERSION.search(done.stdout) if done.ok else None
    return found[0] if found else ""
