"""Programs that builds are made with, asked for their versions one after the other."""

import re
from collections.abc import Iterator, Mapping

from layerfork.builders.process import ProgramMissingError, run
from layerfork.record.build import Command
from layerfork.record.machine import Health, HealthRow

AREA = "programs"
PATIENCE_S = 10.0
"""For one answer. A program that is there answers in a fraction of it, on a busy machine as well."""
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


def examine_programs(environment: Mapping[str, str], patience_s: float = PATIENCE_S) -> Iterator[HealthRow]:
    """The user's own programs, in their order; none has to share the processors with the next one."""
    for name, argv in _PROGRAMS.items():
        yield _program(name, Command(argv=argv, env=dict(environment)), patience_s)


def _program(name: str, asked: Command, patience_s: float) -> HealthRow:
    help_ = _WANTED.get(name, _HELP)
    try:
        done = run(asked, timeout_s=patience_s)
    except ProgramMissingError as error:
        nowhere = isinstance(error.__cause__, FileNotFoundError)
        what = f"{error.program} is not on PATH" if nowhere else str(error)
        return _row(name, Health.ABSENT, what, help_)
    words = " ".join(asked.argv)
    if done.timed_out:
        return _row(name, Health.UNKNOWN, no_answer(patience_s), f"ask it yourself: {words}")
    if not done.ok:
        return _row(name, Health.ABSENT, f"`{words}` ends with exit code {done.returncode}", help_)
    if found := _VERSION.search(done.stdout):
        return _row(name, Health.OK, found[0])
    return _row(name, Health.UNKNOWN, f"`{words}` does not say a version", f"ask it yourself: {words}")


def no_answer(seconds: float) -> str:
    """What is known of something that was asked, and did not answer in time."""
    return f"no answer in {seconds:g} s"


def _row(name: str, health: Health, what: str, remedy: str = "") -> HealthRow:
    return HealthRow(area=AREA, name=name, health=health, what=what, remedy=remedy)
