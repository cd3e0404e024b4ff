"""Where two keys differ, part by part. Only what differs is ever looked at."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeVar

from layerfork.diagnose.compare.copied import clean_path
from layerfork.keys.buildkit.sources import SCHEME
from layerfork.record.cachekey import CacheKey, KeyPart, KeyPlace, Part, expand_parts
from layerfork.record.cause import CauseCode, Trait, codes_with

P = TypeVar("P", bound=Hashable)
ORDER_OF_ENV = "order of env"
"""Field of the part that holds the order in which the variables of a RUN are set."""
STEP_FIELD = "step"
"""Field of a difference that is a whole step: one build has it, the other has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part that the two sides do not share."""

    cause: str
    """Cause code."""
    path: str = ""
    field: str = ""
    writer: str | None
    """The writer's value; None when its key has no such part."""
    reader: str | None

    places: tuple[KeyPlace, ...] = ()
    """As those of a `KeyPart`."""

    @property
    def label(self) -> str:
        """The field, with its place where there are several."""
        return " of ".join((self.field, *map(str, self.places)))

    @property
    def one_sided(self) -> bool:
        return self.writer is None or self.reader is None


def list_differences(writer: CacheKey, reader: CacheKey) -> tuple[Difference, ...]:
    """Every part that only one of the keys has, paired by cause, path, field and place; sorted by path.

    Entries that are equal as a whole cost one comparison each and nothing else, so keys of 40,000 of
    them are cheap to compare when little differs.
    """
    writers, readers = writer.parts, reader.parts
    if writers == readers or _hold_the_same(writer, reader):
        return ()
    start = _common_start(writers, readers)
    end = _common_start(writers[start:][::-1], readers[start:][::-1])
    left, right = _without_common(writers[start : len(writers) - end], readers[start : len(readers) - end])
    return _pair(*_without_common(expand_parts(left), expand_parts(right)))


def _hold_the_same(writer: CacheKey, reader: CacheKey) -> bool:
    """Whether two keys hold less of some paths than their parts say, and nothing else differs."""
    return bool(writer.held_names and reader.held_names) and writer.digest == reader.digest


def may_equal(writer: CacheKey, reader: CacheKey) -> bool:
    """Nothing known says that the keys differ."""
    return not conclusive(list_differences(writer, reader), writer, reader)


def conclusive(
    differences: Iterable[Difference], writer: CacheKey, reader: CacheKey
) -> tuple[Difference, ...]:
    """Differences that remain whatever the unknown parts of the keys are.

    A part that one side lacks says nothing when that side's key is incomplete.
    """
    return tuple(
        difference
        for difference in differences
        if not (difference.writer is None and writer.unknown)
        and not (difference.reader is None and reader.unknown)
    )


def entry_paths(key: CacheKey) -> frozenset[str]:
    """Context paths that a key has any part of."""
    return frozenset(part.path for part in key.parts)


def _common_start(writer: tuple[Part, ...], reader: tuple[Part, ...]) -> int:
    """Length of the common beginning; halving compares whole tuples, which is far faster than parts."""
    low, high = 0, min(len(writer), len(reader))
    while low < high:
        middle = (low + high + 1) // 2
        if writer[low:middle] == reader[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _without_common(writer: Sequence[P], reader: Sequence[P]) -> tuple[list[P], list[P]]:
    writer_set, reader_set = set(writer), set(reader)
    if len(writer_set) == len(writer) and len(reader_set) == len(reader):
        return (
            [part for part in writer if part not in reader_set],
            [part for part in reader if part not in writer_set],
        )
    writer_count, reader_count = Counter(writer), Counter(reader)
    return (list((writer_count - reader_count).elements()), list((reader_count - writer_count).elements()))


def _pair(writer: Iterable[KeyPart], reader: Iterable[KeyPart]) -> tuple[Difference, ...]:
    slots: dict[tuple[str, str, str, tuple[KeyPlace, ...]], tuple[list[str], list[str]]]
    slots = defaultdict(lambda: ([], []))
    for side, parts in enumerate((writer, reader)):
        for part in parts:
            slots[part.path, part.cause, part.field, part.places][side].append(part.value)
    return tuple(
        Difference(cause=cause, path=path, field=field, places=places, writer=writers, reader=readers)
        for (path, cause, field, places), (left, right) in sorted(slots.items())
        for writers, readers in zip_longest(sorted(left), sorted(right))
    )


# What BuildKit reads of a git repository.


def is_of_commit(difference: Difference) -> bool:
    """What is taken of a repository: a step that only reads files also matches where another commit has the
    same ones, and no key shows whether it has."""
    return difference.cause == CauseCode.REMOTE_SOURCE and difference.path.startswith(SCHEME)


def reads_other_commits(writer: CacheKey, reader: CacheKey) -> bool:
    """Whether two keys hold other commits of a repository."""
    if not any(held.path.startswith(SCHEME) for held in reader.held_names):
        return False
    return any(map(is_of_commit, list_differences(writer, reader)))


# What a change of names is, apart from the path that it happened to.


def is_name(difference: Difference) -> bool:
    """The name of an entry as sent, or the name of one and the same file in a hard link to it."""
    if difference.cause == "entry-name":
        return True
    return difference.cause == "hardlink" and _linked_file(difference) != ""


def _linked_file(difference: Difference) -> str:
    """The file that a hard link names in two spellings; empty when it names two files."""
    writer, reader = clean_path(difference.writer or ""), clean_path(difference.reader or "")
    return writer if writer == reader else ""


def name_change(difference: Difference) -> tuple[str, ...]:
    """What stands before and after the path in both names as sent, without an end that is equal."""
    path = difference.path if difference.cause == "entry-name" else _linked_file(difference)
    return name_change_of(difference.writer, difference.reader, path)


def name_change_of(writer: str | None, reader: str | None, path: str) -> tuple[str, ...]:
    """As `name_change`, of two names of one path."""
    before, after = _affixes(writer, path)
    reader_before, reader_after = _affixes(reader, path)
    ends = () if after == reader_after else (after, reader_after)
    return before, reader_before, *ends


def _affixes(name: str | None, path: str) -> tuple[str, str]:
    if name is None:
        return "", ""
    before, found, after = name.partition(path)
    return (before, after) if path and found else (name, "")


# Variables behind expanded texts: one text in the Dockerfile, two values, two keys.

EXPANDED = codes_with(Trait.TEXT)
"""Causes of parts whose value is text from the Dockerfile with variables replaced."""


def changed_origins(writer: CacheKey, reader: CacheKey) -> tuple[Difference, ...]:
    """Variables that differ in value, for a step whose own text is the same in both builds."""
    if writer.origins == reader.origins:
        return ()
    return list_differences(CacheKey(parts=writer.origins), CacheKey(parts=reader.origins))


def claimed_by_origins(unclaimed: Iterable[Difference], paths: frozenset[str]) -> tuple[Difference, ...]:
    """Differences that another value of a variable makes: expanded texts, and the files that they name."""
    return tuple(
        each
        for each in unclaimed
        if (each.cause in EXPANDED and each.field != STEP_FIELD) or each.path in paths
    )
