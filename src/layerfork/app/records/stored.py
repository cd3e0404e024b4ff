"""The records that `why` keeps: listing them, removing them."""

from collections.abc import Sequence

from layerfork.app.records.showing import shown
from layerfork.errors import UsageError
from layerfork.record.commandline import as_typed
from layerfork.record.listing import StoredRow
from layerfork.record.record import StepStatus
from layerfork.record.report import RecordReport
from layerfork.record.store.evidence import read_records
from layerfork.record.store.store import KeptBuild, open_store


def list_stored(store: str) -> tuple[StoredRow, ...]:
    """Every build of a store, the newest first. ``store`` is its directory; empty for the user's own."""
    return tuple(_row(kept) for kept in open_store(store).builds())


def show_stored(store: str, reference: str, max_age_s: float | None = None) -> RecordReport:
    """One build; steps that reused what was older than ``max_age_s`` are marked.

    Raises: UsageError when there is no such record, EvidenceError when it is damaged.
    """
    opened = open_store(store)
    (kept,) = _find(opened.builds(), [reference])
    (record,) = read_records(kept.path)
    return shown(record, store=opened, max_age_s=max_age_s)


def remove_stored(store: str, references: Sequence[str]) -> int:
    """Remove builds; gives how many. Raises: UsageError when one of them does not exist."""
    opened = open_store(store)
    found = _find(opened.builds(), references)
    for kept in found:
        opened.remove(kept)
    return len(found)


def prune_stored(store: str, *, keep: int | None, older_than_days: float | None) -> int:
    """Remove all but the newest ``keep`` builds, and those that are older; gives how many."""
    opened = open_store(store)
    builds = opened.builds()
    gone = {
        kept.path: kept
        for number, kept in enumerate(builds)
        if (keep is not None and number >= keep)
        or (older_than_days is not None and kept.age_s > older_than_days * 86_400)
    }
    for kept in gone.values():
        opened.remove(kept)
    return len(gone)


def _find(builds: Sequence[KeptBuild], references: Sequence[str]) -> tuple[KeptBuild, ...]:
    found = {}
    for reference in references:
        matching = [kept for kept in builds if kept.record.id.startswith(reference)]
        if len(matching) != 1 or not reference:
            several = "several records begin" if matching else "no record begins"
            raise UsageError(f"{several} with {reference!r}", hint="see `layerfork records`")
        found[matching[0].record.id] = matching[0]
    return tuple(found.values())


def _row(kept: KeptBuild) -> StoredRow:
    record = kept.record
    return StoredRow(
        id=record.id,
        recorded_at=record.recorded_at,
        builder=record.builder.value,
        outcome=record.result.outcome.value,
        steps=len(record.steps),
        hits=sum(step.status is StepStatus.HIT for step in record.steps),
        size_bytes=kept.size_bytes,
        command=as_typed(record.client.argv),
        path=str(kept.path),
    )
