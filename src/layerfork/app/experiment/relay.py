"""One relay: one scenario, one engine, one clean cache, clients in order, each with its control."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from layerfork.app.experiment.clientbuild import Bench, run_trial
from layerfork.app.experiment.clientchoice import Plan, PlannedBuild
from layerfork.app.experiment.earlierrun import BrokenEnvironments, MeasuredRow, row_note
from layerfork.builders.environments.workspace import Workspace
from layerfork.record.build import Endpoint
from layerfork.record.progress import Listener, Progress
from layerfork.record.record import BuildOutcome, StepStatus
from layerfork.record.run import TrialBuild
from layerfork.record.scenario import RunOptions
from layerfork.record.store.recordfile import RecordFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Everything that one relay needs."""

    plan: Plan
    bench: Bench
    endpoint: Endpoint
    """Stands for those of the builds: only homes and sockets differ."""
    workspace: Workspace
    options: RunOptions
    listener: Listener
    file: RecordFile | None = None
    key: str = ""
    """What was asked, for notes in the file."""
    earlier: Mapping[str, MeasuredRow] = field(default_factory=dict)
    """Rows of the same relay that a run measured before it was interrupted, by client."""
    broken: BrokenEnvironments = field(default_factory=BrokenEnvironments)
    urls: tuple[str, str] = ("", "")
    """Where the context is served as a tar and as a git repository; empty when no client asked."""
    images: list[str] = field(default_factory=list)
    """References that builds were asked to make; filled before each, for those who remove them."""


CAME_TO_NO_BUILD = (BuildOutcome.REFUSED, BuildOutcome.SKIPPED, BuildOutcome.CUT)
"""Outcomes of a client that may not work at all."""


class EngineGoneError(Exception):
    """The engine ended; the builds that were measured before stay valid."""


def run_relay(relay: Relay, keep: Callable[[TrialBuild], None]) -> None:
    """Build with every client in order; ``keep`` gets each row at once, so that nothing measured is lost.

    Raises: EngineGoneError.
    """
    total = len(relay.plan.builds)
    numbers = iter(range(1, 1_000_000))
    done = 0
    for row in relay.plan.rows:
        if isinstance(row, TrialBuild):
            keep(row)
            continue
        relay.listener(Progress(text=f"building with {row.label}", done=done, total=total))
        build = _build(relay, row, numbers)
        done += 1
        keep(build)
        for record in (build.record, build.control_record):
            if relay.file and record:
                relay.file.add(record)
        stopped = relay.bench.stop.is_set()
        gone = not stopped and not relay.bench.engine.is_alive()
        if relay.file and not stopped and not gone:
            relay.file.add_note(row_note(relay.key, build))
        relay.listener(Progress(text=_summary(build), done=done, total=total, lasting=True))
        if stopped:
            return
        if gone:
            raise EngineGoneError(f"the engine ended while {row.label} was building")


def _build(relay: Relay, planned: PlannedBuild, numbers: Iterator[int]) -> TrialBuild:
    """A client's row: its build and its control, unless an earlier run already knows what that would be."""
    environment = planned.client.environment
    if environment is not None and (reason := relay.broken.why(environment)):
        return planned.trial_build(BuildOutcome.SKIPPED, reason)
    build = _build_once(relay, planned, next(numbers))
    over = relay.bench.stop.is_set() or build.outcome is not BuildOutcome.SUCCEEDED
    if over and build.record is None and build.outcome in CAME_TO_NO_BUILD and not relay.bench.stop.is_set():
        reason = relay.broken.look_at(planned.client, planned.environment, relay.endpoint)
        return replace(build, outcome=BuildOutcome.SKIPPED, reason=reason) if reason else build
    if over or not relay.options.controls:
        return build
    if has_same_control(relay.earlier.get(planned.label), build):
        return replace(build, control="hit")
    again = _build_once(relay, planned, next(numbers))
    control = control_result(build, again)
    return replace(build, control=control, control_record=again.record if control == "miss" else None)


def _build_once(relay: Relay, planned: PlannedBuild, number: int) -> TrialBuild:
    request = relay.workspace.request(planned.label, number, relay.options, relay.urls)
    relay.images.append(planned.client.image_ref(request))
    return run_trial(relay.bench, planned, request)


def has_same_control(earlier: MeasuredRow | None, build: TrialBuild) -> bool:
    """Whether a control would do what it did in an earlier run: nothing, and nothing stored.

    That it was a hit then says so only when the build itself went as it did then, step by step.
    """
    return (
        earlier is not None
        and earlier.build.control == "hit"
        and earlier.build.builder == build.builder
        and [step.status for step in earlier.build.steps] == [step.status for step in build.steps]
    )


def control_result(first: TrialBuild, again: TrialBuild) -> str:
    """``hit`` when a client's second build reused everything, else ``miss``; empty when nothing shows it.

    A build that printed no steps shows reuse by the image ids of its steps.
    """
    if again.outcome is not BuildOutcome.SUCCEEDED:
        return "miss"
    statuses = {step.status for step in again.steps}
    if StepStatus.MISS in statuses:
        return "miss"
    if not statuses or StepStatus.UNKNOWN not in statuses:
        return "hit" if statuses else ""
    ids = [[step.identity for step in build.steps] for build in (first, again)]
    if not all(map(all, ids)):
        return ""
    return "hit" if ids[0] == ids[1] else "miss"


def _summary(build: TrialBuild) -> str:
    if build.outcome is not BuildOutcome.SUCCEEDED:
        first = build.reason.splitlines()[0] if build.reason else ""
        return f"{build.client}: {build.outcome.value}{': ' if first else ''}{first}"
    hits = sum(step.status is StepStatus.HIT for step in build.steps)
    control = f", control {build.control}" if build.control else ""
    return (
        f"{build.client}: {hits} of {len(build.steps)} steps reused, {build.seconds_of_client:.2f} s{control}"
    )
