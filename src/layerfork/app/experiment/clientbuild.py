"""Runs one client's build and turns what the recorder saw into one row of the experiment."""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from layerfork.app.experiment.clientchoice import PlannedBuild
from layerfork.builders.clients import BuildClient, ContextForm
from layerfork.builders.engines import RunningEngine
from layerfork.builders.environments.served import cloned_tar
from layerfork.builders.process import KEEP_BYTES, ProgramMissingError, last_lines, printable, run
from layerfork.builders.recording.contextdigests import fill_from_disk, recall
from layerfork.builders.recording.contextplaces import ContextPlace, find_places, place_at
from layerfork.builders.recording.filesondisk import fill_from_tar
from layerfork.builders.recording.imagefacts import add_base_facts, add_image_facts, add_quiet_steps
from layerfork.builders.recording.printed import OUTPUT_BYTES, read_printed_build
from layerfork.builders.recording.recorder import Recorder
from layerfork.builders.recording.secrets import sealed
from layerfork.record.build import BuildRequest, Completed, Endpoint, Toolchain
from layerfork.record.context import MAIN_CONTEXT, ContextManifest
from layerfork.record.record import BuildOutcome, BuildRecord, ClientInfo
from layerfork.record.run import TrialBuild
from layerfork.userdirs import cache_directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every trial of a relay shares."""

    engine: RunningEngine
    toolchain: Toolchain
    socket_dir: Path
    """A short path: sockets of the recorder go here."""
    redaction_key: bytes
    timeout_s: float
    inherit_config: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when the rest is no longer wanted: the running build is ended."""


def run_trial(bench: Bench, planned: PlannedBuild, request: BuildRequest) -> TrialBuild:
    """Build once with one client, through a recorder of its own.

    A client that is missing, fails, hangs or crashes gives a row that says so; nothing is raised for it.
    """
    row = planned.trial_build(BuildOutcome.SKIPPED)
    socket = bench.socket_dir / f"{request.scratch.name}.sock"
    with Recorder(
        bench.engine,
        socket,
        bench.redaction_key,
        lambda manifest, _: recall(cache_directory(), [request.context], manifest),
    ) as recorder:
        recorder.redactor.pairs(request.build_args)  # first: what they hold is then hidden everywhere
        try:
            completed = _run_client(bench, planned, request, recorder.docker_host)
        except ProgramMissingError as error:
            return replace(row, reason=f"{error}; run: layerfork setup")
    completed = replace(
        completed, stdout=recorder.clean(completed.stdout), stderr=recorder.clean(completed.stderr)
    )
    row = replace(row, seconds_of_client=completed.seconds)
    record = _record_of(bench, recorder, planned, request, completed)
    if record is None:
        return _without_record(row, completed, bench)
    record = sealed(_with_facts(record, recorder, planned.client, request), recorder.redactor)
    outcome, reason = _outcome(record, completed, bench)
    return replace(
        row,
        builder=record.builder.value,
        outcome=outcome,
        reason=reason,
        seconds=record.seconds,
        steps=record.steps,
        record=record,
    )


def _run_client(bench: Bench, planned: PlannedBuild, request: BuildRequest, docker_host: str) -> Completed:
    """Raises: ProgramMissingError."""
    endpoint = make_endpoint(bench, request, docker_host, planned.toolchain)
    command = planned.client.build_command(request, endpoint, planned.choice.asked, planned.environment)
    keep = OUTPUT_BYTES if bench.engine.podman else KEEP_BYTES
    return run(command, bench.timeout_s, worth_waiting(bench), keep_bytes=keep)


def _record_of(
    bench: Bench, recorder: Recorder, planned: PlannedBuild, request: BuildRequest, completed: Completed
) -> BuildRecord | None:
    """The build that passed through the recorder; None when there was none.

    On a podman of ours a client may build in the storage itself: then what it printed shows the build.
    """
    client = ClientInfo(id=planned.label, version=planned.version, argv=completed.argv)
    record = pick_record(recorder.records(client), request.tag)
    if record is not None or bench.engine.podman is None:
        return record
    tar = request.context_tar if planned.client.context_form is ContextForm.TAR else None
    return read_printed_build(recorder, request, client, completed, tar)


