"""The earlier build to compare one with: of those that are known, the nearest that it could have reused."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from layerfork.diagnose import may_share_cache
from layerfork.diagnose.compare.caches import places_of
from layerfork.keys import keys_of
from layerfork.record.baseline import Baseline
from layerfork.record.cachekey import BuildKeys
from layerfork.record.commandline import as_typed
from layerfork.record.kind import agreement, kind_of
from layerfork.record.record import BuildRecord
from layerfork.record.store.evidence import read_records, read_stored
from layerfork.record.store.stored import StoredRecord
from layerfork.record.store.summary import KnownBuild, keep_summary, with_chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A baseline with its record."""

    stored: StoredRecord
    baseline: Baseline


def earlier_builds(known: Sequence[KnownBuild], record: BuildRecord) -> tuple[KnownBuild, ...]:
    """The known builds that are the same build, made earlier, of the same directory."""
    kind = kind_of(record)
    return tuple(
        each
        for each in known
        if each.outline.recorded_at < record.recorded_at
        and (other := kind_of(each.outline)).directory == kind.directory
        and agreement(other, kind) is not None
    )


def choose_baseline(
    earlier: Sequence[KnownBuild], record: BuildRecord, chain: Callable[[], tuple[str, ...]]
) -> Chosen | None:
    """Of earlier builds the one that shares most steps with a build; ``chain`` gives that of the build.

    One whose cache the build used comes first, then one that is surely of the same kind, then the one that
    shares most, then the newest. None where there is no earlier build.
    Raises: EvidenceError when a record cannot be read any more.
    """
    if not earlier:
        return None
    if len(earlier) == 1:
        (found,) = read_stored(earlier[0].path)
        return Chosen(stored=found, baseline=baseline_of(found.outline, record, None, 1))
    own = frozenset(chain())
    computed = [each if each.chain is not None else _with_chain(each) for each in earlier]
    best = max(computed, key=lambda each: _nearness(each, record, own))
    (found,) = read_stored(best.path)
    return Chosen(stored=found, baseline=baseline_of(found.outline, record, _shared(best, own), len(earlier)))


def exported_over(known: Sequence[KnownBuild], writer: BuildRecord, reader: BuildRecord) -> tuple[str, ...]:
    """The known builds between two that exported a cache to where the first had exported its own."""
    places = places_of(writer.request.cache_to)
    return tuple(
        f"the build of {each.outline.recorded_at[:19].replace('T', ' ')} UTC in {each.outline.place.ran_in}"
        for each in known
        if places
        and writer.recorded_at < each.outline.recorded_at < reader.recorded_at
        and places & places_of(each.outline.request.cache_to)
    )


def known_chain(known: Sequence[KnownBuild], timeless: str) -> tuple[str, ...] | None:
    """What `chain_of` gave for a build whose record has the same `timeless_digest`; None if nobody asked."""
    return next((each.chain for each in known if each.chain and each.summary.timeless == timeless), None)


def chain_of(keys: BuildKeys) -> tuple[str, ...]:
    """A digest for each step whose key, and all above, are known."""
    return tuple(keys.chain_digests().values())


def baseline_of(earlier: BuildRecord, record: BuildRecord, shared: int | None, known: int) -> Baseline:
    """What to say about a build that another one is compared with."""
    age = datetime.fromisoformat(record.recorded_at) - datetime.fromisoformat(earlier.recorded_at)
    return Baseline(
        id=earlier.id,
        recorded_at=earlier.recorded_at,
        age_s=age.total_seconds(),
        command=as_typed(earlier.client.argv),
        ran_in=earlier.place.ran_in,
        engine=earlier.engine.version if earlier.engine is not None else "",
        shared_steps=shared,
        steps=len(record.steps),
        known=known,
    )


def _with_chain(known: KnownBuild) -> KnownBuild:
    (record,) = read_records(known.path)
    known = with_chain(known, chain_of(keys_of(record)))
    keep_summary(known)
    return known


def _nearness(known: KnownBuild, record: BuildRecord, chain: Collection[str]) -> tuple[bool, int, int, str]:
    outline = known.outline
    sure = agreement(kind_of(outline), kind_of(record)) or 0
    return may_share_cache(outline, record), sure, _shared(known, chain), outline.recorded_at


def _shared(known: KnownBuild, chain: Collection[str]) -> int:
    return len(set(known.chain or ()).intersection(chain))
