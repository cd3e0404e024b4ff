"""What holds for the keys of any context."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerfork.keys import keys_of
from layerfork.keys.classic.tarsum import tarsum
from layerfork.record.build import Builder
from layerfork.record.cachekey import CacheKey
from layerfork.record.context import ContentSource, ContextEntry, Digest, EntryType, Transport
from layerfork.record.record import BuildRecord

MakeRecord = Callable[..., BuildRecord]
Make = Callable[[list[ContextEntry]], BuildRecord]
DIRECTORIES = ("d", "d/e", "f")
FILES = ("a.txt", "d/b", "d/e/x", "d/e/é", "f/y")
LINKS = ("d/link", "f/link", "top")
DOCKERFILE = "FROM base\nCOPY . /all/\nCOPY d /d/\nCOPY a* /a/\nRUN tail\n"
STEPS = {".": 2, "d": 3, "a*": 4}
MODES = (0o644, 0o600, 0o755, 0o4755)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One path of a context, and the data that its entry is made from."""

    entry: ContextEntry
    data: bytes = b""

    @property
    def sent(self) -> ContextEntry:
        entry = replace(self.entry, size=len(self.data))
        if entry.type is EntryType.FILE:
            content = Digest("sha256:" + sha256(self.data).hexdigest())
            entry = replace(entry, content=content, content_source=ContentSource.SENT)
        return replace(entry, tarsum=tarsum(entry, [self.data]))


def with_fields(item: Item, **fields: object) -> Item:
    return replace(item, entry=replace(item.entry, **fields))  # type: ignore[arg-type]


@st.composite
def contexts(draw: st.DrawFn) -> tuple[Item, ...]:
    """All the directories, ``a`` and ``d/a``, some more files, and links that no ``COPY a*`` meets."""
    items = [
        Item(entry=ContextEntry(name=f"{name}/", type=EntryType.DIRECTORY, typeflag="5", mode=0o755))
        for name in DIRECTORIES
    ]
    for name in ("a", "d/a", *draw(st.sets(st.sampled_from(FILES)))):
        entry = ContextEntry(name=name, type=EntryType.FILE, mode=draw(st.sampled_from(MODES)))
        items.append(Item(entry=entry, data=draw(st.binary(max_size=2))))
    for name in draw(st.sets(st.sampled_from(LINKS))):
        target = draw(st.sampled_from(["a", "nowhere", "d/a", ".."]))
        entry = ContextEntry(name=name, type=EntryType.SYMLINK, typeflag="2", mode=0o777, linkname=target)
        items.append(Item(entry=entry))
    return tuple(items)


def keys(make: Make, items: Sequence[Item]) -> dict[str, CacheKey]:
    built = {step.index: step.key for step in keys_of(make([item.sent for item in items])).steps}
    return {source: built[index] for source, index in STEPS.items()}


@pytest.fixture(scope="session", params=["classic", "buildkit", "buildkit files", "buildah"])
def make(request: pytest.FixtureRequest, classic_record: MakeRecord, buildkit_record: MakeRecord) -> Make:
    """Makes a record of one builder from a context's entries."""
    if request.param == "buildkit":
        return lambda entries: buildkit_record(DOCKERFILE, entries)
    if request.param == "buildkit files":
        return lambda entries: buildkit_record(DOCKERFILE, entries, transport=Transport.FILE_SYNC)
    if request.param == "classic":
        return lambda entries: classic_record(DOCKERFILE, entries)

    def buildah(entries: list[ContextEntry]) -> BuildRecord:
        record = classic_record(DOCKERFILE, entries)
        engine = record.engine and replace(record.engine, kind="podman", version="5.4.2")
        return replace(record, builder=Builder.BUILDAH, engine=engine)

    return buildah


