"""Runs any command with a recorder between it and the engine, and hands back every build that it made."""

import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from threading import Event
from typing import IO, Any

from layerfork.builders.engines import Engine, Recordable, RunningEngine, default_spec, open_engine
from layerfork.builders.environments.privatedir import short_directory
from layerfork.builders.process import ProgramMissingError, find_program, run_in_foreground
from layerfork.builders.recording.contextplaces import ClientProcess
from layerfork.builders.recording.projects import Projects
from layerfork.builders.recording.recorder import DRAIN_S, Recorder
from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.builders.routing.buildctl import read_buildctl, route_buildkit
from layerfork.builders.routing.buildx import RoutedBuilders, route_builders
from layerfork.builders.routing.bypass import find_ways_past
from layerfork.builders.routing.ownfrontend import use_own_frontend
from layerfork.context.walk import no_collection
from layerfork.errors import UsageError
from layerfork.record.build import NAMES_AN_ENGINE, Command, without
from layerfork.record.context import ContextEntry, ContextManifest
from layerfork.record.engine import NOTHING_BROUGHT, Brought
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord, ClientInfo
from layerfork.wire.proxy.listener import STOPPED, UNREACHABLE

PROGRAMS: tuple[str, ...] = ("PATH", "DOCKER_CONFIG")
"""Where a command finds docker and its plugins."""
DOCKER = "docker"
_EXISTS = "give a command that exists after --"
QUIET_WAIT_S = 0.5
"""So long connections may end after the command without a message about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """What came of a wrapped command."""

    exit_code: int
    """As a shell shows it: 128 and more for a signal."""
    records: tuple[BuildRecord, ...]
    """In the order the builds began."""
    interrupted: bool = False
    """Ctrl-C reached it, whatever it made of that."""
    hints: tuple[str, ...] = ()
    """What to do about builds that found no image, a line each."""


@dataclass(slots=True, kw_only=True)
class _Builds:
    """The builds of one command, taken from its recorders while it runs and when it has ended.

    What that takes is imported while the command runs, as the decoders are: it need not wait for them.
    """

    process: ClientProcess
    keep: Callable[[BuildRecord], None]
    projects: Projects = field(default_factory=lambda: Projects({}))
    as_asked: Callable[[BuildRecord], BuildRecord] = lambda record: record
    """A record with the places that a person knows."""
    recorders: list[Recorder] = field(default_factory=list)
    records: list[BuildRecord] = field(default_factory=list)

    def recall(self, manifest: ContextManifest, behind: Recorder) -> Sequence[ContextEntry] | None:
        """Entries of a context that is known to be what it was."""
        from layerfork.builders.recording.decoders import recalled  # late: start-up

        return recalled(manifest, behind, self.process)

    def take(self, ask: Callable[[Recorder], Sequence[BuildRecord]]) -> None:
        """Keep what each recorder has now."""
        from layerfork.builders.recording.decoders import with_facts  # late: start-up
        from layerfork.builders.recording.secrets import sealed  # late: start-up

        with no_collection():
            for each in self.recorders:
                for record in ask(each):
                    whole = self.as_asked(with_facts(record, each, self.process, self.projects))
                    record = sealed(whole, each.redactor)
                    self.records.append(record)
                    self.keep(record)


def record_command(
    argv: Sequence[str],
    spec: str,
    say: Say,
    keep: Callable[[BuildRecord], None] = lambda record: None,
    stdout: IO[Any] | None = None,
    projects: Projects | None = None,
    meanwhile: Callable[[], object] = lambda: None,
    running: RunningEngine | None = None,
    brought: Brought = NOTHING_BROUGHT,
) -> Wrapped:
    """Run a command on our terminal, its DOCKER_HOST pointing at a recorder.

    ``spec`` names the engine; empty decides: the host's if it answers, else a private one.
    ``keep`` gets every record soon after its build ended. ``stdout`` instead of our own standard output.
    ``projects`` is what was asked of compose and bake before. ``meanwhile`` is called once, while the command
    runs: for what can be made ready for its records. ``running`` is that of `engine_for`, which stays up.
    Raises: EngineError when no engine comes up, UsageError when the program does not exist.
    """
    interrupted = Event()
    prepare = cache(meanwhile)
    client = ClientInfo(argv=tuple(argv))
    builds = _Builds(process=ClientProcess(directory=Path.cwd(), argv=tuple(argv)), keep=keep)
    check_program(argv)
    with contextlib.ExitStack() as stack:
        call = read_buildctl(argv, os.environ)
        engine = running or stack.enter_context(engine_for(argv, spec, say, brought))
        for line in find_ways_past(argv, engine.docker_host, os.environ):
            say(line)
        private = stack.enter_context(short_directory())
        key = redaction_key()

        own = use_own_frontend(argv, engine, os.environ, private, say)
        if own is not None:
            builds.as_asked = own.as_asked
        recorder = Recorder(engine, private / "docker.sock", key, builds.recall)
        env = wrapped_environment(engine, recorder.docker_host, private)
        beside = stack.enter_context(
            route_buildkit(argv, call, engine, recorder.docker_host, os.environ, private, say)
        )
        env |= beside.variables
        own_programs = {name: env[name] for name in PROGRAMS if name in env}
        led = stack.enter_context(
            route_builders(
                {**os.environ, **own_programs}, engine, recorder.docker_host, private, say, beside.addresses
            )
        )
        env["BUILDX_CONFIG"] = str(led.configuration)
        builds.projects = (projects or Projects(env)).within(env)
        builds.recorders = [
            recorder,
            *(Recorder(each, socket, key, builds.recall) for socket, each in beside.behind),
        ]

        def while_running() -> None:
            builds.take(lambda each: each.finished(client))
            prepare()

        with contextlib.ExitStack() as listening:
            for each in builds.recorders:
                listening.enter_context(each)

            def listen(socket: Path, behind: Recordable) -> None:
                builds.recorders.append(listening.enter_context(Recorder(behind, socket, key, builds.recall)))

            led.listen(listen)
            with led.followed(listen):
                code = _run(
                    Command(argv=own.argv if own is not None else beside.argv, env=env),
                    while_running,
                    interrupted.set,
                    stdout,
                )
            if not all(each.proxy.wait_idle(QUIET_WAIT_S) for each in builds.recorders):
                say(f"a process that the command started is still using the engine: waiting {DRAIN_S:.0f} s")
        _report_faults(builds.recorders, led, say)
        builds.take(lambda each: each.records(client))
        hints = _hints(builds.records, engine) if code else ()
    records = sorted(builds.records, key=lambda record: record.recorded_at)
    return Wrapped(exit_code=code, records=tuple(records), interrupted=interrupted.is_set(), hints=hints)


def _hints(records: Sequence[BuildRecord], engine: RunningEngine) -> tuple[str, ...]:
    from layerfork.builders.environments.bringing import how_to_go_on  # late: start-up

    return tuple(how_to_go_on(records, engine))


@contextlib.contextmanager
def engine_for(
    argv: Sequence[str], spec: str, say: Say, brought: Brought = NOTHING_BROUGHT
) -> Iterator[RunningEngine]:
    """The engine that a command is to build with; ``spec`` as for `record_command`, and with the images
    that were ``brought``.

    Raises: EngineError.
    """
    call = read_buildctl(argv, os.environ)
    chosen = open_engine(spec or (call.spec if call is not None else default_spec(os.environ)))
    with chosen.start(os.environ, say) as engine:
        if chosen.ours:
            say(_whose(chosen, engine, asked=bool(spec)))
        if not brought.options:
            yield engine
            return
        from layerfork.builders.environments.bringing import bringing  # late: start-up

        with bringing(engine, brought, say):
            yield engine


def _whose(chosen: Engine, engine: RunningEngine, *, asked: bool) -> str:
    """Which engine of ours is used, and why it is not the user's."""
    why = "" if asked else ": no other engine is configured, and docker's default socket does not exist"
    return f"using layerfork's own engine {chosen.id} ({engine.info.version}){why}"


