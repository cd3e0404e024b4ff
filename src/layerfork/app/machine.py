"""What this machine can run, and getting it ready: `clients`, `engines`, `doctor` and `setup`."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from layerfork.builders.clients import CLIENTS, SEED_CLIENTS, BuildClient, ContextForm, find_client
from layerfork.builders.clients.client import Programs
from layerfork.builders.debian.roots import verify_root
from layerfork.builders.engines import ENGINES, Engine, default_spec, open_engine, stop_kept_engines
from layerfork.builders.environments.installing import (
    described_clients,
    ensure_environment,
    find_environment,
    find_interpreter,
)
from layerfork.builders.machinechecks import (
    examine_places,
    examine_programs,
    examine_settings,
    without_passwords,
)
from layerfork.builders.process import find_program
from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.errors import ClientError, EngineError
from layerfork.record.machine import ClientRow, DoctorReport, EngineRow, Fetched, Health, HealthRow, Obstacle
from layerfork.record.progress import Say
from layerfork.wire.redact import Redactor


def list_clients() -> tuple[ClientRow, ...]:
    """Every client of the table, as it stands on this machine: first those that a person would take.

    Installs and starts nothing.
    """
    names = {client.programs.engine for client in CLIENTS if client.programs}
    engines = {name: open_engine(name).describe(os.environ) for name in names}
    return tuple(_row(client, engines) for client in sorted(CLIENTS, key=_newest_first))


def _newest_first(client: BuildClient) -> tuple[bool, tuple[int, ...]]:
    """What has no version in its id is today's; of the others the newest comes first."""
    return bool(client.version), tuple(-int(number) for number in re.findall(r"\d+", client.version))


def list_own_clients() -> tuple[tuple[str, str], ...]:
    """Name and command of each client that the settings of the working directory describe, secrets hidden.

    Raises: UsageError.
    """
    described, redactor = described_clients(Path.cwd()), Redactor(redaction_key())
    return tuple((name, redactor.clean(own.command)) for name, own in described.items())


def get_clients(names: Sequence[str], say: Say, keep: Callable[[Fetched], None]) -> bool:
    """Make clients ready; one that fails does not stop the others. Whether all are ready.

    No name at all is every client of the table. What is brought are environments of libraries, and engines
    for clients that come with one; ``keep`` gets the result of each as it comes.
    Raises: UsageError for an unknown name, before anything is installed.
    """
    wanted = [find_client(name) for name in names] or CLIENTS
    needed = dict(_need(client, say) for client in wanted)
    results = []
    for name, bring in needed.items():
        results.append(Fetched(name=name, error=_error_of(bring)))
        keep(results[-1])
    return not any(result.error for result in results)


def _need(client: BuildClient, say: Say) -> tuple[str, Callable[[], object]]:
    """Name of what a client has to be brought, and what brings it."""
    if client.environment is not None:
        return client.environment.name, partial(ensure_environment, client.environment, say)
    assert client.programs is not None, client.id
    name = client.programs.engine
    return name, partial(open_engine(name).fetch, os.environ, say)


def _error_of(bring: Callable[[], object]) -> str:
    try:
        bring()
    except (ClientError, EngineError) as failure:
        return str(failure)
    return ""


def _row(client: BuildClient, engines: Mapping[str, EngineRow]) -> ClientRow:
    """A client's row; the engines are those that clients' programs come with, by name."""
    environment = client.environment
    engine = engines[client.programs.engine] if client.programs else None
    return ClientRow(
        id=client.id,
        title=client.title,
        version=environment.version if environment is not None else _toolchain_version(client, engine),
        builders=tuple(builder.value for builder in client.builders),
        obstacles=(*_without_library(client), *_without_programs(client, engine)),
    )


def _toolchain_version(client: BuildClient, engine: EngineRow | None) -> str:
    """Of the program that it is, in the engine's toolchain."""
    if engine is None or client.programs is None:
        return ""
    known = dict(engine.components)
    return known.get(client.plugin) or known.get(client.programs.program, "")


