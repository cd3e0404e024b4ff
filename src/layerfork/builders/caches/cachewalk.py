"""Finds the operations of a build among the records of an exported cache, as BuildKit's importer does.

A record is found through its inputs: each has to link to a record that was found for the input itself, with
the selector of the paths that are read, or to the content key of those files. A digest that is there under
other inputs is no hit.
Source: moby/buildkit solver/cachemanager.go:Query, solver/edge.go:{probeCache,recalcCurrentState} and
cache/remotecache/v1/cachestorage.go:WalkLinks @ v0.10.0 to v0.32.2.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from layerfork.keys.buildkit.recordkeys import InputKey, OpKeys
from layerfork.record.context import Digest
from layerfork.record.exportedcache import CacheLink, ExportedCache, ExportedRecord

Numbers = frozenset[int]
"""Positions of records in the cache."""
NONE: Numbers = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRecords:
    """Records that a vertex is."""

    certain: Numbers = NONE
    possible: Numbers = NONE
    """With the certain ones those that it is if what is not known fits: content of files, an operation."""


@dataclass(slots=True)
class CacheWalk:
    """One build in one cache."""

    cache: ExportedCache
    keys: Mapping[Digest, OpKeys]
    is_own: bool = False
    """The build itself exported the cache: the only record that an operation of it may be is the one."""
    by_digest: dict[Digest, list[int]] = field(default_factory=dict)
    found: dict[Digest, FoundRecords] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, record in enumerate(self.cache.records):
            self.by_digest.setdefault(record.digest, []).append(number)
        # A definition lists inputs before the vertices that use them.
        for vertex, keys in self.keys.items():
            found = self._find(keys)
            if self.is_own and keys.records and len(found.possible) == 1:
                found = FoundRecords(certain=found.possible, possible=found.possible)
            self.found[vertex] = found

    def of(self, vertex: Digest) -> FoundRecords:
        """What was found for a vertex; nothing for one that the definition does not have."""
        return self.found.get(vertex, FoundRecords())

    def with_digests(self, digests: Iterable[Digest]) -> Numbers:
        """All records of some digests, whatever they link to."""
        return frozenset(number for digest in digests for number in self.by_digest.get(digest, ()))

    def contents_of(self, input_: InputKey, record: int, place: int) -> Numbers:
        """The content keys that a record links to for an input which may match by content; only the one
        that is the input's, where that is known."""
        links = self._links(record, place)
        return frozenset(link.record for link in links if self._is_content(input_, link))

    def linked(self, input_: InputKey, record: int, place: int) -> Numbers:
        """The sources that a record links to for an input which has to match as a whole."""
        links = self._links(record, place)
        return frozenset(
            link.record
            for link in links
            if link.selector == input_.selector and not self._record(link.record).inputs
        )

    def may_fit(self, input_: InputKey, record: int, place: int) -> bool:
        """Whether a record links, for one of its inputs, to what the input is if what is not known fits."""
        possible = self.of(input_.op).possible
        return any(
            self._is_record(input_, link, possible) or self._is_content(input_, link)
            for link in self._links(record, place)
        )

    def _fits(self, input_: InputKey, record: int, place: int) -> bool:
        """Whether it links to what the input certainly is."""
        certain = self.of(input_.op).certain
        return any(
            self._is_record(input_, link, certain)
            or (input_.content is not None and self._is_content(input_, link))
            for link in self._links(record, place)
        )

    def _find(self, keys: OpKeys) -> FoundRecords:
        if not keys.inputs:
            return self._find_root(keys)
        if keys.records:
            candidates = self.with_digests(keys.records)
        elif keys.unknown:
            candidates = frozenset(range(len(self.cache.records)))
        else:
            return FoundRecords()
        count = len(keys.inputs)
        shaped = [each for each in candidates if len(self.cache.records[each].inputs) == count]
        possible = frozenset(each for each in shaped if self._may_be(keys, each))
        if not keys.records:
            return FoundRecords(possible=possible)
        certain = (
            each
            for each in possible
            if all(self._fits(input_, each, place) for place, input_ in enumerate(keys.inputs))
        )
        return FoundRecords(certain=frozenset(certain), possible=possible)

    def _find_root(self, keys: OpKeys) -> FoundRecords:
        certain = frozenset(each for each in self.with_digests(keys.records) if not self._record(each).inputs)
        if certain or not keys.unknown:
            return FoundRecords(certain=certain, possible=certain)
        roots = (number for number, record in enumerate(self.cache.records) if not record.inputs)
        return FoundRecords(possible=frozenset(roots))

    def _may_be(self, keys: OpKeys, record: int) -> bool:
        return all(self.may_fit(input_, record, place) for place, input_ in enumerate(keys.inputs))

    def _is_record(self, input_: InputKey, link: CacheLink, found: Numbers) -> bool:
        return link.record in found and link.selector == input_.selector

    def _is_content(self, input_: InputKey, link: CacheLink) -> bool:
        if not input_.by_content or link.selector:
            return False
        target = self._record(link.record)
        return not target.inputs and input_.content in (None, target.digest)

    def _links(self, record: int, place: int) -> tuple[CacheLink, ...]:
        inputs = self._record(record).inputs
        return inputs[place] if place < len(inputs) else ()

    def _record(self, number: int) -> ExportedRecord:
        return self.cache.records[number]
