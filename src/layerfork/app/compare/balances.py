"""What a build's cache cost and saved, with the times of steps that earlier builds built."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from layerfork.diagnose.cachecost import BuiltStep, built_in, is_reused, moves_a_cache, weigh
from layerfork.keys import keys_of
from layerfork.record.balance import Balance
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import StoredRecord
from layerfork.record.store.summary import KnownBuild

_MOST_SOURCES = 20
"""Of a file: keys of more builds than these are not computed."""


def balance_with(reader: StoredRecord, sources: Iterable[StoredRecord]) -> Balance | None:
    """The balance of a build; None where it moved no cache.

    ``sources``, the newest first, are builds that may have built what it reused.
    Raises: EvidenceError.
    """
    if not moves_a_cache(reader.outline):
        return None
    digests = keys_of(reader.whole()).chain_digests()
    wanted = _reused(reader.outline, digests)
    built: dict[str, BuiltStep] = {}
    for source in [*sources][:_MOST_SOURCES]:
        took = built_in(source.outline)
        if took and not wanted <= built.keys():
            placed = keys_of(source.whole()).chain_digests()
            _add(built, placed, took)
    return _weighed(reader.outline, digests, built)


def balance_among(
    record: BuildRecord,
    digests: Callable[[], Mapping[int, str]],
    known: Sequence[KnownBuild],
    named: StoredRecord | None = None,
) -> Balance | None:
    """The same of a build among the known ones, newest first, and one that a person named.

    ``digests`` gives `BuildKeys.chain_digests` of the build.
    Raises: EvidenceError.
    """
    if not moves_a_cache(record):
        return None
    built: dict[str, BuiltStep] = {}
    if named is not None and (took := built_in(named.outline)):
        _add(built, keys_of(named.whole()).chain_digests(), took)
    for each in known:
        _add(built, each.placed or {}, _took(each))
    return _weighed(record, digests(), built)


def _took(known: KnownBuild) -> Mapping[int, BuiltStep]:
    return {
        index: BuiltStep(build=known.outline.id, started_s=started_s, seconds=seconds)
        for index, started_s, seconds in known.summary.took
    }


def _add(built: dict[str, BuiltStep], placed: Mapping[int, str], took: Mapping[int, BuiltStep]) -> None:
    """What is there already was built later, and stays."""
    for index, step in took.items():
        if index in placed:
            built.setdefault(placed[index], step)


def _reused(record: BuildRecord, digests: Mapping[int, str]) -> set[str]:
    return {digests[step.index] for step in record.steps if is_reused(step) and step.index in digests}


def _weighed(
    record: BuildRecord, digests: Mapping[int, str], built: Mapping[str, BuiltStep]
) -> Balance | None:
    return weigh(record, {index: built[digest] for index, digest in digests.items() if digest in built})