def _without_library(client: BuildClient) -> Iterator[Obstacle]:
    environment = client.environment
    if environment is None or find_environment(environment) is not None:
        return
    what = f"the library {environment.package} {environment.version} is not installed yet"
    try:
        find_interpreter(environment)
        yield Obstacle(what=what, remedy=f"layerfork clients get {client.id}")
    except ClientError as error:
        yield Obstacle(what=error.message, remedy=error.hint)


def _without_programs(client: BuildClient, engine: EngineRow | None) -> Iterator[Obstacle]:
    programs = client.programs
    if programs and engine and not engine.version and not _is_installed(programs):
        name = programs.engine
        yield Obstacle(what=f"its programs come with {name}", remedy=f"layerfork engines get {name}")
    if client.context_form is ContextForm.GIT and find_program("git") is None:
        yield Obstacle(what="it needs git", remedy="install it (Debian package git)")


def _is_installed(programs: Programs) -> bool:
    return bool(programs.installed) and find_program(programs.installed) is not None


# Engines: which can run here, fetching them, opening one for a person.


def list_engines() -> tuple[EngineRow, ...]:
    """Every engine of the table, as it stands on this machine. Starts and fetches nothing."""
    return tuple(engine.describe(os.environ) for engine in ENGINES)


def is_shared(names: Sequence[str]) -> bool:
    """Whether builds of others may be on one of these engines; no name at all is the engine that `run` takes.

    Raises: UsageError for an unknown name.
    """
    return not all(open_engine(name).ours for name in names or [default_spec(os.environ)])


def get_engines(names: Sequence[str], say: Say, keep: Callable[[Fetched], None]) -> bool:
    """Fetch engines; one that fails does not stop the others. Whether all are there.

    No name at all is every engine of the table. ``keep`` gets the result of each as it comes.
    Raises: UsageError for an unknown name, before anything is fetched.
    """
    wanted: Sequence[Engine] = [open_engine(name) for name in names] if names else ENGINES
    complete = True
    for engine in wanted:
        error = ""
        try:
            engine.fetch(os.environ, say)
        except EngineError as failure:
            error, complete = str(failure), False
        keep(Fetched(name=engine.id, error=error))
    return complete


def stop_engines(say: Say) -> bool:
    """Remove the caches that private engines have kept; whether none is left. Raises: EngineError."""
    found = stop_kept_engines(os.environ)
    for name, gone in found:
        say(f"{name}: {'removed' if gone else 'in use'}")
    if not found:
        say("no engine has kept anything")
    return all(gone for _, gone in found)


def check_engines(names: Sequence[str], keep: Callable[[Fetched], None]) -> bool:
    """Compare every file of fetched engines with its checksum. Whether all are what was unpacked.

    No name at all is every engine that was fetched. Raises: UsageError for an unknown name.
    """
    wanted = [open_engine(name) for name in names] or [engine for engine in ENGINES if _is_fetched(engine)]
    results = [Fetched(name=engine.id, error=_damage(engine)) for engine in wanted]
    for result in results:
        keep(result)
    return not any(result.error for result in results)


def _is_fetched(engine: Engine) -> bool:
    return bool(engine.roots) and all(root.exists() for root in engine.roots)


def _damage(engine: Engine) -> str:
    """What is wrong with the files of an engine; empty when nothing is."""
    if not engine.ours:
        return "its files are not ours to check"
    if not _is_fetched(engine):
        return f"it is not fetched yet; run: layerfork engines get {engine.id}"
    try:
        for root in engine.roots:
            verify_root(root)
    except EngineError as failure:
        return str(failure)
    return ""


def open_shell(name: str, argv: Sequence[str], registry: str, say: Say) -> int:
    """Start an engine, run a command or a shell in which ``docker`` talks to it, end it; the exit code.

    ``registry`` is a directory for a registry at 127.0.0.1:5000 inside; empty for none.
    Raises: EngineError, UsageError.
    """
    # It brings the recorder, which no list of engines or clients needs.
    from layerfork.builders.environments.shell import run_in_engine  # late: start-up

    return run_in_engine(open_engine(name), argv, registry, say)


