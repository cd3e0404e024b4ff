"""`layerfork why`: the builds of a command, each compared with an earlier one that it could have reused."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from layerfork.app.recording import no_build_seen, say_lost, store_kept_out_of_contexts
from layerfork.builders.engines import default_spec_of_why
from layerfork.builders.recording.projects import Projects
from layerfork.builders.recording.wrap import Wrapped, record_command
from layerfork.errors import ExitCode, LayerforkError
from layerfork.record.engine import NOTHING_BROUGHT, Brought
from layerfork.record.progress import Say
from layerfork.record.run import DiffReport
from layerfork.record.store.store import RecordStore, open_store

if TYPE_CHECKING:
    from layerfork.app.compare.buildpairing import NamedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What `layerfork why` found."""

    exit_code: int
    """How the command ended: its exit code, 130 after Ctrl-C, 3 if it built nothing."""
    reports: tuple[DiffReport, ...]
    """One for each build, in the order they began."""
    hints: tuple[str, ...] = ()
    """What to do about builds that found no image, a line each."""


def explain_builds(
    argv: Sequence[str],
    engine: str,
    store_path: str,
    say: Say,
    *,
    against: str = "",
    build: str = "",
    apart: bool = False,
    brought: Brought = NOTHING_BROUGHT,
) -> Explained:
    """Record the builds of a command, and compare each with the earlier one that it could have reused.

    Without a command, the past build that ``build`` names is compared again; without that as well, the newest
    recorded builds of the working directory, or the newest that its engine remembers. ``against`` names a
    record file or a known build to compare with instead. ``apart``: what the command writes to
    standard output goes to standard error. ``brought`` is for an engine of ours.
    Raises: LayerforkError.
    """
    store = open_store(store_path)
    store.prepare()
    if not argv:
        reports = _explain_past(build, engine, store, against, say)
        return Explained(exit_code=ExitCode.AS_HOPED, reports=reports)
    named: Sequence[NamedRecord] = ()
    if against:
        from layerfork.app.compare.baseline import builds_named  # late: the command starts before it

        named = builds_named(store, against)
    projects = Projects(os.environ)
    with store_kept_out_of_contexts(store, argv, projects, say):
        wrapped = record_command(
            argv,
            engine or default_spec_of_why(os.environ),
            say,
            stdout=sys.stderr if apart else None,
            projects=projects,
            meanwhile=lambda: import_module("layerfork.app.compare.baseline"),
            brought=brought,
        )
    if not wrapped.records:
        say(no_build_seen(os.environ, wrapped.exit_code))
    from layerfork.app.compare.baseline import explain_recorded  # late: imported while the command runs

    losses: list[LayerforkError] = []
    reports = explain_recorded(wrapped.records, store, named, losses)
    say_lost(losses, say)
    return Explained(exit_code=_ending(wrapped), reports=reports, hints=wrapped.hints)


def _explain_past(
    build: str, engine: str, store: RecordStore, against: str, say: Say
) -> tuple[DiffReport, ...]:
    """Builds that have happened: the recorded ones of this directory, else those that BuildKit remembers."""
    from layerfork.app.compare.baseline import (  # late: start-up
        builds_named,
        explain_newest,
        has_recorded,
        is_recorded,
    )

    if not build and has_recorded(store) and (not against or is_recorded(store, against)):
        return explain_newest(store, builds_named(store, against) if against else ())
    from layerfork.app.history.listing import HistoryAsked, explain_one  # late: start-up

    return explain_one(HistoryAsked(engine=engine, store=str(store.directory)), build, say, against)


def _ending(wrapped: Wrapped) -> int:
    if wrapped.interrupted:
        return ExitCode.INTERRUPTED
    return wrapped.exit_code or (ExitCode.AS_HOPED if wrapped.records else ExitCode.COULD_NOT_RUN)
