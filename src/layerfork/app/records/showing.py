"""Recorded builds to show: with what their steps are called, and how old what they reused was."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from layerfork.app.compare.comparison import stored_in
from layerfork.app.predict.past import Past
from layerfork.app.records.ages import Made, told_by_images
from layerfork.context.walk import no_collection
from layerfork.diagnose import may_share_cache
from layerfork.errors import EvidenceError
from layerfork.keys import keys_of
from layerfork.record.record import BuildRecord, StepStatus
from layerfork.record.report import RecordReport, StepAge
from layerfork.record.store.evidence import read_records
from layerfork.record.store.store import RecordStore, open_store
from layerfork.record.store.stored import StoredRecord
from layerfork.record.store.summary import read_summaries

_MOST_EARLIER = 20
"""So many earlier builds of the same cache are looked at."""


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
    """One record. Ages are told by images, and by builds of the same cache among ``others`` and in a store.

    Steps that reused what was older than ``max_age_s`` are marked.
    """
    return RecordReport(
        record=record,
        computed_identities=keys_of(record).chain_digests(),
        ages=_ages(record, _made(record, others, store), max_age_s),
    )


def _made(record: BuildRecord, others: Sequence[StoredRecord], store: RecordStore | None) -> dict[int, Made]:
    """When the results were made that a build reused, by step index."""
    images = told_by_images(record)
    if all(step.index in images for step in record.steps if step.status is StepStatus.HIT):
        return images
    before = sorted(
        {each.id: each for each in (*_shared(record, others), *_stored(record, store))}.values(),
        key=lambda each: each.recorded_at,
        reverse=True,
    )[:_MOST_EARLIER]
    return {**Past(record, before).made_for(record), **images} if before else images


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


def _ages(record: BuildRecord, made: dict[int, Made], max_age_s: float | None) -> dict[int, StepAge]:
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
