"""One client's way through the phases of a scenario: a clean cache, then phase after phase."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from layerfork.app.phases.clock import Clock, Work
from layerfork.app.phases.events import EventRefusedError, lifetime
from layerfork.app.relay.plan import PlannedBuild
from layerfork.app.relay.relay import EngineGoneError
from layerfork.app.relay.trial import Bench, run_trial
from layerfork.builders.clients import ContextForm
from layerfork.builders.environments.contextfiles import write_context
from layerfork.builders.environments.served import ServedContext, serving
from layerfork.builders.environments.workspace import Workspace, make_tar
from layerfork.record.build import BuildRequest
from layerfork.record.phase import CACHE_PLACE, LAST_IMAGE, OWN_PLATFORM, Phase
from layerfork.record.record import BuildOutcome
from layerfork.record.report import TrialBuild
from layerfork.record.scenario import RunOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the phases of one scenario are built."""

    bench: Bench
    workspace: Workspace
    phases: Sequence[Phase]
    options: RunOptions
    clock: Clock = field(default_factory=Clock)


def run_chain(stage: Stage, planned: PlannedBuild, number: Callable[[], int]) -> tuple[TrialBuild, ...]:
    """Build every phase with one client, from a clean cache; fewer rows when it was stopped.

    A build that fails leaves the later phases to go on: what it stored is in the cache.
    Raises: EngineError when the cache cannot be cleaned, EngineGoneError when the engine ends in the middle.
    """
    engine = stage.bench.engine
    with stage.clock.at(Work.CLEANING):
        engine.reset()
    rows: list[TrialBuild] = []
    image = ""
    caches = Path(tempfile.mkdtemp(prefix="cache-", dir=stage.workspace.root))
    with lifetime(engine, stage.workspace.root) as life, _serving(stage, planned) as offer:
        for phase in stage.phases:
            try:
                with stage.clock.at(Work.CLEANING):
                    for event in phase.before:
                        life.let(event, image)
            except EventRefusedError as error:
                rows.append(planned.trial_build(BuildOutcome.REFUSED, str(error)))
                continue
            write_context(phase, stage.workspace.context)
            request = _with_caches(_asked(stage, planned, number(), phase, offer()), phase, caches, image)
            lacks = planned.client.why_not(request)
            if lacks:
                row = planned.trial_build(BuildOutcome.UNSUPPORTED, "; ".join(lacks))
            else:
                row = run_trial(stage.bench, planned, request)
                stage.clock.add(Work.BUILDING, row.seconds_of_client)
            image = planned.client.image_ref(request)
            if stage.bench.stop.is_set():
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
def _serving(stage: Stage, planned: PlannedBuild) -> Iterator[Callable[[], ServedContext]]:
    """Each call packs what this client takes of the context as it is then, and says where it is served."""
    workspace, form = stage.workspace, planned.client.context_form

    def packed() -> ServedContext:
        if form is ContextForm.TAR:
            make_tar(workspace)
        return ServedContext(tar_url="", git_url="")

    if form not in (ContextForm.URL, ContextForm.GIT):
        yield packed
        return
    with serving(workspace, stage.bench.engine.network) as offer:

        def served() -> ServedContext:
            if form is ContextForm.URL:
                make_tar(workspace)
            return offer()

        yield served


def _asked(
    stage: Stage, planned: PlannedBuild, number: int, phase: Phase, served: ServedContext
) -> BuildRequest:
    options = replace(stage.options, build_args=phase.build_args, labels=phase.labels, target=phase.target)
    urls = (served.tar_url, served.git_url)
    request = stage.workspace.request(planned.label, number, options, urls)
    info = stage.bench.engine.info
    platform = f"{info.os}/{info.architecture}" if phase.platform == OWN_PLATFORM else phase.platform
    return replace(request, platform=platform, no_cache=phase.no_cache)
