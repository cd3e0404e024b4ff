"""One client's way through the phases of a scenario: a clean cache, then phase after phase."""

import contextlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from layerfork.app.experiment.clientbuild import Bench, run_trial
from layerfork.app.experiment.clientchoice import PlannedBuild
from layerfork.app.experiment.relay import EngineGoneError
from layerfork.builders.api.engineapi import ApiError, EngineApi
from layerfork.builders.api.engineimages import CLEANING_LIMIT_S, load_archive
from layerfork.builders.clients import ContextForm
from layerfork.builders.engines import RunningEngine
from layerfork.builders.engines.baseimage import (
    ensure_base_archive,
    moved_base,
    rebuilt_base,
    reconfigured_base,
)
from layerfork.builders.environments.served import ServedContext, serving
from layerfork.builders.environments.workspace import Workspace, make_tar, write_context
from layerfork.builders.namespace.entering import restart
from layerfork.record.build import BuildRequest
from layerfork.record.record import BuildOutcome
from layerfork.record.run import TrialBuild
from layerfork.record.scenario import CACHE_PLACE, LAST_IMAGE, OWN_PLATFORM, Event, Phase, RunOptions


class Work(StrEnum):
    """What an engine's thread waits for, one at a time."""

    STARTING = "starting"
    """Engines that start and end."""
    CLEANING = "cleaning"
    """Caches that are cleaned, and what a scenario lets happen to its engine."""
    BUILDING = "building"
    """Clients' processes: the build itself."""


