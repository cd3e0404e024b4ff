"""BuildKit's cache config as records and layers. What a hostile one may hold is bounded.

Source: moby/buildkit cache/remotecache/v1/{parse,spec}.go and cache/remotecache/import.go @ v0.10.0, the
same format in v1/types/spec.go @ v0.32.2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from layerfork.builders.caches.source import BUILDKIT_CONFIG_BYTES, CacheConfig, CacheSource, bad_cache
from layerfork.record.context import Digest
from layerfork.record.exportedcache import CacheLayer, CacheLink, CacheResult, ExportedCache, ExportedRecord

MAX_RECORDS = 100_000
MAX_LINKS = 1_000_000
MAX_CHAIN = 1_000
"""Layers of one result; no engine mounts as many."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class _Input(msgspec.Struct):
    link: int = 0
    selector: str = ""


class _Result(msgspec.Struct):
    layer: int = 0
    createdAt: str = ""  # noqa: N815 - the name in the config


class _Chain(msgspec.Struct):
    layers: list[int] = []
    createdAt: str = ""  # noqa: N815 - the name in the config


class _Record(msgspec.Struct):
    digest: str = ""
    layers: list[_Result] | None = None
    chains: list[_Chain] | None = None
    inputs: list[list[_Input]] | None = None


class _Annotations(msgspec.Struct):
    diffID: str = ""  # noqa: N815 - the name in the config
    size: int = 0
    createdAt: str = ""  # noqa: N815 - the name in the config


class _Layer(msgspec.Struct):
    blob: str = ""
    parent: int = 0
    """-1 for none. Left out it is 0, the first layer."""
    annotations: _Annotations | None = None


class _Config(msgspec.Struct):
    layers: list[_Layer] | None = None
    records: list[_Record] | None = None


def read_cache(source: CacheSource) -> ExportedCache:
    """The cache of a place: all of its configs as one list of records.

    Raises: EvidenceError, LayerforkError.
    """
    records: list[ExportedRecord] = []
    layers: list[CacheLayer] = []
    notes: list[str] = []
    configs = source.configs()
    for config in configs:
        part = _Part.of(config, source.name)
        records += part.records(len(records), len(layers))
        layers += part.layers
        notes += [*filter(None, [config.note]), *part.notes]
        if len(records) > MAX_RECORDS:
            raise bad_cache(source.name, f"the cache has more than {MAX_RECORDS:,} records")
    if _looping(records):
        raise bad_cache(source.name, "the records of the cache form a cycle")
    return ExportedCache(
        source=source.name,
        manifest=source.manifest,
        inline=any(config.inline for config in configs),
        records=tuple(records),
        layers=tuple(layers),
        notes=tuple(dict.fromkeys(notes)),
    )


