"""Checks of this machine: what makes builds, or their cache keys, differ from those of other machines."""

import json
import os
import re
import shlex
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerfork.builders.commits.git import git_command
from layerfork.builders.engines.buildkit import ADDRESS_VARIABLE, DEFAULT_ADDRESS
from layerfork.builders.engines.host import DEFAULT_SOCKET
from layerfork.builders.engines.hostcontext import DEFAULT_CONTEXT, DEFAULT_HOST, docker_config_directory
from layerfork.builders.process import ProgramMissingError, find_program, run
from layerfork.builders.routing.buildxstore import CURRENT, read_object, store_directory
from layerfork.record.build import Command
from layerfork.record.machine import Health, HealthRow
from layerfork.userdirs import cache_directory, state_directory

# Programs that builds use; each is asked for its version, one after the other.

PROGRAMS_AREA = "programs"
PATIENCE_S = 10.0
"""Time limit for one answer. An installed program needs a fraction of it, even on a busy machine."""
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
    """Check the user's own programs, one at a time, so that they do not slow each other down."""
    for name, argv in _PROGRAMS.items():
        yield _program(name, Command(argv=argv, env=dict(environment)), patience_s)


def _program(name: str, asked: Command, patience_s: float) -> HealthRow:
    help_ = _WANTED.get(name, _HELP)
    try:
        done = run(asked, timeout_s=patience_s)
    except ProgramMissingError as error:
        nowhere = isinstance(error.__cause__, FileNotFoundError)
        what = f"{error.program} is not on PATH" if nowhere else str(error)
        return _program_row(name, Health.ABSENT, what, help_)
    words = " ".join(asked.argv)
    if done.timed_out:
        return _program_row(name, Health.UNKNOWN, no_answer(patience_s), f"ask it yourself: {words}")
    if not done.ok:
        return _program_row(name, Health.ABSENT, f"`{words}` ends with exit code {done.returncode}", help_)
    if found := _VERSION.search(done.stdout):
        return _program_row(name, Health.OK, found[0])
    return _program_row(name, Health.UNKNOWN, f"`{words}` prints no version", f"ask it yourself: {words}")


def no_answer(seconds: float) -> str:
    """The text for a program or server that did not answer in time."""
    return f"no answer in {seconds:g} s"


def _program_row(name: str, health: Health, what: str, remedy: str = "") -> HealthRow:
    return HealthRow(area=PROGRAMS_AREA, name=name, health=health, what=what, remedy=remedy)


MACHINE_AREA = "machine"
_LEAST_BYTES = 1 << 30
"""Disk space of a private engine, with some reserve."""
_EARLIEST_S = 1_735_689_600
"""2025-01-01: a clock that says less is wrong."""
_FETCHED_FROM = ("deb.debian.org", "pypi.org")
_PATIENCE_S = 3.0
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def examine_places() -> Iterator[HealthRow]:
    """Check the user, the disk, file names, the clock and the network."""
    yield _user()
    yield _umask()
    yield from _disks()
    yield _letters(Path.cwd())
    yield _clock()
    yield _network()


def _user() -> HealthRow:
    if os.geteuid() == 0:
        return _row("user", Health.OK, "root: layerfork's own engines can run")
    what = "not root: layerfork's own engines cannot run; an installed Docker can be used"
    return _row("user", Health.ABSENT, what, "run the same command as root (sudo)")


def _umask() -> HealthRow:
    mask = os.umask(0o022)
    os.umask(mask)
    if mask == 0o022:
        return _row("umask", Health.OK, "022")
    what = f"{mask:03o}: the modes of new files and checkouts, and so their keys, differ from those under 022"
    return _row("umask", Health.NOTE, what, "umask 022, and check out again")


def _disks() -> Iterator[HealthRow]:
    for name, place in (("cache", cache_directory()), ("records", state_directory())):
        existing = next(each for each in (place, *place.parents) if each.exists())
        if not os.access(existing, os.W_OK):
            yield _row(
                name, Health.NOTE, f"{existing} cannot be written to", "make it writable for this user"
            )
            continue
        free = shutil.disk_usage(existing).free
        room = f"{free / (1 << 30):,.1f} GiB free at {existing}"
        if free < _LEAST_BYTES:
            yield _row(name, Health.NOTE, f"{room}: an engine takes about 1 GiB", "free some")
        else:
            yield _row(name, Health.OK, room)


def _letters(here: Path) -> HealthRow:
    """Whether names that differ in case only are one file here; nothing is written."""
    other = Path(str(here).swapcase())
    if str(other) != str(here) and other.exists() and other.samefile(here):
        what = "names that differ only in case are one file here: contexts may lack files"
        return _row("file names", Health.NOTE, what, "use a case-sensitive file system")
    return _row("file names", Health.OK, "names that differ in case are different files")


