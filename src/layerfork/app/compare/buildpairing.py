"""Which build of one record file is which build of another: of other machines, so directories may differ."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from layerfork.record.record import BuildKind, BuildRecord, agreement, build_kind_of
from layerfork.record.store.recordfile import StoredRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRecord:
    """A build of a file, and what texts call it."""

    name: str
    stored: StoredRecord

    @property
    def record(self) -> BuildRecord:
        """The record, without what its contexts held."""
        return self.stored.outline

    @property
    def kind(self) -> BuildKind:
        return build_kind_of(self.record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Builds of two files, side by side."""

    pairs: tuple[tuple[NamedRecord, NamedRecord], ...]
    """Writer and reader, in the readers' order."""
    only_writers: tuple[NamedRecord, ...] = ()
    only_readers: tuple[NamedRecord, ...] = ()


def pair_builds(writers: Sequence[NamedRecord], readers: Sequence[NamedRecord]) -> Pairing:
    """Pair the builds of two files, each once. Of several builds of one kind in a file, the last counts.

    Where both hold one kind only, these two are the pair, whatever they are.
    """
    writers, readers = last_of_each_kind(writers), last_of_each_kind(readers)
    if len(writers) == len(readers) == 1:
        return Pairing(pairs=((writers[0], readers[0]),))
    found = sorted(
        (
            (likeness, -place, -other)
            for place, writer in enumerate(writers)
            for other, reader in enumerate(readers)
            if (likeness := likeness_of(writer.record, reader.record)) is not None
        ),
        reverse=True,
    )
    writer_of: dict[int, int] = {}
    for _, place, other in found:
        if -other not in writer_of and -place not in writer_of.values():
            writer_of[-other] = -place
    return Pairing(
        pairs=tuple((writers[writer_of[place]], readers[place]) for place in sorted(writer_of)),
        only_writers=tuple(each for place, each in enumerate(writers) if place not in writer_of.values()),
        only_readers=tuple(each for place, each in enumerate(readers) if place not in writer_of),
    )


def most_alike(record: BuildRecord, others: Iterable[NamedRecord]) -> NamedRecord | None:
    """The build of another file that a build is; None where none may be it."""
    known = ((likeness_of(other.record, record), other) for other in others)
    found = [(likeness, other) for likeness, other in known if likeness is not None]
    return max(found, key=lambda each: each[0])[1] if found else None


def last_of_each_kind(builds: Sequence[NamedRecord]) -> tuple[NamedRecord, ...]:
    """In the order of the builds that are left."""
    last = {replace(each.kind, ran_in=""): each for each in builds}
    return tuple(each for each in builds if any(each is kept for kept in last.values()))


def likeness_of(writer: BuildRecord, reader: BuildRecord) -> tuple[int, int, int] | None:
    """How surely two builds of any two machines are the same build; None when they are not. Greater is surer.

    First what is on record of them, then their directories, then how many instructions they share. What has
    one name may lie anywhere.
    """
    mine, theirs = build_kind_of(writer), build_kind_of(reader)
    sure, place = agreement(mine, theirs), _same_place(mine, theirs)
    named = bool(mine.name) and mine.name == theirs.name
    if sure is None or (place is None and not named):
        return None
    return sure, place or 0, (_instructions(writer) & _instructions(reader)).total()


def _same_place(one: BuildKind, other: BuildKind) -> int | None:
    """Directories of two machines are one when they have one name, or lie alike below where commands ran."""
    if not (one.directory and other.directory):
        return 0
    if one.directory == other.directory:
        return 2
    same_name = os.path.basename(one.directory) == os.path.basename(other.directory)  # noqa: PTH119 - or a URL
    return 1 if same_name or _relative(one) == _relative(other) else None


def _relative(kind: BuildKind) -> str:
    return os.path.relpath(kind.directory, kind.ran_in or "/")


def _instructions(record: BuildRecord) -> Counter[str]:
    return Counter(step.instruction for step in record.steps)