def _report_faults(recorders: Sequence[Recorder], led: RoutedBuilders, say: Say) -> None:
    """What kept connections from being made, or builds from being recorded whole."""
    connections = list(chain.from_iterable(recorder.proxy.connections for recorder in recorders))
    problems = dict.fromkeys(each.problem for each in connections)
    if STOPPED in problems:
        say("connection closed early; builds are recorded up to that point")
    for problem in problems:
        if problem.startswith(UNREACHABLE):
            say(problem)
    if all(each.engine_bytes for each in connections):
        return
    for name, way in led.dialler.ways:
        if way.complaint:
            say(f"the buildx builder {name} could not be reached: {way.complaint}")


def check_program(argv: Sequence[str]) -> None:
    """Whether a command can be started at all, before an engine is; an engine may bring docker itself.

    Raises: UsageError.
    """
    program = argv[0] if argv else DOCKER
    if program != DOCKER and find_program(program) is None:
        reason = errno.EACCES if os.path.dirname(program) and os.path.exists(program) else errno.ENOENT  # noqa: PTH110, PTH120 - a word
        raise UsageError(f"{program}: {os.strerror(reason)}", hint=_EXISTS)


def _run(
    command: Command,
    while_running: Callable[[], None],
    interrupted: Callable[[], None],
    stdout: IO[Any] | None,
) -> int:
    """Raises: UsageError when the program does not exist."""
    try:
        return run_in_foreground(command, while_running, interrupted, stdout)
    except ProgramMissingError as error:
        raise UsageError(str(error), hint=_EXISTS) from error


def wrapped_environment(engine: RunningEngine, docker_host: str, directory: Path) -> dict[str, str]:
    """The user's environment, led to the recorder; with the engine's own docker where there is none."""
    docker = "DOCKER_HOST" in engine.builders.variables
    env = without(os.environ, NAMES_AN_ENGINE) if docker else dict(os.environ)
    env |= dict.fromkeys(engine.builders.variables, docker_host)
    toolchain = engine.toolchain
    if toolchain is not None and find_program("docker") is None:
        programs = directory / "bin"
        programs.mkdir()
        (programs / "docker").symlink_to(toolchain.docker)
        env["PATH"] = f"{programs}{os.pathsep}{env.get('PATH', os.defpath)}"
        if toolchain.cli_plugins is not None:
            config = directory / "config"
            config.mkdir()
            plugins = {"cliPluginsExtraDirs": [str(toolchain.cli_plugins)]}
            (config / "config.json").write_text(json.dumps(plugins))
            env["DOCKER_CONFIG"] = str(config)
    return env