def _clock() -> HealthRow:
    now = time.time()
    if now < _EARLIEST_S:
        today = time.strftime("%Y-%m-%d", time.gmtime(now))
        what = f"the clock says {today}: certificates are not valid yet"
        return _row("clock", Health.NOTE, what, "set the clock")
    return _row("clock", Health.OK, time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now)))


def _network() -> HealthRow:
    if any(os.environ.get(name) for name in _PROXIES):
        return _row("network", Health.OK, "through a proxy; not tested")
    answers = _asked(_FETCHED_FROM, _PATIENCE_S)
    refused = [host for host in _FETCHED_FROM if answers.get(host) is False]
    silent = [host for host in _FETCHED_FROM if host not in answers]
    if refused:
        what = f"{' and '.join(refused)} cannot be reached: engines and clients cannot be fetched from there"
        return _row("network", Health.ABSENT, what, "what is already fetched works without it")
    if silent:
        what = f"{' and '.join(silent)}: {no_answer(_PATIENCE_S)}"
        return _row("network", Health.UNKNOWN, what, "what is already fetched works without it")
    return _row("network", Health.OK, f"{' and '.join(_FETCHED_FROM)} can be reached")


def _asked(hosts: Sequence[str], patience_s: float) -> dict[str, bool]:
    """Whether each host can be reached, where that is known in time; a name lookup may take longer."""
    answers: dict[str, bool] = {}
    threads = [
        threading.Thread(target=_reach, args=(each, patience_s, answers), daemon=True) for each in hosts
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + patience_s
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return dict(answers)


def _reach(host: str, patience_s: float, answers: dict[str, bool]) -> None:
    try:
        socket.create_connection((host, 443), timeout=patience_s).close()
    except TimeoutError:
        return
    except OSError:
        answers[host] = False
    else:
        answers[host] = True


def _row(name: str, health: Health, what: str, remedy: str = "") -> HealthRow:
    return HealthRow(area=MACHINE_AREA, name=name, health=health, what=what, remedy=remedy)


# How busy this machine's processors are, with the work of all programs.

_IDLE = (3, 4)
"""Columns of /proc/stat: idle, and idle while something is read or written (proc(5))."""
_COUNTED = 8
"""user, nice, system, idle, iowait, irq, softirq, steal; guests' time is in user already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """Since the machine started, of all its processors together."""

    busy: int
    all: int


def read_ticks(file: Path = Path("/proc/stat")) -> Ticks | None:
    """None where the system does not say it."""
    try:
        words = file.read_text("ascii").partition("\n")[0].split()
    except OSError:
        return None
    if words[:1] != ["cpu"] or len(words) <= _COUNTED:
        return None
    numbers = [int(word) for word in words[1 : _COUNTED + 1]]
    return Ticks(busy=sum(numbers) - sum(numbers[column] for column in _IDLE), all=sum(numbers))


def busy_share(before: Ticks | None, after: Ticks | None) -> float | None:
    """From 0 to 1, of the time in between; None where it is not known."""
    if before is None or after is None or after.all <= before.all:
        return None
    return (after.busy - before.busy) / (after.all - before.all)


# Variables and settings files that make builds, or their cache keys, differ from those of other machines.

SETTINGS_AREA = "settings"
_VARIABLES = {
    "DOCKER_BUILDKIT": "0 selects the classic builder, which shares no cache with BuildKit",
    "BUILDKIT_HOST": "buildctl builds there",
    "BUILDX_BUILDER": "docker buildx builds with that builder, which has its own cache",
    "BUILDX_CONFIG": "docker buildx reads its builders from there",
    "BUILDX_NO_DEFAULT_ATTESTATIONS": "images have no attestations, so their digests differ",
    "SOURCE_DATE_EPOCH": "buildx passes it to builds: timestamps and a build argument differ",
    "DOCKER_DEFAULT_PLATFORM": "builds are for that platform",
    "DOCKER_HOST": "docker builds on that engine",
    "DOCKER_CONTEXT": "docker builds on the engine of that context",
    "DOCKER_CONFIG": "docker reads its settings from there",
    "COMPOSE_BAKE": "decides whether docker compose builds with bake",
    "COMPOSE_DOCKER_CLI_BUILD": "decides whether docker-compose 1 builds with the docker CLI",
    "COMPOSE_FILE": "docker compose reads these files",
    "COMPOSE_PROFILES": "docker compose builds the services of these profiles",
    "COMPOSE_PROJECT_NAME": "docker compose uses it in image names and labels",
    "TMPDIR": "clients pack contexts there",
}
"""Names of variables, and what they do where they are set."""
_NAMING = {
    "DOCKER_HOST": (DEFAULT_HOST, DEFAULT_SOCKET),
    "DOCKER_CONTEXT": (DEFAULT_CONTEXT, DEFAULT_SOCKET),
    ADDRESS_VARIABLE: (DEFAULT_ADDRESS, Path(DEFAULT_ADDRESS.removeprefix("unix://"))),
}
"""Variables that name an engine: what each would say of the usual one, and that engine's socket."""
_GIT = {
    "core.autocrlf": ("true", "a checkout has CR LF where others have LF: contents differ"),
    "core.fileMode": ("false", "git ignores executable bits: they may differ from other checkouts"),
    "core.symlinks": ("false", "symbolic links are checked out as files"),
}
"""Settings of git: the value that changes checkouts, and its effect."""


def examine_settings(environment: Mapping[str, str]) -> Iterator[HealthRow]:
    """Settings that change builds; values that may be secret are not shown."""
    for name, effect in _VARIABLES.items():
        value = environment.get(name)
        if value and _names_the_only_engine(name, value):
            yield HealthRow(area=SETTINGS_AREA, name=name, health=Health.OK, what=without_passwords(value))
        elif value:
            yield _note(
                name,
                f"{without_passwords(value)}: {effect}",
                f"unset {name}, or set it to the same value everywhere",
            )
    yield from _of_docker(environment)
    yield from _of_buildx(environment)
    yield from _of_git()


def _names_the_only_engine(variable: str, value: str) -> bool:
    """Whether a variable names the usual place, or an engine where the usual place has none.

    Without it nothing would build here, or the same engine would: it makes no build another one.
    """
    if variable not in _NAMING:
        return False
    usual, socket = _NAMING[variable]
    return value == usual or not os.path.lexists(socket)


def without_passwords(text: str) -> str:
    """A text without the users and passwords of addresses in it."""
    return re.sub(r"://[^/@\s]*@", "://…@", text)


def _of_docker(environment: Mapping[str, str]) -> Iterator[HealthRow]:
    path = docker_config_directory(environment) / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError, RecursionError) as error:
        yield _note("docker config", f"{path} cannot be read: {type(error).__name__}", "repair or remove it")
        return
    if isinstance(config, dict):
        yield from _of_config(config, path)


