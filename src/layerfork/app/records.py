"""Recorded builds: shown, listed and removed; and builds imported from logs and histories."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from layerfork.app.compare.comparison import stored_in
from layerfork.app.predict.earlierbuilds import CreatedAt, EarlierBuilds, times_of_images
from layerfork.context.walk import no_collection
from layerfork.diagnose import may_share_cache
from layerfork.errors import EvidenceError, UsageError
from layerfork.keys import keys_of
from layerfork.record.build import as_typed
from layerfork.record.machine import StoredRow
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord, StepStatus
from layerfork.record.run import RecordReport, StepAge
from layerfork.record.store.recordfile import RecordFile, StoredRecord, read_records
from layerfork.record.store.store import KeptBuild, RecordStore, open_store
from layerfork.record.store.summary import read_summaries

_MOST_EARLIER = 20
"""At most this many earlier builds of the same cache are read."""


def show_records(word: str, max_age_s: float | None = None) -> tuple[RecordReport, ...]:
    """The records of a ``FILE``, or the one that ``FILE#N`` names.

    Steps that reused what was older than ``max_age_s`` are marked.
    Raises: EvidenceError, UsageError.
    """
    wanted, records = stored_in(word)
    with no_collection():
        return tuple(shown(each.whole(), records, open_store(), max_age_s) for each in wanted)


def shown(
    record: BuildRecord,
    others: Sequence[StoredRecord] = (),
    store: RecordStore | None = None,
    max_age_s: float | None = None,
) -> RecordReport:
    """One record. Ages come from images, and from builds of the same cache among ``others`` and in a store.

    Steps that reused what was older than ``max_age_s`` are marked.
    """
    return RecordReport(
        record=record,
        computed_identities=keys_of(record).chain_digests(),
        ages=_ages(record, _made(record, others, store), max_age_s),
    )


def _made(
    record: BuildRecord, others: Sequence[StoredRecord], store: RecordStore | None
) -> dict[int, CreatedAt]:
    """When the results were made that a build reused, by step index."""
    images = times_of_images(record)
    if all(step.index in images for step in record.steps if step.status is StepStatus.HIT):
        return images
    before = sorted(
        {each.id: each for each in (*_shared(record, others), *_stored(record, store))}.values(),
        key=lambda each: each.recorded_at,
        reverse=True,
    )[:_MOST_EARLIER]
    return {**EarlierBuilds(record, before).made_for(record), **images} if before else images


def _shared(record: BuildRecord, others: Sequence[StoredRecord]) -> Iterator[BuildRecord]:
    return (each.whole() for each in others if _is_before(each.outline, record))


def _stored(record: BuildRecord, store: RecordStore | None) -> Iterator[BuildRecord]:
    """Earlier builds of the same directory."""
    directory = record.place.directory
    for each in read_summaries(store.directory) if store is not None and directory else ():
        if each.outline.place.directory == directory and _is_before(each.outline, record):
            try:
                yield from read_records(each.path)
            except EvidenceError:
                continue


def _is_before(earlier: BuildRecord, record: BuildRecord) -> bool:
    """Whether it was made before in what is known to be the same cache."""
    return (
        earlier.recorded_at < record.recorded_at
        and bool(_cache_of(record))
        and _cache_of(earlier) == _cache_of(record)
        and may_share_cache(earlier, record)
    )


def _cache_of(record: BuildRecord) -> str:
    instance = record.engine.instance if record.engine is not None else ""
    return instance or record.builder_instance


def _ages(record: BuildRecord, made: dict[int, CreatedAt], max_age_s: float | None) -> dict[int, StepAge]:
    """How old results were when a build reused them, by step index."""
    began_s = datetime.fromisoformat(record.recorded_at).timestamp()
    found = {}
    for step in record.steps:
        known = made.get(step.index) if step.status is StepStatus.HIT else None
        if known is None or (not known.exact and known.at_s >= began_s):
            continue
        age = StepAge(seconds=max(0.0, began_s - known.at_s), is_least=not known.exact)
        found[step.index] = replace(age, is_over=max_age_s is not None and age.seconds > max_age_s)
    return found


# The records that `why` keeps: listing them, removing them.


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


# Builds that were not recorded: `layerfork import`.


def import_builds(paths: Sequence[str], output: str, say: Say) -> tuple[RecordReport, ...]:
    """Make records of files that builds left behind; with ``output`` write them to that file.

    Nothing is written unless every file tells of a build. Raises: LayerforkError.
    """
    records = tuple(record for path in paths for record in _imported(path, say))
    if output:
        with RecordFile(Path(output)) as file:
            for record in records:
                file.add(record)
        say(f"{len(records)} imported to {output}")
    return tuple(
        RecordReport(record=record, computed_identities=keys_of(record).chain_digests()) for record in records
    )


def _imported(path: str, say: Say) -> tuple[BuildRecord, ...]:
    # It knows a dozen forms, which showing and listing records do not need.
    from layerfork.builders.imports.recognition import import_file  # late: start-up

    records = import_file(Path(path))
    for record in records:
        say(f"{path}: {record.imported_from}, {_counted(len(record.steps))}, {record.result.outcome.value}")
    return records


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"
