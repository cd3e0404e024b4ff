"""Builds compared with earlier ones that they could have reused, and the choice of the earlier build."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from layerfork.app.compare.balances import balance_among, step_marks, with_stored_bytes
from layerfork.app.compare.buildpairing import NamedRecord, most_alike
from layerfork.app.compare.comparison import diff_stored, named_builds
from layerfork.context.walk import no_collection
from layerfork.diagnose import describe_failure, may_share_cache
from layerfork.diagnose.cachecost import moves_a_cache
from layerfork.diagnose.compare.sharedcaches import places_of
from layerfork.errors import EvidenceError, LayerforkError, UsageError
from layerfork.keys import keys_of
from layerfork.record.answer import Judgement, Verdict
from layerfork.record.build import as_typed
from layerfork.record.cachekey import BuildKeys
from layerfork.record.prediction import Baseline
from layerfork.record.record import BuildOutcome, BuildRecord, agreement, build_kind_of
from layerfork.record.run import DiffReport
from layerfork.record.store.recordfile import StoredRecord, read_records, read_stored, stored
from layerfork.record.store.store import RecordStore, project_of
from layerfork.record.store.summary import (
    KnownBuild,
    keep_summary,
    known_build,
    read_summaries,
    timeless_digest,
    with_chain,
)

# The earlier build to compare one with: of those that are known, the nearest that it could have reused.


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A baseline with its record."""

    stored: StoredRecord
    baseline: Baseline


