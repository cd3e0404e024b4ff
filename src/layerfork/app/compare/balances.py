"""What a build's cache cost and saved, with the times of steps that earlier builds built."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from layerfork.diagnose import JudgedBuild
from layerfork.diagnose.cachecost import BuiltStep, built_in, is_reused, moves_a_cache, weigh
from layerfork.diagnose.cachelookup import marks_of
from layerfork.diagnose.compare.judgedbuilds import views_of
from layerfork.keys import keys_of
from layerfork.record.balance import Balance
from layerfork.record.cachekey import BuildKeys
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import StoredRecord
from layerfork.record.store.summary import KnownBuild

_REGISTRY = "registry"
"""What BuildKit calls the place of such an export."""
_ASKED_FROM_S = 2.0
_WITHIN_S = 3.0
_MOST_SOURCES = 20
"""Of a file: keys of more builds than these are not computed."""


def balance_with(reader: StoredRecord, sources: Iterable[StoredRecord]) -> Balance | None:
    """The balance of a build; None where it moved no cache.

    ``sources``, the newest first, are builds that may have built what it reused.
    Raises: EvidenceError.
    """
    if not moves_a_cache(reader.outline):
        return None
    marks = _marks_of(reader)
    wanted = {marks[step.index] for step in reader.outline.steps if is_reused(step) and step.index in marks}
    built: dict[str, BuiltStep] = {}
    for source in [*sources][:_MOST_SOURCES]:
        took = built_in(source.outline)
        if took and not wanted <= built.keys():
            _add(built, _marks_of(source), took)
    return _weighed(reader.outline, marks, built)


def balance_among(
    record: BuildRecord,
    marks: Mapping[int, str],
    known: Sequence[KnownBuild],
    named: StoredRecord | None = None,
) -> Balance | None:
    """The same of a build among the known ones, newest first, and one that a person named.

    ``marks`` are those of the build, and not needed where it moved none.
    Raises: EvidenceError.
    """
    if not moves_a_cache(record):
        return None
    built: dict[str, BuiltStep] = {}
    if named is not None and (took := built_in(named.outline)):
        _add(built, _marks_of(named), took)
    for each in known:
        _add(built, each.marks, _took(each))
    return _weighed(record, marks, built)


def with_stored_bytes(balance: Balance | None, record: BuildRecord) -> Balance | None:
    """The balance of a build that was just made, with the size of the cache that it exported to a registry.

    The registry is asked where the export took long enough that one question more does not matter.
    """
    exports = [each for each in balance.transfers if each.name == _REGISTRY] if balance is not None else []
    if balance is None or not any((each.seconds or 0.0) >= _ASKED_FROM_S for each in exports):
        return balance
    from layerfork.builders.caches.exported import exported_bytes  # late: registries take long to import

    size = exported_bytes(record, _WITHIN_S)
    transfers = (
        replace(each, stored_bytes=size) if each.name == _REGISTRY else each for each in balance.transfers
    )
    return replace(balance, transfers=tuple(transfers))


def step_marks(record: BuildRecord, keys: BuildKeys) -> Mapping[int, str]:
    """Step index to a digest of its key with all above it; left out where something is unknown.

    Images whose layers are unknown count by the digest that the build names: so do those of a builder in a
    container.
    """
    build = JudgedBuild(client="", record=record, keys=keys)
    found = marks_of(build, views_of(build)).items()
    return {index: marks.whole for index, marks in found if marks.whole is not None}


def _marks_of(stored: StoredRecord) -> Mapping[int, str]:
    record = stored.whole()
    return step_marks(record, keys_of(record))


def _took(known: KnownBuild) -> Mapping[int, BuiltStep]:
    return {
        index: BuiltStep(build=known.outline.id, started_s=started_s, seconds=seconds)
        for index, started_s, seconds in known.summary.took
    }


def _add(built: dict[str, BuiltStep], marks: Mapping[int, str], took: Mapping[int, BuiltStep]) -> None:
    """What is there already was built later, and stays."""
    for index, step in took.items():
        if index in marks:
            built.setdefault(marks[index], step)


def _weighed(record: BuildRecord, marks: Mapping[int, str], built: Mapping[str, BuiltStep]) -> Balance | None:
    return weigh(record, {index: built[mark] for index, mark in marks.items() if mark in built})