# `layerfork doctor`: what can run here, what is missing, what would distort results.

_ENGINES = "engines"
_CLIENTS = "clients"


def examine() -> DoctorReport:
    """The whole machine, one thing after the other: what has to answer in time has it for itself.

    Starts no engine, fetches and changes nothing.
    """
    rows = (
        *examine_places(),
        *_engines(list_engines()),
        *_clients(list_clients()),
        *examine_programs(os.environ),
        *examine_settings(os.environ),
    )
    return DoctorReport(rows=rows)


def _engines(rows: tuple[EngineRow, ...]) -> Iterator[HealthRow]:
    """Each engine; where none can run, that is what is missing."""
    for row in rows:
        yield _engine(row)
    if not any(row.ready for row in rows):
        first = next((row for row in rows if row.obstacles and row.obstacles[0].remedy), rows[0])
        yield HealthRow(
            area=_ENGINES,
            name="any engine",
            health=Health.MISSING,
            what="none can run here",
            remedy=f"{first.obstacles[0].remedy} (for {first.id})" if first.obstacles else "",
        )


def _engine(row: EngineRow) -> HealthRow:
    if row.obstacles:
        obstacle = row.obstacles[0]
        what = without_passwords(obstacle.what)
        return HealthRow(area=_ENGINES, name=row.id, health=Health.ABSENT, what=what, remedy=obstacle.remedy)
    version = f"{row.title} {row.version}".strip() if row.version not in row.title else row.title
    if row.id == "host" and row.image_store == "containerd":
        what = f"{version}, containerd image store: image ids are others than with graph drivers"
        return HealthRow(area=_ENGINES, name=row.id, health=Health.NOTE, what=what)
    return HealthRow(area=_ENGINES, name=row.id, health=Health.OK, what=version)


def _clients(rows: tuple[ClientRow, ...]) -> Iterator[HealthRow]:
    """Each client, with the first thing that it lacks."""
    for row in rows:
        if row.ready:
            yield HealthRow(area=_CLIENTS, name=row.id, health=Health.OK, what=row.version)
        for obstacle in row.obstacles[:1]:
            yield HealthRow(
                area=_CLIENTS, name=row.id, health=Health.ABSENT, what=obstacle.what, remedy=obstacle.remedy
            )


# Getting a machine ready.


def prepare_all(engine: str, say: Callable[[str], None]) -> None:
    """Fetch the engine and the environments of the five clients of 2015, where they are missing.

    What needs root is said before it is fetched. Raises: EngineError, ClientError.
    """
    wanted = open_engine(engine)
    if wanted.ours and os.geteuid() != 0:
        say(f"running {wanted.id} needs root (sudo); fetching it, some hundred MB on disk, does not")
    wanted.fetch(os.environ, say)
    for client in SEED_CLIENTS:
        if client.environment is not None:
            ensure_environment(client.environment, say)


# How many engines may run side by side on this machine.

ENGINE_BYTES = 1 << 30
"""Memory to leave for one engine with the client and the build that are at work on it. Daemons and the
largest client take about 400 MB; the rest is the build's."""


def engines_at_once(
    proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup"), processors: int | None = None
) -> int:
    """As many engines as there are processors and as the free memory allows; at least one."""
    free = [each for each in (_available(proc / "meminfo"), _left_in(cgroup)) if each is not None]
    by_memory = min(free) // ENGINE_BYTES if free else 1
    return max(1, min(processors or os.cpu_count() or 1, by_memory))


def _available(meminfo: Path) -> int | None:
    """Bytes that the kernel could hand out without swapping."""
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), None)


def _left_in(cgroup: Path) -> int | None:
    """Bytes below the limit of a container that we may be in (cgroup v2); None without a limit."""
    try:
        limit = (cgroup / "memory.max").read_text().strip()
        used = (cgroup / "memory.current").read_text().strip()
    except OSError:
        return None
    return max(0, int(limit) - int(used)) if limit.isdecimal() and used.isdecimal() else None