@dataclass(slots=True)
class Clock:
    """Adds up seconds; one thread uses it at a time."""

    seconds: Counter[Work] = field(default_factory=Counter)

    @contextlib.contextmanager
    def at(self, work: Work) -> Iterator[None]:
        """What is done inside counts as that work."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.add(work, time.monotonic() - started)

    def add(self, work: Work, seconds: float) -> None:
        """Seconds that somebody else measured."""
        self.seconds[work] += seconds  # type: ignore[assignment]  # a Counter adds any numbers


# What happens to an engine of ours between two builds of a scenario.

_BASES: Mapping[Event, Callable[[bytes], bytes]] = {
    Event.BASE_MOVED: moved_base,
    Event.BASE_RECONFIGURED: reconfigured_base,
    Event.BASE_REBUILT: rebuilt_base,
}
_PRUNES: Mapping[Event, tuple[str, dict[str, str]]] = {
    Event.PRUNE: ("/build/prune", {"all": "1"}),
    Event.PRUNE_IMAGES: ("/images/prune", {}),
}
"""Where and how the docker CLI asks for it."""


class EventRefusedError(Exception):
    """The engine cannot do it."""


@dataclass(slots=True, kw_only=True)
class Lifetime:
    """An engine of ours, between two times that it was clean."""

    engine: RunningEngine
    directory: Path
    """For archives of images."""
    base_replaced: bool = field(default=False, init=False)

    def let(self, event: Event, image: str) -> None:
        """Let it happen; ``image`` is what the phase before made.

        Raises: EventRefusedError when the engine refuses, EngineError when it is gone.
        """
        try:
            self._let(event, image)
        except ApiError as error:
            raise EventRefusedError(f"{event.value}: the engine says {error} ({error.status})") from error

    def _let(self, event: Event, image: str) -> None:
        api = EngineApi(self.engine.docker_host)
        if event in _BASES:
            self._replace_base(_BASES[event])
        elif event is Event.BASE_RESTORED:
            self.engine.load(_base())
        elif event in _PRUNES:
            path, query = _PRUNES[event]
            api.request("POST", path, query, timeout_s=CLEANING_LIMIT_S)
        elif event is Event.REMOVE_IMAGE:
            api.request("DELETE", f"/images/{image}")
        elif event is Event.RESTART:
            self._restart()
        elif event is Event.CLEAN:
            self.engine.reset()
        else:
            self._ship(api, image)

    def _restart(self) -> None:
        if self.engine.daemons is None:
            raise EventRefusedError("restart: only an engine that layerfork started can be restarted")
        restart(self.engine.daemons)

    def _ship(self, api: EngineApi, image: str) -> None:
        archive = self.directory / "image.tar"
        archive.write_bytes(api.download(f"/images/{image}/get"))
        self.engine.reset()
        load_archive(api, archive)

    def _replace_base(self, change: Callable[[bytes], bytes]) -> None:
        archive = self.directory / "base.tar"
        archive.write_bytes(change(_base().read_bytes()))
        self.base_replaced = True
        self.engine.load(archive)


@contextlib.contextmanager
def lifetime(engine: RunningEngine, directory: Path) -> Iterator[Lifetime]:
    """For the builds of one client: the base image is the usual one again afterwards.

    Raises: EngineError when it cannot be brought back.
    """
    life = Lifetime(engine=engine, directory=directory)
    try:
        yield life
    finally:
        if life.base_replaced and engine.is_alive():
            engine.load(_base())


def _base() -> Path:
    return ensure_base_archive(os.environ, lambda line: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSetup:
    """Where the phases of one scenario are built."""

    bench: Bench
    workspace: Workspace
    phases: Sequence[Phase]
    options: RunOptions
    clock: Clock = field(default_factory=Clock)


def run_chain(setup: PhaseSetup, planned: PlannedBuild, number: Callable[[], int]) -> tuple[TrialBuild, ...]:
    """Build every phase with one client, from a clean cache; fewer rows when it was stopped.

    A build that fails leaves the later phases to go on: what it stored is in the cache.
    Raises: EngineError when the cache cannot be cleaned, EngineGoneError when the engine ends in the middle.
    """
    engine = setup.bench.engine
    with setup.clock.at(Work.CLEANING):
        engine.reset()
    rows: list[TrialBuild] = []
    image = ""
    caches = Path(tempfile.mkdtemp(prefix="cache-", dir=setup.workspace.root))
    with lifetime(engine, setup.workspace.root) as life, _serving(setup, planned) as offer:
        for phase in setup.phases:
            try:
                with setup.clock.at(Work.CLEANING):
                    for event in phase.before:
                        life.let(event, image)
            except EventRefusedError as error:
                rows.append(planned.trial_build(BuildOutcome.REFUSED, str(error)))
                continue
            write_context(phase, setup.workspace.context)
            request = _with_caches(_asked(setup, planned, number(), phase, offer()), phase, caches, image)
            lacks = planned.client.why_not(request)
            if lacks:
                row = planned.trial_build(BuildOutcome.UNSUPPORTED, "; ".join(lacks))
            else:
                row = run_trial(setup.bench, planned, request)
                setup.clock.add(Work.BUILDING, row.seconds_of_client)
            image = planned.client.image_ref(request)
            if setup.bench.stop.is_set():
                break
            rows.append(row)
            if row.outcome is not BuildOutcome.SUCCEEDED and not engine.is_alive():
                raise EngineGoneError(f"the engine ended while {planned.label} was building")
    return tuple(rows)


def _with_caches(request: BuildRequest, phase: Phase, directory: Path, image: str) -> BuildRequest:
    """``directory`` is where this client's builds keep exported caches."""

    def filled(text: str) -> str:
        return text.replace(CACHE_PLACE, str(directory)).replace(LAST_IMAGE, image)

    return replace(request, cache_from=filled(phase.cache_from), cache_to=filled(phase.cache_to))


@contextlib.contextmanager
def _serving(setup: PhaseSetup, planned: PlannedBuild) -> Iterator[Callable[[], ServedContext]]:
    """Each call packs what this client takes of the context as it is then, and says where it is served."""
    workspace, form = setup.workspace, planned.client.context_form

    def packed() -> ServedContext:
        if form is ContextForm.TAR:
            make_tar(workspace)
        return ServedContext(tar_url="", git_url="")

    if form not in (ContextForm.URL, ContextForm.GIT):
        yield packed
        return
    with serving(workspace, setup.bench.engine.network) as offer:

        def served() -> ServedContext:
            if form is ContextForm.URL:
                make_tar(workspace)
            return offer()

        yield served


def _asked(
    setup: PhaseSetup, planned: PlannedBuild, number: int, phase: Phase, served: ServedContext
) -> BuildRequest:
    options = replace(setup.options, build_args=phase.build_args, labels=phase.labels, target=phase.target)
    urls = (served.tar_url, served.git_url)
    request = setup.workspace.request(planned.label, number, options, urls)
    info = setup.bench.engine.info
    platform = f"{info.os}/{info.architecture}" if phase.platform == OWN_PLATFORM else phase.platform
    return replace(request, platform=platform, no_cache=phase.no_cache)
