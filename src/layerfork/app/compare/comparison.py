"""Recorded builds read from files: showing them, comparing them. No engine is needed.

Nothing that talks to engines is imported here: starting fast is most of what a small comparison costs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.app.compare.answers import (
    answers_of_pair,
    sides_again,
    sides_of_files,
    situation_of_files,
)
from layerfork.app.compare.balances import balance_with
from layerfork.app.compare.buildpairing import (
    NamedRecord,
    Pairing,
    last_of_each_kind,
    most_alike,
    pair_builds,
)
from layerfork.app.compare.samefiles import Pair, pair_of, read_pair
from layerfork.context.walk import no_collection
from layerfork.diagnose import (
    JudgedBuild,
    as_on_one_cache,
    cacheable_steps,
    describe_failure,
    judge_pair,
    share_definitions,
)
from layerfork.diagnose.compare.comparable import with_common_facts
from layerfork.errors import EvidenceError, UsageError
from layerfork.keys import keys_of
from layerfork.record.answer import Judgement, Situation, Verdict
from layerfork.record.cachekey import BuildKeys, CacheKey, KeyPart
from layerfork.record.record import BuildKind, BuildRecord, StepRecord
from layerfork.record.run import DiffReport
from layerfork.record.secrets import HIDDEN
from layerfork.record.store.recordfile import HEAD_BYTES, StoredRecord, is_record_file, read_stored, stored

CostOf = Callable[[StepRecord], float | None]


def stored_in(word: str) -> tuple[tuple[StoredRecord, ...], tuple[StoredRecord, ...]]:
    """The records of a ``FILE``, or the one that ``FILE#N`` names; and all of the file.

    Raises: EvidenceError, UsageError.
    """
    path, number = _split(word)
    records = tuple(_records_of(path))
    return ((_pick(records, path, number),) if number else records), records


def diff_files(writer: str, reader: str) -> tuple[DiffReport, ...]:
    """Compare the builds of two record files: each with the same build of the other file.

    ``FILE#N`` is its N-th build alone, from 1. A build that the other file has not is in a report of its own.
    Raises: EvidenceError, UsageError.
    """
    with no_collection():
        pairing = _pairing(named_builds(writer), named_builds(reader))
        if not pairing.pairs:
            raise UsageError(
                f"{writer} and {reader} have no build in common: {_listed(pairing.only_writers)}; "
                f"{_listed(pairing.only_readers)}",
                hint="say which two to compare: FILE#N is the N-th build of a file",
            )
        several = len(pairing.pairs) + len(pairing.only_writers) + len(pairing.only_readers) > 1
        reports = [
            replace(_diff_named(left, right), build=right.kind.label if several else "")
            for left, right in pairing.pairs
        ]
    return (
        *reports,
        *(_alone(each, writer=each.name) for each in pairing.only_writers),
        *(_alone(each, reader=each.name) for each in pairing.only_readers),
    )


def _diff_named(writer: NamedRecord, reader: NamedRecord) -> DiffReport:
    report = diff_stored(writer.stored, reader.stored, writer.name, reader.name)
    report = replace(report, balance=balance_with(reader.stored, (writer.stored,)))
    if not (writer.record.imported_from or reader.record.imported_from):
        return report
    from layerfork.app.compare.unproven import with_suspicions  # late: it reads files and commits

    return with_suspicions(report, writer.record, reader.record)


def named_builds(word: str) -> tuple[NamedRecord, ...]:
    """The builds of a ``FILE``, or the one that ``FILE#N`` names.

    Raises: EvidenceError, UsageError.
    """
    path, number = _split(word)
    records = _records_of(path)
    if number:
        return (NamedRecord(name=word, stored=_pick(records, path, number)),)
    builds = tuple(
        NamedRecord(name=f"{path}#{place}", stored=record) for place, record in enumerate(records, 1)
    )
    kept = last_of_each_kind(builds)
    return tuple(replace(each, name=path) for each in kept) if len(kept) == 1 else kept


def recorded_in(word: str) -> tuple[BuildRecord, ...]:
    """All records of a ``FILE`` or ``FILE#N``, newest last, without what their contexts held.

    Raises: EvidenceError.
    """
    return tuple(each.outline for each in _records_of(_split(word)[0]))


def builds_of_kinds(word: str) -> Mapping[BuildKind, Sequence[NamedRecord]]:
    """The builds of a ``FILE``, those of one kind together, in their order, or the one of a ``FILE#N``.

    Raises: EvidenceError, UsageError.
    """
    path, number = _split(word)
    records = _records_of(path)
    kinds: dict[BuildKind, list[NamedRecord]] = {}
    for place, each in [(number, _pick(records, path, number))] if number else enumerate(records, 1):
        build = NamedRecord(name=f"{path}#{place}", stored=each)
        kinds.setdefault(replace(build.kind, ran_in=""), []).append(build)
    return kinds


def _pairing(writers: Sequence[NamedRecord], readers: Sequence[NamedRecord]) -> Pairing:
    """All pairs; where one side is a single build, its pair alone."""
    if len(writers) == 1 < len(readers):
        found = most_alike(writers[0].record, readers)
        return Pairing(pairs=((writers[0], found),)) if found else pair_builds(writers, readers)
    if len(readers) == 1 < len(writers):
        found = most_alike(readers[0].record, writers)
        return Pairing(pairs=((found, readers[0]),)) if found else pair_builds(writers, readers)
    return pair_builds(writers, readers)


def _listed(builds: Sequence[NamedRecord]) -> str:
    return ", ".join(f"{each.name} is {each.kind.label}" for each in builds)


def _alone(build: NamedRecord, writer: str = "", reader: str = "") -> DiffReport:
    judgement = Judgement(verdict=Verdict.REUSED, classes=(), forks=())
    return DiffReport(writer=writer, reader=reader, build=build.kind.label, judgement=judgement)


def diff_stored(
    writer: StoredRecord,
    reader: StoredRecord,
    writer_name: str,
    reader_name: str,
    *,
    again: bool = False,
    exported_over: tuple[str, ...] = (),
    by_keys: CostOf | None = None,
    twice: bool = False,
) -> DiffReport:
    """As `diff_records`; what both contexts hold alike is only decoded where it matters.

    ``again``: one person made both builds, one after the other; ``twice``: with one command, run twice.
    ``exported_over``: as in `JudgedBuild`.
    ``by_keys``: what the reader would have reused of the writer's steps on one cache, whatever it did; it
    gives the seconds of a step that no build here shows.
    Raises: EvidenceError.
    """
    return _diff_pair(
        read_pair(writer, reader),
        writer_name,
        reader_name,
        again=again,
        whole_reader=reader.whole,
        exported_over=exported_over,
        by_keys=by_keys,
        twice=twice,
    )


def diff_records(writer: BuildRecord, reader: BuildRecord, writer_name: str, reader_name: str) -> DiffReport:
    """Where and why ``reader`` could not use what ``writer`` stored."""
    return _diff_pair(pair_of(writer, reader), writer_name, reader_name, whole_reader=lambda: reader)


def _diff_pair(
    pair: Pair,
    writer_name: str,
    reader_name: str,
    *,
    whole_reader: Callable[[], BuildRecord],
    again: bool = False,
    exported_over: tuple[str, ...] = (),
    by_keys: CostOf | None = None,
    twice: bool = False,
) -> DiffReport:
    writer, reader = with_common_facts(pair.writer, pair.reader)
    situation = Situation.AGAIN if again else situation_of_files(writer, reader)
    keys = [keys_of(writer, pair.unlisted), keys_of(reader, pair.unlisted)]
    if writer.redaction_key_id != reader.redaction_key_id:
        keys = [without_hidden(each) for each in keys]
    left = JudgedBuild(client=writer_name, record=writer, keys=keys[0], exported_over=exported_over)
    right = JudgedBuild(client=reader_name, record=reader, keys=keys[1])
    if by_keys is not None:
        left, right = share_definitions((left, right))
        right = as_on_one_cache(left, right, by_keys)
        reader = right.record
    judgement = judge_pair(left, right)
    answers, asked = answers_of_pair(
        judgement,
        writer,
        reader,
        sides_again(writer, reader) if again else sides_of_files(writer, reader, writer_name, reader_name),
        Situation.TWICE if twice else situation,
        whole_reader,
    )
    return DiffReport(
        writer=writer_name,
        reader=reader_name,
        writer_steps=writer.steps,
        reader_steps=reader.steps,
        outcome=reader.result.outcome,
        failure=describe_failure(reader),
        judgement=judgement,
        answers=answers,
        asked=asked,
        cacheable=cacheable_steps(right),
        dockerfile=reader.place.dockerfile,
        directory=reader.place.directory,
    )


def without_hidden(keys: BuildKeys) -> BuildKeys:
    """Keys whose hidden values count as unknown: stand-ins of two machines cannot be compared."""
    return replace(keys, steps=tuple(replace(step, key=_without_hidden(step.key)) for step in keys.steps))


def _without_hidden(key: CacheKey) -> CacheKey:
    hidden = [part for part in key.parts if isinstance(part, KeyPart) and HIDDEN in part.value]
    if not hidden:
        return key
    names = (f"the hidden value of {part.path or part.field or part.cause}" for part in hidden)
    parts = tuple(part for part in key.parts if part not in hidden)
    return replace(key, parts=parts, unknown=(*key.unknown, *dict.fromkeys(names)))


def _split(name: str) -> tuple[str, int]:
    """Path and number of ``FILE#N``; 0 where no number is given."""
    path, mark, number = name.rpartition("#")
    return (path, int(number)) if mark and number.isdecimal() and int(number) else (name, 0)


def _records_of(path: str) -> Sequence[StoredRecord]:
    records = _imported(Path(path)) or read_stored(Path(path))
    if not records:
        raise EvidenceError(f"{path} contains no build", hint="record one: layerfork record -o FILE -- CMD")
    return records


def _imported(path: Path) -> Sequence[StoredRecord]:
    """The builds of a log, an export or provenance; none of a record file, and of what tells of no build."""
    try:
        with path.open("rb") as file:
            if is_record_file(file.read(HEAD_BYTES)):
                return ()
    except OSError:
        return ()
    from layerfork.builders.imports.recognition import import_file  # late: it knows a dozen forms

    try:
        return tuple(map(stored, import_file(path)))
    except UsageError:
        return ()


def _pick(records: Sequence[StoredRecord], path: str, number: int) -> StoredRecord:
    if number > len(records):
        raise UsageError(
            f"{path} contains {len(records)} builds, so there is no build {number}", hint="count from 1"
        )
    return records[number - 1]