def earlier_builds(known: Sequence[KnownBuild], record: BuildRecord) -> tuple[KnownBuild, ...]:
    """The known builds that are the same build, made earlier, of the same directory."""
    kind = build_kind_of(record)
    return tuple(
        each
        for each in known
        if each.outline.recorded_at < record.recorded_at
        and (other := build_kind_of(each.outline)).directory == kind.directory
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
    best = max(computed, key=lambda each: nearness(each.outline, record, _shared(each, own)))
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
    """What `chain_of` gave for a build whose record has the same `timeless_digest`; None if it is unknown."""
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


def _with_chain(known: KnownBuild, *, marked: bool = False) -> KnownBuild:
    """A known build with the digests of its steps, kept; ``marked``: and with marks, for a balance."""
    (record,) = read_records(known.path)
    keys = keys_of(record)
    known = with_chain(known, chain_of(keys), step_marks(record, keys) if marked else {})
    keep_summary(known)
    return known


def nearness(earlier: BuildRecord, record: BuildRecord, shared: int) -> tuple[bool, int, int, str]:
    """Orders earlier builds by how well one is compared with them; ``shared`` steps have the same keys.

    One whose cache the build may have used comes first, then one that is surely of the same kind, then the
    one that shares most, then the newest.
    """
    sure = agreement(build_kind_of(earlier), build_kind_of(record)) or 0
    return may_share_cache(earlier, record), sure, shared, earlier.recorded_at


def _shared(known: KnownBuild, chain: Collection[str]) -> int:
    return len(set(known.chain or ()).intersection(chain))


THIS_BUILD = "this build"
EARLIER_BUILD = "the earlier build"
_ID_DIGITS = 4
"""This many digits of a record's id name it."""


@dataclass(slots=True, kw_only=True)
class _Explainer:
    """Explains builds one after the other; each becomes a known one for those that follow."""

    store: RecordStore
    known: list[KnownBuild]
    """Newest first."""
    against: Sequence[NamedRecord] = ()
    """Builds that a person named instead of the known ones."""
    several: bool = False
    keep: bool = True
    """Store what succeeded."""
    command: str = ""
    reports: list[DiffReport] = field(default_factory=list)
    losses: list[LayerforkError] = field(default_factory=list)
    """Why builds could not be kept."""

    def explain(self, record: BuildRecord) -> None:
        """Compare a build, and keep it if it succeeded."""
        label = build_kind_of(record).label if self.several else ""
        name = f"{THIS_BUILD} of {label}" if label else THIS_BUILD
        form = stored(record)
        timeless = timeless_digest(form)
        keys = cache(lambda: keys_of(record))
        chain = cache(lambda: known_chain(self.known, timeless) or chain_of(keys()))
        marks: Mapping[int, str] = {}
        earlier = () if self.against else earlier_builds(self.known, record)
        if moves_a_cache(record):
            marks = step_marks(record, keys())
            earlier = self._with_marks(earlier)
        chosen = self._named(record) if self.against else choose_baseline(earlier, record, chain)
        succeeded = record.result.outcome is BuildOutcome.SUCCEEDED
        if chosen is not None:
            report = diff_stored(
                chosen.stored,
                form,
                EARLIER_BUILD,
                name,
                again=True,
                exported_over=exported_over(self.known, chosen.stored.outline, record),
            )
            if chosen.stored.outline.imported_from:
                from layerfork.app.compare.unproven import with_suspicions  # late: it reads files and commits

                place = Path(record.place.directory or record.place.ran_in or ".")
                report = with_suspicions(report, chosen.stored.outline, record, place)
            self.reports.append(replace(report, build=label, baseline=chosen.baseline))
        else:
            self.reports.append(_first(record, name, label))
        named = chosen.stored if chosen is not None and self.against else None
        balance = balance_among(record, marks, self.known, named)
        if self.keep:
            balance = with_stored_bytes(balance, record)
        self.reports[-1] = replace(self.reports[-1], balance=balance)
        if self.keep and succeeded:
            try:
                path = self.store.add(project_of(Path(build_kind_of(record).directory), record), record, form)
            except LayerforkError as error:
                self.losses.append(error)
                report = self.reports[-1]
                lost = report.baseline_saved
                self.reports[-1] = replace(report, baseline_saved=False, baseline_lost=lost)
                return
            known = known_build(path, record, self.command, timeless)
            if marks or chain.cache_info().currsize:
                known = with_chain(known, chain(), marks)
            keep_summary(known)
            self.known.insert(0, known)

    def _with_marks(self, earlier: Sequence[KnownBuild]) -> tuple[KnownBuild, ...]:
        """Known builds with marks of their steps, which show what a later build reused of them."""
        found = {each.path: each if each.marks else _with_chain(each, marked=True) for each in earlier}
        self.known = [found.get(each.path, each) for each in self.known]
        return tuple(found.values())

    def _named(self, record: BuildRecord) -> Chosen | None:
        """The build that a person named, of several the one that this is. Raises: UsageError."""
        alone = self.against[0] if len(self.against) == 1 else None
        found = alone or most_alike(record, self.against)
        if found is None:
            raise UsageError(
                f"{self.against[0].name.partition('#')[0]} holds no build like {build_kind_of(record).label}",
                hint="say which one: --against FILE#N is the N-th build of a file",
            )
        return Chosen(stored=found.stored, baseline=baseline_of(found.record, record, None, 0))


def explain_recorded(
    records: Sequence[BuildRecord],
    store: RecordStore,
    against: Sequence[NamedRecord],
    losses: list[LayerforkError],
) -> tuple[DiffReport, ...]:
    """Compare the builds of one command, each with an earlier one or with one of ``against``, and keep them.

    ``losses`` gets why one could not be kept: it is still explained.
    Raises: LayerforkError.
    """
    explainer = _Explainer(
        store=store,
        known=read_summaries(store.directory),
        against=against,
        several=len(records) > 1,
        command=records[0].id if records else "",
        losses=losses,
    )
    with no_collection():
        for record in records:
            explainer.explain(record)
    return tuple(explainer.reports)


def has_recorded(store: RecordStore) -> bool:
    """Whether a build of the working directory is known."""
    here = os.path.realpath(Path.cwd())
    return any(here in places_of_build(each) for each in read_summaries(store.directory))


def explain_newest(store: RecordStore, against: Sequence[NamedRecord]) -> tuple[DiffReport, ...]:
    """Every build of the newest command of this directory, compared again."""
    known = read_summaries(store.directory)
    here = os.path.realpath(Path.cwd())
    newest = next((each for each in known if here in places_of_build(each)), None)
    if newest is None:
        raise EvidenceError(
            f"no build in {here} was recorded yet",
            hint="record one: layerfork why PATH, or layerfork why -- CMD",
        )
    builds = [each for each in known if each.summary.command == newest.summary.command]
    explainer = _Explainer(store=store, known=known, against=against, several=len(builds) > 1, keep=False)
    for each in reversed(builds):
        explainer.explain(read_records(each.path)[0])
    return tuple(explainer.reports)


def places_of_build(known: KnownBuild) -> tuple[str, str]:
    """Absolute paths of the directory that was built, and of the one that the command ran in."""
    place = known.outline.place
    return place.directory, os.path.realpath(place.ran_in)


def builds_named(store: RecordStore, word: str) -> tuple[NamedRecord, ...]:
    """The builds that ``--against`` names: a record file, one build of it, or a known build by its id.

    Raises: EvidenceError, UsageError.
    """
    if _is_file(word):
        return named_builds(word)
    found = _known(store, word)
    if len(found) == 1:
        return (NamedRecord(name=word, stored=read_stored(found[0].path)[0]),)
    what = (
        f"{len(found)} known builds have an id that begins with" if found else "no file and no known build is"
    )
    raise UsageError(
        f"{what} {word}", hint="name a record file, FILE#N, or enough digits of a known build's id"
    )


def is_recorded(store: RecordStore, word: str) -> bool:
    """Whether a word names a record file or a known build, or several, which `builds_named` refuses."""
    return _is_file(word) or bool(_known(store, word))


def _is_file(word: str) -> bool:
    return Path(word).exists() or Path(word.rpartition("#")[0] or word).exists()


def _known(store: RecordStore, word: str) -> list[KnownBuild]:
    """The kept builds whose id begins with a word."""
    return [
        each
        for each in read_summaries(store.directory)
        if len(word) >= _ID_DIGITS and each.outline.id.startswith(word)
    ]


def _first(record: BuildRecord, name: str, label: str) -> DiffReport:
    """A build that there is none to compare with."""
    failure = describe_failure(record)
    verdict = Verdict.ERROR if failure else Verdict.REUSED
    return DiffReport(
        writer="",
        reader=name,
        build=label,
        reader_steps=record.steps,
        outcome=record.result.outcome,
        failure=failure,
        judgement=Judgement(verdict=verdict, classes=() if failure else ((name,),), forks=()),
        baseline_saved=not failure,
    )
