"""Goes on where an earlier run was interrupted, without changing what a relay means.

In a relay every client meets the cache that those before it filled, on one engine. That engine is gone, and
with it the cache and every image id, so an interrupted relay starts again from a clean engine: the clients
that had built build again, and their new records are the ones that are kept. What is not repeated is what
stores nothing: controls that were hits (the build itself must go as it went before, step by step), clients
that never came to ask for a build, and environments that turned out to be broken. Relays that were whole
are taken as they are.
"""

import hmac
import os
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from layerfork import __version__
from layerfork.app.experiment.clientchoice import choose_clients
from layerfork.app.experiment.earlierrun import Earlier, FinishedRelay, MeasuredRow, relay_note
from layerfork.app.experiment.measure import Measured, RunServices, measure
from layerfork.builders.engines import open_engine
from layerfork.builders.environments.installing import described_clients
from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.context.walk import scan
from layerfork.record.engine import EngineInfo
from layerfork.record.progress import Progress
from layerfork.record.scenario import RunOptions, Scenario
from layerfork.record.store.recordfile import RecordFile


def measure_once(
    scenario: Scenario, options: RunOptions, spec: str, services: RunServices, earlier: Earlier
) -> Measured:
    """`measure`, but for what an earlier run has already been through.

    Raises: UsageError, EngineError.
    """
    key = relay_key(scenario, options, spec)
    if (relay := earlier.finished.get(key)) is not None:
        text = f"taken from the earlier run: all of {len(relay.builds)} clients, nothing is built again"
        services.listener(Progress(text=text, lasting=True))
        return Measured(
            engine=relay.engine,
            builds=list(relay.builds),
            versions=relay.versions,
            seconds=relay.seconds,
        )
    rows = earlier.rows.get(key, {})
    if rows:
        services.listener(Progress(text=_summary(rows), lasting=True))
    started = time.monotonic()
    measured = measure(scenario, options, spec, replace(services, key=key, rows=rows))
    measured.seconds = time.monotonic() - started
    if services.file and measured.engine and not measured.interrupted and not measured.problems:
        services.file.add_note(relay_note(_finished(key, measured.engine, measured, scenario, options)))
    return measured


def _summary(rows: Mapping[str, MeasuredRow]) -> str:
    """How much of an interrupted relay is repeated, and why."""
    idle = sum(row.stored_nothing for row in rows.values())
    hits = sum(row.build.control == "hit" for row in rows.values())
    again = sum(row.recorded for row in rows.values())
    return (
        f"the earlier run was interrupted here after {len(rows)} of its clients: the relay starts again, and "
        f"{again} of them build again to fill the cache for those that follow; taken from the earlier run: "
        f"controls that were hits ({hits}), clients that never asked for a build ({idle})"
    )


def copy_earlier(file: RecordFile, earlier: Earlier) -> None:
    """Write what an earlier run knew, before anything new can fail; new rows and notes replace old ones.

    Records of relays that begin again are left out: their builds are made anew.
    """
    for relay in earlier.finished.values():
        for build in relay.builds:
            for record in (build.record, build.control_record):
                if record:
                    file.add(record)
        file.add_note(relay_note(relay))
    for rows in earlier.rows.values():
        for row in rows.values():
            file.add_note({"row": row})
    for broken in earlier.broken:
        file.add_note({"broken": broken})


def relay_key(scenario: Scenario, options: RunOptions, spec: str) -> str:
    """What makes two relays the same: the engine, everything that was asked, and the files as they lie there.

    Made with the machine's own key: build arguments are among what was asked.
    Raises: UsageError, EngineError when there is no such client or docker context.
    """
    place = open_engine(spec).address(os.environ)
    asked = replace(options, engines=(spec, place), save="", resume="", path=str(scenario.context))
    text = "\n".join(
        (
            __version__,
            str(asked),
            scenario.dockerfile.read_text("utf-8", "surrogateescape"),
            *_clients(options),
            *_states(scenario.context, options),
            *(_state_of(Path(archive)) for archive in options.load),
        )
    )
    return hmac.digest(redaction_key(), text.encode("utf-8", "surrogateescape"), "sha256").hex()


def _clients(options: RunOptions) -> Iterable[str]:
    """The clients as they are described or pinned now."""
    for label, client in choose_clients(options.clients, described_clients(Path.cwd())):
        pinned = client.environment.directory_name if client.environment else ""
        yield f"{label} {client.title} {pinned}"


def _states(context: Path, options: RunOptions) -> Iterable[str]:
    """Every entry of a context, without reading it: what was changed has another time or size.

    A record file that lies there grows, and is left out.
    """
    own = {Path(name).resolve() for name in (options.save, options.resume) if name}
    tree = scan(context.resolve())
    for name, found in tree.walk():
        if (path := tree.root / name) not in own:
            yield _state(path, found)
    yield from (f"{problem.path} {problem.reason}" for problem in tree.problems)


def _state(path: Path, found: os.stat_result) -> str:
    times = "" if stat.S_ISDIR(found.st_mode) else f"{found.st_size} {found.st_mtime_ns}"
    return f"{path} {found.st_mode} {found.st_uid} {found.st_gid} {times}"


def _state_of(archive: Path) -> str:
    try:
        return _state(archive, archive.lstat())
    except OSError as error:
        return f"{archive} {error.errno}"


def _finished(
    key: str, engine: EngineInfo, measured: Measured, scenario: Scenario, options: RunOptions
) -> FinishedRelay:
    return FinishedRelay(
        key=key,
        engine=engine,
        builds=tuple(measured.builds),
        record_ids=tuple(row.record.id if row.record else "" for row in measured.builds),
        control_ids=tuple(row.control_record.id if row.control_record else "" for row in measured.builds),
        versions=measured.versions,
        seconds=measured.seconds,
        scenario=scenario.name,
        scenario_path=str(scenario.context),
        builder=options.builder,
        random_runs=scenario.random_runs,
        layerfork=__version__,
    )
