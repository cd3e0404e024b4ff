"""A mutation with what it must lead to, and the tools that mutations share."""

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from layerfork.record.build import Builder
from layerfork.record.context import EntryType
from research.mutations.reads import BUILD_FILES, live_stages, reads, visible
from research.mutations.subject import CASE_FILE, Arena, Line, Node, Place, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One cause that the explainer has to name."""

    code: str
    names: frozenset[str] = frozenset()
    """Base names of the paths it may name; empty when the cause has no path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit of a Dockerfile or request, that can be made alone or with others."""

    name: str
    target: str
    """What it edits: no two edits of a case have one target."""
    apply: Callable[[Subject], Subject]
    cause: Expected | None
    """How it is named at every step but that of its own line; None when it can matter at no other."""
    place: Place | None = None
    """The line that it edits."""
    at_place: tuple[Expected, ...] = ()
    """How it may be named at its own line; empty when as anywhere."""

    def expected_at(self, place: Place | None) -> tuple[Expected, ...]:
        """The causes of which one has to be named, if the edit matters at a place."""
        if place == self.place and self.at_place:
            return self.at_place
        return (self.cause,) if self.cause is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLabel:
    """The edits that have to be named at one step."""

    place: Place
    allowed: tuple[frozenset[str], ...]
    """Names of edits; each set is one that suffices to make the step what it was, and needs every member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A mutated subject, and what it is labelled with; nothing when nobody may notice it."""

    name: str
    after: Subject
    causes: tuple[Expected, ...] = ()
    """Causes that have to be named in any case."""
    edits: tuple[Edit, ...] = ()
    """Edits whose effects the steps tell."""
    steps: tuple[StepLabel, ...] = ()
    """Steps that the edits change. An edit that none of them names must not be named at all."""
    inert: tuple[str, ...] = ()
    """Names of all that was changed and must not be named."""

    @property
    def matters(self) -> bool:
        """Something has to be named."""
        return bool(self.causes or self.steps)

    @property
    def partial(self) -> bool:
        """At some step only some of several edits matter."""
        return any(len(names) < len(self.edits) for step in self.steps for names in step.allowed)

    @property
    def codes(self) -> frozenset[str]:
        """Codes that have to be named; where there is a choice, those of the first one."""
        chosen = {name for step in self.steps for name in step.allowed[0]}
        needed = [edit for edit in self.edits if edit.name in chosen]
        first = [edit.expected_at(edit.place)[0] for edit in needed if edit.expected_at(edit.place)]
        return frozenset(cause.code for cause in (*self.causes, *first))

    def shown(self) -> tuple[str, ...]:
        """All that has to be named, step by step where it depends on the step."""
        sets = (
            f"{step.place}: {' or '.join('+'.join(sorted(each)) for each in step.allowed)}"
            for step in self.steps
        )
        return (*sorted(cause.code for cause in self.causes), *sets)

    def followed_by(self, later: "Change") -> "Change":
        """Both changes, where the later one was made to what this one led to."""
        return Change(
            name=f"{self.name}+{later.name}" if self.name else later.name,
            after=later.after,
            causes=self.causes + later.causes,
            edits=self.edits + later.edits,
            steps=self.steps + later.steps,
            inert=self.inert + later.inert,
        )


Mutate = Callable[[Random, Subject, Arena], Change | None]
"""Gives None when the subject has nothing that could be changed in this way."""


def change(name: str, before: Subject, after: Subject, arena: Arena, *causes: Expected | None) -> Change:
    """A change with its causes, and the one that comes of itself when build files are copied."""
    found = [cause for cause in causes if cause is not None]
    if copied := copied_build_files(before, after, arena):
        found.append(Expected(code="dockerfile-in-context", names=copied))
    return Change(name=name, after=after, causes=tuple(found), inert=() if found else (name,))


def copied_build_files(before: Subject, after: Subject, arena: Arena) -> frozenset[str]:
    """Dockerfile and ignore file, as far as they differ and are copied."""
    old, new = visible(before, arena), visible(after, arena)
    # A file that only a removed line read is no matter any more.
    same_lines = replace(before, stages=after.stages)
    read = reads(same_lines, arena).entries | reads(after, arena).entries
    return frozenset(
        name
        for name in BUILD_FILES
        if name in read and (_data(old, name), name in old) != (_data(new, name), name in new)
    )


def _data(nodes: dict[str, Node], name: str) -> bytes:
    return nodes[name].data if name in nodes else b""


def if_read(subject: Subject, arena: Arena, code: str, *paths: str) -> Expected | None:
    """The cause, if any of the paths enters a step by its own header; a link may lead to one not sent."""
    hidden = {node.path for node in subject.all_nodes()} - visible(subject, arena).keys()
    if not (reads(subject, arena).entries - hidden) & set(paths):
        return None
    return Expected(code=code, names=names_of(subject, *paths))


def names_of(subject: Subject, *paths: str) -> frozenset[str]:
    """Base names under which paths may be told: their own, and those of links of any kind to them."""
    own = set(map(posixpath.basename, paths))
    leading = (node.path for node in subject.nodes if posixpath.basename(node.target) in own)
    return frozenset(map(posixpath.basename, (*paths, *leading)))


def pick(rng: Random, subject: Subject, arena: Arena, *types: EntryType) -> Node | None:
    """A random node of a type; three times of four one that is read, if there is any."""
    nodes = [node for node in subject.nodes if node.type in types and node.path != CASE_FILE]
    read = reads(subject, arena).entries
    wanted = [node for node in nodes if (node.path in read) == (rng.random() < 0.75)]
    return rng.choice(wanted or nodes) if nodes else None


def with_file(subject: Subject, node: Node) -> Subject:
    """The subject with a node changed; hard links to it share its header."""
    after = subject.with_node(node)
    for link in links_to(subject, node.path):
        same = replace(link, mode=node.mode, uid=node.uid, gid=node.gid, xattrs=node.xattrs, mtime=node.mtime)
        after = after.with_node(same)
    return after


def links_to(subject: Subject, path: str) -> list[Node]:
    """Hard links that share a file."""
    return [node for node in subject.nodes if node.type is EntryType.HARDLINK and node.target == path]


def group_of(subject: Subject, path: str) -> tuple[str, ...]:
    """A path with all hard links that share it."""
    return (path, *(node.path for node in links_to(subject, path)))


def spare_files(subject: Subject) -> list[Node]:
    """Files that no line, link or hard link names, so that they may go."""
    named = {word for stage in subject.stages for line in stage.lines for word in line.words}
    named |= set(possible_values(subject))
    aimed = {
        posixpath.normpath(posixpath.join(posixpath.dirname(node.path), node.target))
        for node in subject.nodes
        if node.type is EntryType.SYMLINK
    }
    aimed |= {node.target for node in subject.nodes if node.type is EntryType.HARDLINK}
    return [
        node
        for node in subject.nodes
        if node.type is EntryType.FILE and node.path not in named | aimed | {CASE_FILE}
    ]


def possible_values(subject: Subject) -> Iterator[str]:
    """Values that an argument has or falls back to."""
    lines = (*subject.outer, *(line for stage in subject.stages for line in stage.lines))
    yield from (value for _, value in subject.build_args)
    yield from (line.words[0].partition("=")[2] for line in lines if line.keyword == "ARG")


def is_live(subject: Subject, arena: Arena, stage: int) -> bool:
    return subject.stages[stage].name in {each.name for each in live_stages(subject, arena.builder)}


def is_step(line: Line, arena: Arena) -> bool:
    """Whether a line has a key of its own: for BuildKit only what makes or runs something."""
    return arena.builder is not Builder.BUILDKIT or line.copies or line.keyword in ("RUN", "WORKDIR")


def following(subject: Subject, arena: Arena, stage: int, number: int) -> Iterator[Line]:
    """Live lines that build on a line: later ones of its stage, and those of stages built on that."""
    names = {subject.stages[stage].name}
    if is_live(subject, arena, stage):
        yield from subject.stages[stage].lines[number + 1 :]
    for index, other in enumerate(subject.stages):
        if other.base in names:
            names.add(other.name)
            if is_live(subject, arena, index):
                yield from other.lines


def lines_of(subject: Subject, *keywords: str) -> list[tuple[int, int, Line]]:
    """Stage, number and line for every line with one of the keywords; the separating COPY is left out."""
    return [
        (stage, number, line)
        for stage, whole in enumerate(subject.stages)
        for number, line in enumerate(whole.lines)
        if line.keyword in keywords and CASE_FILE not in line.words
    ]


def copied_from(subject: Subject) -> frozenset[str]:
    """Paths that some ``COPY --from`` reads."""
    return frozenset(line.words[0] for stage in subject.stages for line in stage.lines if line.origin)