NEUTRAL: dict[str, Callable[[Item], Item]] = {
    "mtime": lambda item: with_fields(item, mtime_ns=item.entry.mtime_ns + 1),
    "names of the owner": lambda item: with_fields(item, uname="someone", gname="some"),
    "other PAX records": lambda item: with_fields(item, pax=(("comment", "c"), ("atime", "1.5"))),
}
PARTS: dict[str, Callable[[Item], Item]] = {
    "mode": lambda item: with_fields(item, mode=item.entry.mode ^ 0o020),
    "content": lambda item: replace(item, data=item.data + b"+"),
    "other content": lambda item: replace(item, data=bytes(255 - byte for byte in item.data) or b"+"),
    "attribute": lambda item: with_fields(item, xattrs=(("security.capability", b"\1"),)),
    "name": lambda item: with_fields(item, name=item.entry.name + "ZZ"),
}
OWNERS: dict[str, Callable[[Item], Item]] = {
    "uid": lambda item: with_fields(item, uid=item.entry.uid + 1),
    "gid": lambda item: with_fields(item, gid=item.entry.gid + 1),
}


@settings(max_examples=20, deadline=None)
@given(items=contexts(), name=st.sampled_from(sorted(NEUTRAL)), data=st.data())
def test_what_is_no_part_changes_no_key(
    make: Make, name: str, items: tuple[Item, ...], data: st.DataObject
) -> None:
    chosen = data.draw(st.integers(0, len(items) - 1))
    changed = [NEUTRAL[name](item) if number == chosen else item for number, item in enumerate(items)]
    before, after = keys(make, items), keys(make, changed)
    assert {source: key.digest for source, key in before.items()} == {
        source: key.digest for source, key in after.items()
    }
    assert [key.engine_form for key in before.values()] == [key.engine_form for key in after.values()]


@settings(max_examples=15, deadline=None)
@given(items=contexts(), random=st.randoms(use_true_random=False))
def test_order_of_entries_is_no_part(make: Make, items: tuple[Item, ...], random: object) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    before, after = keys(make, items), keys(make, shuffled)
    assert {source: key.digest for source, key in before.items()} == {
        source: key.digest for source, key in after.items()
    }


@settings(max_examples=10, deadline=None)
@given(items=contexts())
def test_order_of_two_entries_of_one_name_counts(make: Make, items: tuple[Item, ...]) -> None:
    twin = replace(items[len(DIRECTORIES)], data=b"twin of a")
    pair = [items[len(DIRECTORIES)], twin]
    rest = [item for item in items if item.entry.name != "a"]
    before, after = keys(make, [*rest, *pair]), keys(make, [*rest, *pair[::-1]])
    assert before["."].digest != after["."].digest
    assert before["d"].digest == after["d"].digest


@settings(max_examples=40, deadline=None)
@given(items=contexts(), name=st.sampled_from(sorted(PARTS | OWNERS)), chosen=st.sampled_from(["a", "d/a"]))
def test_a_part_changes_exactly_the_keys_that_have_it(
    request: pytest.FixtureRequest, make: Make, items: tuple[Item, ...], name: str, chosen: str
) -> None:
    builder = request.node.callspec.params["make"]
    change = (PARTS | OWNERS)[name]
    changed = [change(item) if item.entry.name == chosen else item for item in items]
    before, after = keys(make, items), keys(make, changed)
    differing = {source for source in STEPS if before[source].digest != after[source].digest}
    if name in OWNERS and builder == "buildah":
        # Owners become root's; only whether the owner is the building user shows, by its name.
        assert name == "uid" or not differing
        return
    assert differing == ({".", "a*"} if chosen == "a" else {".", "d"})


@settings(max_examples=10, deadline=None)
@given(items=contexts())
def test_equal_contexts_have_equal_keys_and_a_path_names_each_difference(
    make: Make, items: tuple[Item, ...]
) -> None:
    before = keys(make, items)
    assert before == keys(make, items)
    changed = [replace(item, data=b"new") if item.entry.name == "d/a" else item for item in items]
    one, other = set(before["."].all_parts), set(keys(make, changed)["."].all_parts)
    if items[len(DIRECTORIES) + 1].data != b"new":
        assert {(part.cause, part.path) for part in one ^ other} == {("content", "d/a")}