def _with_facts(
    record: BuildRecord, recorder: Recorder, client: BuildClient, request: BuildRequest
) -> BuildRecord:
    """The record with what the disk and the engine know besides."""
    record = fill_from_disk(
        record, lambda manifest: _directories(manifest, request, recorder), cache_directory()
    )
    fetched = {
        ContextForm.URL: request.context_tar,
        ContextForm.GIT: cloned_tar(request.context_tar),
    }.get(client.context_form)
    if fetched is not None:
        record = fill_from_tar(record, fetched, recorder.clean)
    record = add_image_facts(record, recorder.image_facts, client.image_ref(request))
    return add_quiet_steps(add_base_facts(record, recorder.image_facts))


def _directories(
    manifest: ContextManifest, request: BuildRequest, recorder: Recorder
) -> Sequence[ContextPlace]:
    """Where a context was sent from: the main one is known, named ones are a client's own."""
    is_main = manifest.name == MAIN_CONTEXT
    return (place_at(request.context, manifest),) if is_main else find_places(manifest, recorder.clients)


def make_endpoint(
    bench: Bench, request: BuildRequest, docker_host: str, toolchain: Toolchain | None = None
) -> Endpoint:
    """Where a client finds the engine, and its private home; ``toolchain`` instead of the engine's own."""
    return Endpoint(
        docker_host=docker_host,
        home=request.scratch / "home",
        toolchain=toolchain or bench.toolchain,
        api_version=bench.engine.info.api_version,
        builders=bench.engine.builders,
        podman=bench.engine.podman,
        inherit=dict(os.environ) if bench.inherit_config else {},
    )


def worth_waiting(bench: Bench) -> Callable[[], bool]:
    """Whether it is still worth waiting for a client."""
    return lambda: not bench.stop.is_set() and bench.engine.is_alive()


def pick_record(records: tuple[BuildRecord, ...], tag: str) -> BuildRecord | None:
    """The build that a command was run for: the one with its tag, else the last one it made."""
    tagged = [record for record in records if tag in record.request.tags]
    candidates = tagged or list(records)
    return candidates[-1] if candidates else None


def _outcome(record: BuildRecord, completed: Completed, bench: Bench) -> tuple[BuildOutcome, str]:
    """How a recorded build ended, and why if it did not end well."""
    result = record.result
    if completed.timed_out:
        return _stopped(bench)
    if result.outcome is BuildOutcome.SUCCEEDED and completed.returncode != 0:
        return BuildOutcome.FAILED, f"the build succeeded, but {_ended(completed)}"
    if result.outcome is BuildOutcome.CUT and not bench.engine.is_alive():
        return result.outcome, "the engine ended during the build"
    if result.outcome is not BuildOutcome.SUCCEEDED:
        return result.outcome, printable(result.error) or _ended(completed)
    return result.outcome, ""


def _without_record(row: TrialBuild, completed: Completed, bench: Bench) -> TrialBuild:
    if completed.timed_out:
        outcome, reason = _stopped(bench)
        return replace(row, outcome=outcome, reason=reason)
    if completed.ok:
        reason = "it ended without an error, but asked the engine for no build"
        return replace(row, outcome=BuildOutcome.REFUSED, reason=reason)
    outcome = BuildOutcome.CUT if completed.returncode < 0 else BuildOutcome.REFUSED
    return replace(row, outcome=outcome, reason=_ended(completed))


def _stopped(bench: Bench) -> tuple[BuildOutcome, str]:
    if not bench.engine.is_alive():
        return BuildOutcome.CUT, "the engine ended during the build"
    if bench.stop.is_set():
        return BuildOutcome.CUT, "it was stopped: the run was interrupted"
    return (
        BuildOutcome.TIMED_OUT,
        f"it did not end within {bench.timeout_s:g} s and was stopped (allow more with --timeout)",
    )


def _ended(completed: Completed) -> str:
    """How a client's process ended, by its own message where it has one."""
    if completed.returncode < 0:
        number = -completed.returncode
        known = number in signal.valid_signals()
        how = f"it was ended by {signal.Signals(number).name if known else f'signal {number}'}"
    else:
        how = f"it ended with exit code {completed.returncode}"
    message = last_lines(completed.stderr.strip() or completed.stdout.strip(), 5)
    return f"{how}: {message}" if message else how
