"""Measures: one engine, one relay, every row kept the moment it is there."""

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from layerfork.app.experiment.clientbuild import Bench, make_endpoint
from layerfork.app.experiment.clientchoice import (
    Plan,
    ask_versions,
    choose_clients,
    plan_relay,
    rows_after,
    versions_used,
)
from layerfork.app.experiment.earlierrun import BrokenEnvironments, MeasuredRow
from layerfork.app.experiment.relay import EngineGoneError, Relay, run_relay
from layerfork.builders.clients import BuildClient, ContextForm
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.installing import described_clients, find_toolchain
from layerfork.builders.environments.privatedir import socket_directory
from layerfork.builders.environments.served import served_context
from layerfork.builders.environments.workspace import Workspace, make_tar, open_workspace
from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.dockerfile import BadSubstitutionError, parse_dockerfile
from layerfork.dockerfile.bases import base_references
from layerfork.errors import EngineError, UsageError
from layerfork.record.build import Builder, BuildRequest, Endpoint
from layerfork.record.engine import EngineInfo
from layerfork.record.progress import Listener, Progress, Say
from layerfork.record.run import RunProblem, TrialBuild, VersionsUsed
from layerfork.record.scenario import RunOptions, Scenario
from layerfork.record.store.recordfile import RecordFile

Chosen = Sequence[tuple[str, BuildClient]]
"""Clients in relay order, each with the id as it was asked for."""


@dataclass(slots=True)
class Measured:
    """What one relay measured, also when it ended early. Filled while it runs."""

    engine: EngineInfo | None = None
    builds: list[TrialBuild] = field(default_factory=list)
    versions: VersionsUsed = field(default_factory=lambda: VersionsUsed(engine=(), clients=()))
    problems: list[RunProblem] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunServices:
    """What the relays of one run share, and what an earlier run left of this one."""

    listener: Listener
    file: RecordFile | None = None
    """Where every record goes the moment it is there."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when the rest is no longer wanted."""
    key: str = ""
    """What was asked of this relay, for notes in the file."""
    rows: Mapping[str, MeasuredRow] = field(default_factory=dict)
    """Rows of this relay from a run that was interrupted, by client."""
    broken: BrokenEnvironments = field(default_factory=BrokenEnvironments)
    install: bool = True
    """Make client environments that are missing; otherwise only say that they are."""


@contextlib.contextmanager
def prepared_relay(
    scenario: Scenario, options: RunOptions, spec: str, services: RunServices
) -> Iterator[Relay]:
    """A relay that is ready to run: its engine started and clean, its clients installed and planned.

    Raises: UsageError before anything is started when the request itself is wrong; EngineError when no
    engine comes up or lacks a base image.
    """
    chosen = choose_clients(options.clients, described_clients(Path.cwd()))
    bases = read_bases(scenario, options)
    with contextlib.ExitStack() as stack:
        workspace = stack.enter_context(open_workspace(scenario))
        services.listener(Progress(text=f"starting the engine ({spec})"))
        engine = stack.enter_context(open_engine(spec).start(os.environ, _lasting(services.listener)))
        if not engine.builders.executes:
            raise EngineError(
                f"no client of a run builds on {spec}", engine.builders.why_not(Builder.BUILDKIT)
            )
        prepare_engine(engine, bases, options)
        sockets = stack.enter_context(socket_directory(workspace.root))
        bench = make_bench(engine, sockets, options, services.stop)
        urls = stack.enter_context(_served(chosen, workspace, engine))
        probe = workspace.request("probe", 0, options, urls)
        endpoint = make_endpoint(bench, probe, engine.docker_host)
        yield Relay(
            plan=_planned(chosen, options, probe, endpoint, services),
            bench=bench,
            endpoint=endpoint,
            workspace=workspace,
            options=options,
            listener=services.listener,
            file=services.file,
            key=services.key,
            earlier=services.rows,
            broken=services.broken,
            images=stack.enter_context(_removed_later(engine)),
            urls=urls,
        )


def _planned(
    chosen: Chosen, options: RunOptions, request: BuildRequest, endpoint: Endpoint, services: RunServices
) -> Plan:
    return plan_relay(
        chosen,
        options.builder,
        request,
        endpoint,
        _lasting(services.listener) if services.install else None,
        broken=services.broken,
        taken={label: row.build for label, row in services.rows.items() if row.stored_nothing},
    )


