"""Whatever a cache holds: it is read, or refused with an error; and walking it ends."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.builders.caches.layouts import CONFIG_TYPE, VECTORS, config_of, digest_of, layers_of

from layerfork.builders.caches.cacheconfig import read_cache
from layerfork.builders.caches.cachedsteps import find_steps
from layerfork.builders.caches.cachemanifest import configs_of
from layerfork.builders.caches.forecast import import_steps
from layerfork.builders.caches.source import CacheConfig
from layerfork.errors import EvidenceError
from layerfork.record.context import Digest
from layerfork.record.store.recordfile import read_records

RECORD = read_records(VECTORS / "run-copy.jsonl")[0]
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20), st.just([])
)
VALUES = st.recursive(LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below))
NUMBERS = st.integers(min_value=-2, max_value=8)


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside of a document."""
    if isinstance(value, dict):
        below = list(value.items())
    else:
        below = list(enumerate(value)) if isinstance(value, list) else []
    return [above, *(place for key, each in below for place in places(each, (*above, key)))]


def put(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    inside = document
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return document


@st.composite
def damaged(draw: st.DrawFn, document: Any) -> Any:
    """With one to four things replaced, half of them by numbers that may mean something."""
    for _ in range(draw(st.integers(min_value=1, max_value=4))):
        found = draw(st.sampled_from(places(document)))
        document = put(document, found, draw(st.one_of(VALUES, NUMBERS)))
    return document


class Memory:
    """Blobs by digest."""

    name = "memory"

    def __init__(self, manifest: Any, config: Any) -> None:
        text = json.dumps(config).encode()
        self.manifest: Digest | None = None
        self._blobs = {digest_of(text): text}
        self._top = json.dumps(manifest).encode()

    def configs(self) -> tuple[CacheConfig, ...]:
        return configs_of(self._top, self)

    def read(self, digest: Digest, limit: int) -> bytes:
        return self._blobs.get(digest, b"")

    def has_blob(self, digest: Digest) -> bool | None:
        return None


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_damage(data: st.DataObject) -> None:
    config = data.draw(damaged(config_of("run-copy")))
    digest = digest_of(json.dumps(config).encode())
    manifest: Any = {
        "config": {"mediaType": CONFIG_TYPE, "digest": digest, "size": 1},
        "layers": layers_of(config_of("run-copy")),
    }
    if data.draw(st.booleans()):
        manifest = data.draw(damaged(manifest))
    try:
        cache = read_cache(Memory(manifest, config))
    except EvidenceError:
        return
    steps = find_steps(RECORD, cache)
    assert len(import_steps(steps)) == len(RECORD.steps)
    assert all(number < len(cache.records) for number in steps.uses())