@dataclass(slots=True, kw_only=True)
class _Part:
    """One config."""

    name: str
    raw: _Config
    layers: list[CacheLayer]
    notes: list[str]
    chains: dict[int, tuple[int, ...]]
    """By layer, those below it and itself."""

    @classmethod
    def of(cls, config: CacheConfig, name: str) -> "_Part":
        try:
            if config.inline:
                listed = [_Layer(blob=digest, parent=place - 1) for place, digest in enumerate(config.chain)]
                raw = _Config(layers=listed, records=msgspec.json.decode(config.text, type=list[_Record]))
            else:
                raw = msgspec.json.decode(config.text, type=_Config)
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
            raise bad_cache(name, f"its cache config cannot be read: {error}") from error
        if len(raw.records or ()) > MAX_RECORDS:
            raise bad_cache(name, f"the cache has more than {MAX_RECORDS:,} records")
        part = cls(name=name, raw=raw, layers=[], notes=[], chains={})
        part.layers = [part.layer(each, config.layers) for each in raw.layers or ()]
        if len(config.text) > BUILDKIT_CONFIG_BYTES:
            part.notes.append("its config is longer than 1 MiB, which BuildKit refuses to import")
        return part

    def layer(self, raw: _Layer, listed: Mapping[Digest, CacheLayer] | None) -> CacheLayer:
        digest = self.digest(raw.blob)
        if listed is not None:
            if digest not in listed:
                self.notes.append(f"the manifest lacks {digest}: BuildKit drops the results that need it")
            return listed.get(digest, CacheLayer(digest=digest))
        facts = raw.annotations or _Annotations()
        if facts.size < 0:
            raise bad_cache(self.name, f"the layer {digest} has a negative size")
        return CacheLayer(
            digest=digest, size_bytes=facts.size, diff_id=facts.diffID, created_at=facts.createdAt
        )

    def digest(self, text: str) -> Digest:
        if not DIGEST.fullmatch(text):
            raise bad_cache(self.name, f"{text[:80]!r} in its cache config is not a sha256 digest")
        return Digest(text)

    def records(self, before: int, layers_before: int) -> list[ExportedRecord]:
        """The records; positions are raised by what other configs had before."""
        raw = self.raw.records or []
        count = sum(len(links) for record in raw for links in record.inputs or ())
        if count > MAX_LINKS:
            raise bad_cache(self.name, f"the cache has more than {MAX_LINKS:,} links")
        return [
            ExportedRecord(
                digest=self.digest(each.digest),
                inputs=tuple(self.links(links, before) for links in each.inputs or ()),
                result=self.result(each, layers_before),
            )
            for each in raw
        ]

    def links(self, raw: list[_Input], before: int) -> tuple[CacheLink, ...]:
        if not raw:
            raise bad_cache(self.name, "a record of the cache has an input that links to nothing")
        number = len(self.raw.records or ())
        for each in raw:
            if not 0 <= each.link < number:
                raise bad_cache(self.name, f"a record links to record {each.link} of {number}")
        return tuple(CacheLink(record=each.link + before, selector=each.selector) for each in raw)

    def result(self, raw: _Record, before: int) -> CacheResult | None:
        """The newest of the results whose every layer the manifest lists."""
        found = [(each.createdAt, self.chain(each.layer)) for each in raw.layers or ()]
        found += [(each.createdAt, self.checked(each.layers)) for each in raw.chains or ()]
        whole = [
            (created, chain)
            for created, chain in found
            if all(self.layers[place].size_bytes is not None for place in chain)
        ]
        if not whole:
            return None
        created, chain = max(whole)
        return CacheResult(layers=tuple(place + before for place in chain), created_at=created)

    def chain(self, layer: int) -> tuple[int, ...]:
        if layer not in self.chains:
            above: list[int] = []
            place = layer
            while place != -1:
                self.checked([place])
                above.append(place)
                if len(above) > MAX_CHAIN:
                    raise bad_cache(
                        self.name,
                        f"the layers of its cache config form a cycle, or a chain of over {MAX_CHAIN:,}",
                    )
                place = (self.raw.layers or [])[place].parent
            self.chains[layer] = tuple(reversed(above))
        return self.chains[layer]

    def checked(self, places: list[int]) -> tuple[int, ...]:
        number = len(self.raw.layers or ())
        if len(places) > MAX_CHAIN:
            raise bad_cache(self.name, f"a record of the cache has more than {MAX_CHAIN:,} layers")
        for place in places:
            if not 0 <= place < number:
                raise bad_cache(self.name, f"a record refers to layer {place} of {number}")
        return tuple(places)


def _looping(records: list[ExportedRecord]) -> bool:
    """Whether records are, in the end, inputs of themselves."""
    children: dict[int, list[int]] = {}
    waiting = [sum(map(len, record.inputs)) for record in records]
    for number, record in enumerate(records):
        for links in record.inputs:
            for link in links:
                children.setdefault(link.record, []).append(number)
    ready = [number for number, count in enumerate(waiting) if not count]
    done = 0
    while ready:
        done += 1
        for child in children.get(ready.pop(), ()):
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    return done != len(records)