def _of_config(config: Mapping[str, Any], path: Path) -> Iterator[HealthRow]:
    if config.get("proxies"):
        what = f"{path} sets proxies: clients pass them on, so RUN steps of the classic builder miss"
        yield _note("proxies", what, "set the same proxies on all machines, or none")
    if "buildkit" in (config.get("features") or {}):
        yield _note(
            "features",
            f"{path} sets features.buildkit: it chooses the builder",
            "set it to the same value everywhere",
        )
    if config.get("aliases"):
        yield _note("aliases", f"{path} has aliases: `docker build` may be another program", "")


def _of_buildx(environment: Mapping[str, str]) -> Iterator[HealthRow]:
    current = read_object(store_directory(environment) / CURRENT) or {}
    name = current.get("Name")
    if isinstance(name, str) and name not in ("", "default"):
        what = f"{name} is the current builder: builds go to it, and it has its own cache"
        yield _note("buildx builder", what, "docker buildx use default")


def _of_git() -> Iterator[HealthRow]:
    if find_program("git") is None:
        return
    asked = git_command("config", "--get-regexp", r"^core\.(autocrlf|filemode|symlinks)$")
    try:
        done = run(asked, timeout_s=PATIENCE_S)
    except ProgramMissingError:
        return
    if done.timed_out:
        what, remedy = no_answer(PATIENCE_S), f"ask it yourself: {shlex.join(asked.argv)}"
        yield HealthRow(
            area=SETTINGS_AREA, name="git config", health=Health.UNKNOWN, what=what, remedy=remedy
        )
        return
    pairs = (line.partition(" ") for line in done.stdout.splitlines())
    found = {name.lower(): value.strip().lower() for name, _, value in pairs}
    for name, (tinting, effect) in _GIT.items():
        if found.get(name.lower()) == tinting:
            other = "false" if tinting == "true" else "true"
            yield _note(name, f"{tinting}: {effect}", f"git config {name} {other}, and check out again")


def _note(name: str, what: str, remedy: str) -> HealthRow:
    return HealthRow(area=SETTINGS_AREA, name=name, health=Health.NOTE, what=what, remedy=remedy)
