"""Trees of files for tests of BuildKit's content digest: entries, their bytes, a digest of what is picked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from layerfork.keys.buildkit.content_digest import ContentDigester, content_digest, content_parts
from layerfork.keys.buildkit.content_tree import ContentTree, Selector, content_tree, has_wildcard
from layerfork.keys.buildkit.select import select
from layerfork.record.cachekey import CacheKey
from layerfork.record.context import (
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    EntryType,
    Transport,
)
from layerfork.releases import BuildKitRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Entries by path, and the bytes of the files among them."""

    entries: Mapping[str, ContextEntry]
    data: Mapping[str, bytes]

    def tree(self, rules: BuildKitRules, on_disk: bool) -> ContentTree:
        transport = Transport.TAR if on_disk else Transport.FILE_SYNC
        entries = tuple(self.entries.values())
        return content_tree(ContextManifest(transport=transport, entries=entries), rules)

    def digest_of_one(self, tree: ContentTree, selector: Selector) -> Digest:
        digester = ContentDigester(tree=tree, contents=lambda e: [self.data[e.name]], digests={})
        return digester.selection(select(tree, selector))

    def digest(self, tree: ContentTree, selectors: Iterable[Selector]) -> Digest:
        return content_digest(tree, selectors, lambda e: [self.data[e.name]])


def files_of(entries: Iterable[ContextEntry], data: Mapping[str, bytes]) -> Files:
    """Files with the digests of their contents."""
    return Files(entries={entry.name: _with_content(entry, data) for entry in entries}, data=data)


def _with_content(entry: ContextEntry, data: Mapping[str, bytes]) -> ContextEntry:
    if entry.type is not EntryType.FILE:
        return entry
    content = Digest("sha256:" + sha256(data[entry.name]).hexdigest())
    size = len(data[entry.name])
    return replace(entry, size=size, content=content, content_source=ContentSource.SENT)


def key_of(tree: ContentTree, selectors: Iterable[Selector]) -> CacheKey:
    """The key that consists of nothing but what the selectors read."""
    content = content_parts(tree, selectors)
    return CacheKey(parts=content.parts, unknown=content.unknown, held_names=content.held_names)


def selector(
    path: str, include: tuple[str, ...] = (), exclude: tuple[str, ...] = (), *, follow: bool = True
) -> Selector:
    wildcard = has_wildcard(path)
    return Selector(path=path, wildcard=wildcard, follow_links=follow, include=include, exclude=exclude)
