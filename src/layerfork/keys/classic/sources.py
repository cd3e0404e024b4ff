"""What a COPY or ADD of the classic builder hashes: ``file:``, ``dir:`` and ``multi:`` strings.

Source: moby/moby builder/dockerfile/{copy,internals}.go and builder/remotecontext/archive.go
@ v26.1.5; unchanged in 29.x but for `ClassicRules`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from layerfork.keys.classic.rules import ClassicRules
from layerfork.keys.classic.tarsum import hash_strings
from layerfork.keys.shared.entryparts import content_is_known, header_parts
from layerfork.keys.shared.tree import ContextTree, LinkLoopError, in_byte_order, shown
from layerfork.keys.shared.unlisted import Unlisted
from layerfork.record import gopath
from layerfork.record.cachekey import EntryParts, KeyPart, Part, Place
from layerfork.record.context import ContextEntry


class Member(NamedTuple):
    """One item of a source's hash: an entry's digest, or a bare path where there is no entry.

    A tuple, because a large context has very many.
    """

    path: str
    """Path of the entry, links followed; for a bare path the text that is hashed."""
    entry: ContextEntry | None
    dangling: bool = False
    """A bare path because a link leads nowhere, not because a directory has no entry."""


_make_member: Callable[[tuple[str, ContextEntry | None, bool]], Member] = partial(tuple.__new__, Member)
"""The quick way to make one of very many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source of a COPY, wildcards resolved."""

    path: str
    """Where it leads when links are followed."""
    is_directory: bool
    members: tuple[Member, ...]
    """In walking order; a file has exactly one."""

    @property
    def kind(self) -> str:
        return "dir" if self.is_directory else "file"


class MissingSourceError(Exception):
    """A source is not in the context: the build fails there."""


def find_sources(tree: ContextTree, words: tuple[str, ...], rules: ClassicRules) -> tuple[Source, ...]:
    """Sources of a COPY or ADD in the order that their hashes are joined.

    Raises: MissingSourceError, LinkLoopError.
    """
    found: list[Source] = []
    for word in words:
        path = word.removeprefix("/").removeprefix("./")
        if gopath.has_wildcard(path):
            matched = [p for p, _ in tree.walk(".") if p != "." and gopath.match(path, p)]
            found.extend(_source(tree, match, rules) for match in matched)
        else:
            found.append(_source(tree, path, rules))
    if not found:
        raise MissingSourceError(" ".join(words))
    return tuple(found)


def _source(tree: ContextTree, path: str, rules: ClassicRules) -> Source:
    resolved = tree.resolve(path)
    node = tree.find(resolved)
    if node is None:
        raise MissingSourceError(path)
    found = _inner_members(tree, resolved, rules) if node.is_directory else (_member(tree, resolved, path),)
    return Source(path=resolved, is_directory=node.is_directory, members=tuple(found))


def _inner_members(tree: ContextTree, top: str, rules: ClassicRules) -> Iterator[Member]:
    """What a directory walk finds; a link that runs in circles is passed over."""
    first, follows = tree.first, rules.follows_inner_links
    for place, node in tree.walk(top):
        if follows and node.is_link:
            try:
                yield _member(tree, tree.resolve(place), place, through_link=True)
            except LinkLoopError:
                continue
        elif place != ".":
            yield _make_member((place, first.get(place), False))


def _member(tree: ContextTree, resolved: str, text: str, through_link: bool = False) -> Member:
    entry = tree.first.get(resolved)
    if entry is None:
        return Member(path=text, entry=None, dangling=through_link)
    return Member(path=resolved, entry=entry)


def source_string(sources: tuple[Source, ...], unlisted: Unlisted | None = None) -> str | None:
    """The hash as history shows it (``file:…``), or None when some entry's digest is not recorded."""
    strings = []
    for source in sources:
        digests = [_member_string(member) for member in source.members]
        digests += _unlisted_below(source, unlisted or {})
        known = [digest for digest in digests if digest is not None]
        if len(known) < len(digests):
            return None
        if source.is_directory:
            strings.append(hash_strings("dir", in_byte_order(known)))
        else:
            strings.append("file:" + known[0])
    return strings[0] if len(strings) == 1 else hash_strings("multi", strings)


def _member_string(member: Member) -> str | None:
    entry = member.entry
    if entry is None:
        return member.path
    digest = entry.tarsum
    return None if digest is None else digest.removeprefix("sha256:")


def _hexadecimal(digest: str | None) -> str | None:
    return None if digest is None else digest.removeprefix("sha256:")


def _unlisted_below(source: Source, unlisted: Unlisted) -> list[str | None]:
    if not source.is_directory:
        return []
    top = "" if source.path == "." else source.path + "/"
    return [
        _hexadecimal(digest)
        for directory, digests in unlisted.items()
        if f"{directory}/".startswith(top)
        for digest in digests
    ]


def source_template(sources: tuple[Source, ...]) -> str:
    """The shape of the hash without its value: ``file``, ``dir``, or the list behind a ``multi``.

    A single source needs no path here: the parts of its members hold all that is hashed.
    """
    if len(sources) == 1:
        return f"{sources[0].kind}:…"
    listed = ", ".join(f"{source.kind} {shown(source.path)}" for source in sources)
    return f"multi:[{listed}]"


def source_parts(sources: tuple[Source, ...], rules: ClassicRules) -> list[Part]:
    """Parts that are equal for two contexts exactly when `source_string` is."""
    parts: dict[str, EntryParts] = {}
    counted: list[KeyPart] = []
    for number, source in enumerate(sources, start=1):
        counts = Counter([member.path for member in source.members])
        for member in source.members:
            if member.path not in parts:
                parts[member.path] = _member_parts(member, rules)
        own = "" if source.path == "." else source.path + "/"
        for path, count in counts.items():
            if count != 1 or not (path.startswith(own) or path == source.path):
                part = KeyPart(cause="link-target", path=shown(path), field="times", value=str(count))
                counted.append(part.within(Place("source", number)) if number > 1 else part)
    return [*parts.values(), *counted]


def _member_parts(member: Member, rules: ClassicRules) -> EntryParts:
    if member.entry is not None:
        return header_parts(member.entry, member.path, rules.owner_names)
    cause = "link-target" if member.dangling else "directory-entry"
    return EntryParts(path=shown(member.path), usual=((cause, "entry", "none"),))


def unknown_contents(sources: tuple[Source, ...]) -> list[str]:
    """What of the sources nobody hashed, in words."""
    members = (member for source in sources for member in source.members)
    lost = {m.path for m in members if m.entry is not None and not content_is_known(m.entry)}
    return [f"content of {shown(path)}" for path in sorted(lost)]
