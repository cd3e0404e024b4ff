"""What COPY and ADD of the classic builder hash, and the key parts of it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from layerfork.context.ignore.moby import moby_matcher_of
from layerfork.dockerfile import Instruction
from layerfork.errors import UsageError
from layerfork.keys.classic.tarsum import hash_strings
from layerfork.keys.entryparts import content_is_known, header_parts
from layerfork.keys.script import Script, ScriptStep, created_by_of
from layerfork.keys.stagestate import Notes, StageState
from layerfork.keys.unpacked import ContextTree, LinkLoopError, Unlisted, in_byte_order, shown, unpack
from layerfork.record import gopath
from layerfork.record.cachekey import EntryParts, KeyPart, KeyPlace, Part
from layerfork.record.context import ContextEntry, Transport
from layerfork.record.gopath import clean
from layerfork.record.record import BuildRecord
from layerfork.releases import ClassicRules

# What a COPY or ADD of the classic builder hashes: ``file:``, ``dir:`` and ``multi:`` strings.
#
# Source: moby/moby builder/dockerfile/{copy,internals}.go and builder/remotecontext/archive.go
# @ v26.1.5; unchanged in 29.x but for `ClassicRules`.


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
class CopySource:
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


def find_sources(tree: ContextTree, words: tuple[str, ...], rules: ClassicRules) -> tuple[CopySource, ...]:
    """Sources of a COPY or ADD in the order that their hashes are joined.

    Raises: MissingSourceError, LinkLoopError.
    """
    found: list[CopySource] = []
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


def _source(tree: ContextTree, path: str, rules: ClassicRules) -> CopySource:
    resolved = tree.resolve(path)
    node = tree.find(resolved)
    if node is None:
        raise MissingSourceError(path)
    found = _inner_members(tree, resolved, rules) if node.is_directory else (_member(tree, resolved, path),)
    return CopySource(path=resolved, is_directory=node.is_directory, members=tuple(found))


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


def source_string(sources: tuple[CopySource, ...], unlisted: Unlisted | None = None) -> str | None:
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


def _unlisted_below(source: CopySource, unlisted: Unlisted) -> list[str | None]:
    if not source.is_directory:
        return []
    top = "" if source.path == "." else source.path + "/"
    return [
        _hexadecimal(digest)
        for directory, digests in unlisted.items()
        if f"{directory}/".startswith(top)
        for digest in digests
    ]


def source_template(sources: tuple[CopySource, ...]) -> str:
    """The shape of the hash without its value: ``file``, ``dir``, or the list behind a ``multi``.

    A single source needs no path here: the parts of its members hold all that is hashed.
    """
    if len(sources) == 1:
        return f"{sources[0].kind}:…"
    listed = ", ".join(f"{source.kind} {shown(source.path)}" for source in sources)
    return f"multi:[{listed}]"


def source_parts(sources: tuple[CopySource, ...], rules: ClassicRules) -> list[Part]:
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
                counted.append(part.within(KeyPlace("source", number)) if number > 1 else part)
    return [*parts.values(), *counted]


def _member_parts(member: Member, rules: ClassicRules) -> EntryParts:
    if member.entry is not None:
        return header_parts(member.entry, member.path, rules.owner_names)
    cause = "link-target" if member.dangling else "directory-entry"
    return EntryParts(path=shown(member.path), usual=((cause, "entry", "none"),))


def unknown_contents(sources: tuple[CopySource, ...]) -> list[str]:
    """Which sources were not hashed, in words."""
    members = (member for source in sources for member in source.members)
    lost = {m.path for m in members if m.entry is not None and not content_is_known(m.entry)}
    return [f"content of {shown(path)}" for path in sorted(lost)]


# Key parts of COPY and ADD in the classic builder.
#
# Source: moby/moby builder/dockerfile/internals.go:performCopy and
# builder/remotecontext/detect.go:removeDockerfile @ v26.1.5.

IGNORE_FILE = ".dockerignore"
_HISTORY = re.compile(r"#\(nop\) (?:COPY|ADD) (?:--chown=\S+?(?=file:|dir:|multi:)|--chown=.* )?(\S+) in ")


@dataclass(slots=True, kw_only=True)
class CopyKeys:
    """Makes the parts of the COPY and ADD steps of one record."""

    record: BuildRecord
    script: Script
    rules: ClassicRules
    unlisted: Unlisted = field(default_factory=dict)
    trees: dict[tuple[str, ...], ContextTree] = field(default_factory=dict)
    """The unpacked context by what was removed from it."""

    def parts(
        self, step: ScriptStep, instruction: Instruction, state: StageState, notes: Notes
    ) -> tuple[list[Part], str]:
        """Parts of the step, and its comment; the comment is empty when it cannot be known."""
        words = tuple(state.expand(word, notes) for word in instruction.arguments)
        chown = state.expand(instruction.flag("chown"), notes)
        # Engines before 25.0 write no blank between the owner and the hash.
        option = f"--chown={chown}{' ' * self.rules.chown_blank}" if chown else ""
        name = f"{instruction.keyword} {option}"
        observed = self._observed(step)
        if self._is_local(instruction, words):
            shape, parts, hashed = self._context_parts(words[:-1], observed, notes)
        else:
            shape, parts, hashed = _observed_parts(instruction, words, observed, notes)
        command = KeyPart(cause="instruction", field="Cmd", value=f"{name}{shape} in {words[-1]} ")
        return [command, *parts], f"{name}{hashed} in {words[-1]} " if hashed else ""

    def source_parents(self, step: ScriptStep) -> tuple[int, ...]:
        """The last step of the stage that a ``--from`` names, when only its result could tell what
        was copied; nothing when history shows the hash of the copied files itself."""
        instruction = step.instruction
        if instruction is None or not instruction.flag("from") or self._observed(step):
            return ()
        source = self.script.last_step_of(instruction.flag("from"), step.record.index)
        return () if source is None else (source,)

    def _observed(self, step: ScriptStep) -> str:
        match = _HISTORY.search(created_by_of(self.record, step.record))
        return match[1] if match else ""

    def _is_local(self, instruction: Instruction, words: tuple[str, ...]) -> bool:
        context = self.record.context
        if context is None or context.transport is Transport.REMOTE or instruction.flag("from"):
            return False
        return not (instruction.keyword == "ADD" and any(map(_is_url, words[:-1])))

    def _context_parts(
        self, words: tuple[str, ...], observed: str, notes: Notes
    ) -> tuple[str, list[Part], str]:
        """Shape, parts and hash of sources in the context."""
        context = self.record.context
        if context is None or not context.complete:
            notes.unknown.append("the whole context")
        try:
            sources = self._find(words, observed, notes)
        except MissingSourceError as error:
            notes.unknown.append(f"source {error} in the context")
            return "…", [], observed
        except LinkLoopError as error:
            notes.unknown.append(f"where the links of {error} lead")
            return "…", [], observed
        notes.unknown.extend(unknown_contents(sources))
        return (
            source_template(sources),
            source_parts(sources, self.rules),
            source_string(sources, self.unlisted) or "",
        )

    def _find(self, words: tuple[str, ...], observed: str, notes: Notes) -> tuple[CopySource, ...]:
        """Sources in the context as the engine had it, Dockerfile and ignore file removed or not."""
        first, *others = self._removals()
        tree = self._tree(first)
        sources = find_sources(tree, words, self.rules)
        removable = {tree.resolve(path) for removal in others for path in removal}
        if not any(member.path in removable for source in sources for member in source.members):
            return sources
        candidates = {source_string(sources, self.unlisted): sources}
        for removal in others:
            other = find_sources(self._tree(removal), words, self.rules)
            candidates.setdefault(source_string(other, self.unlisted), other)
        if len(candidates) == 1 or observed in candidates:
            return candidates.get(observed, sources)
        notes.unknown.append(f"patterns of {IGNORE_FILE}: they decide whether the engine removes it")
        return sources

    def _tree(self, removed: tuple[str, ...]) -> ContextTree:
        if removed not in self.trees:
            tree = unpack(self.record.context.entries if self.record.context is not None else ())
            for path in removed:
                tree.remove(path)
            self.trees[removed] = tree
        return self.trees[removed]

    def _removals(self) -> tuple[tuple[str, ...], ...]:
        """What the engine took out of the context; several possibilities when it is not recorded
        what the ignore file says."""
        tree, context = self._tree(()), self.record.context
        if context is None or tree.find(tree.resolve(IGNORE_FILE)) is None:
            return ((),)
        dockerfile = self._dockerfile_path(tree)
        if context.excludes:
            named = (IGNORE_FILE, dockerfile)
            return (tuple(path for path in named if self._is_ignored(path, context.excludes)),)
        return ((), (IGNORE_FILE,), (dockerfile,), (IGNORE_FILE, dockerfile))

    def _is_ignored(self, path: str, patterns: tuple[str, ...]) -> bool:
        """The engine passes over a malformed pattern when it notices one, and leaves the file."""
        try:
            return moby_matcher_of(self.rules.ignores)(patterns).excludes(clean(path))
        except UsageError:
            return False

    def _dockerfile_path(self, tree: ContextTree) -> str:
        name = self.record.request.dockerfile_name or "Dockerfile"
        if name == "Dockerfile" and tree.find(tree.resolve(name)) is None:
            return "dockerfile"
        return name


def _observed_parts(
    instruction: Instruction, words: tuple[str, ...], observed: str, notes: Notes
) -> tuple[str, list[Part], str]:
    """Shape and parts of sources that no client sent: their hash is known from history alone."""
    origin = instruction.flag("from")
    cause = "remote-source" if instruction.keyword == "ADD" else "content"
    path = " ".join(words[:-1])
    if not observed:
        notes.unknown.append(f"content of {path}" + (f" in {origin}" if origin else ""))
        return "…", [], ""
    kind, colon, _ = observed.rpartition(":")
    return f"{kind}{colon}…", [KeyPart(cause=cause, path=path, field="source", value=observed)], observed


def _is_url(word: str) -> bool:
    """Source: moby/moby builder/remotecontext/urlutil/urlutil.go:IsURL @ v26.1.5."""
    return word.startswith(("http://", "https://"))