def _lasting(listener: Listener) -> Say:
    """Hands lines on as progress that stays."""
    return lambda text: listener(Progress(text=text, lasting=True))


@contextlib.contextmanager
def _served(chosen: Chosen, workspace: Workspace, engine: RunningEngine) -> Iterator[tuple[str, str]]:
    """Where the context is served as a tar and as a git repository; empty when no client fetches it."""
    if not any(client.context_form in (ContextForm.URL, ContextForm.GIT) for _, client in chosen):
        yield "", ""
        return
    with served_context(workspace, engine.network) as served:
        yield served.tar_url, served.git_url


@contextlib.contextmanager
def _removed_later(engine: RunningEngine) -> Iterator[list[str]]:
    """References to fill in, which are removed from an engine whose cache is not ours to clean."""
    images: list[str] = []
    try:
        yield images
    finally:
        if not engine.can_reset:
            engine.remove_images(images)


def measure(scenario: Scenario, options: RunOptions, spec: str, services: RunServices) -> Measured:
    """Run one relay on one engine with a clean cache.

    An engine that dies in the middle, or Ctrl-C, ends the relay and keeps what was measured.
    Raises: UsageError, EngineError when the relay cannot begin.
    """
    measured = Measured()
    with prepared_relay(scenario, options, spec, services) as relay:
        engine = relay.bench.engine
        measured.engine = engine.info
        if relay.plan.needs_tar:
            make_tar(relay.workspace)
        try:
            relay = replace(relay, plan=ask_versions(relay.plan, relay.endpoint))
            measured.versions = versions_used(engine, relay.plan)
            run_relay(relay, measured.builds.append)
        except EngineGoneError as error:
            measured.problems.append(RunProblem(what=str(error), details=engine.log_tail()))
            measured.builds += rows_after(relay.plan, len(measured.builds))
        except KeyboardInterrupt:
            services.stop.set()
    if services.stop.is_set():
        measured.interrupted = True
        what = f"interrupted: the builds above are all that was measured{_way_on(services)}"
        measured.problems.append(RunProblem(what=what))
    return measured


def _way_on(services: RunServices) -> str:
    file = services.file
    return f"; to continue, run the same command with --resume {file.path}" if file else ""


def make_bench(
    engine: RunningEngine, socket_dir: Path, options: RunOptions, stop: threading.Event | None = None
) -> Bench:
    """What the trials of one relay share."""
    return Bench(
        engine=engine,
        toolchain=find_toolchain(engine),
        socket_dir=socket_dir,
        redaction_key=redaction_key(),
        timeout_s=options.timeout_s,
        inherit_config=options.inherit_config,
        stop=stop or threading.Event(),
    )


def read_bases(scenario: Scenario, options: RunOptions) -> tuple[str, ...]:
    """The images that the Dockerfile builds on, as its FROM lines name them.

    Raises: UsageError when the Dockerfile cannot be read or does not parse.
    """
    try:
        text = _text_of(scenario)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot read {scenario.dockerfile}: {error}", hint="give a readable text file"
        ) from error
    parsed = parse_dockerfile(text, scenario.dockerfile.name)
    if options.target and parsed.find_stage(options.target) is None:
        names = ", ".join(stage.name or str(stage.index) for stage in parsed.stages)
        raise UsageError(
            f"{scenario.dockerfile.name} has no stage {options.target!r}", hint=f"its stages are: {names}"
        )
    try:
        return base_references(parsed, dict(options.build_args), options.target)
    except BadSubstitutionError as error:
        raise UsageError(f"{scenario.dockerfile.name}: {error}", hint="fix the variable in FROM") from error


def _text_of(scenario: Scenario) -> str:
    if scenario.phases and not scenario.other_dockerfile:
        return scenario.phases[0].dockerfile
    return scenario.dockerfile.read_text("utf-8")


def prepare_engine(engine: RunningEngine, bases: tuple[str, ...], options: RunOptions) -> None:
    """Load what was given, and see that every base image is there: nothing is ever pulled unasked.

    Raises: EngineError naming the image that is missing and how to bring it.
    """
    for archive in options.load:
        engine.load(Path(archive))
    for reference in bases:
        try:
            engine.image_facts(reference)
        except EngineError as error:
            raise EngineError(
                f"base image {reference} is not on the engine", hint=engine.how_to_bring(reference)
            ) from error
