"""What one generated build consists of: a context, a Dockerfile, a request, and the way they travel."""

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from layerfork.record.build import Builder
from layerfork.record.context import EntryType

CASE_FILE = ".case"
"""Copied first in every stage; its random content keeps the groups of cases apart in one cache."""
BASE = "alpine:latest"
OTHER_BASE = "other-base:latest"
"""The same with a file more."""
Place = tuple[int, int]
"""Index of a stage, and of a line in it."""


class Delivery(StrEnum):
    """How a context reaches the engine."""

    TAR = "tar"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """What decides which facts count: who builds, and how the context travels."""

    builder: Builder
    delivery: Delivery
    excludes: bool = False
    """The builder knows ``COPY --exclude``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One path of a context."""

    path: str
    type: EntryType = EntryType.FILE
    data: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    uname: str = ""
    target: str = ""
    """Text of a symbolic link; path of the file that a hard link shares."""
    xattrs: tuple[tuple[str, bytes], ...] = ()
    mtime: int = 1_700_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One instruction."""

    keyword: str
    words: tuple[str, ...] = ()
    """Arguments; the last one of a COPY or ADD is the destination."""
    flags: tuple[str, ...] = ()
    as_json: bool = False
    origin: str = ""
    """The stage that ``--from`` names."""
    heredoc: str = ""
    """Content of a here-document; its ``<<EOF`` is among the words."""
    gap: str = " "
    """What stands between the words."""
    above: str = ""
    """Blank lines and comments right above it."""
    trailing: str = ""
    """Blanks at its end."""

    @property
    def copies(self) -> bool:
        return self.keyword.upper() in ("COPY", "ADD")

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources in the context; none for ``--from`` and here-documents."""
        return self.words[:-1] if self.copies and not (self.origin or self.heredoc) else ()

    @property
    def excluded(self) -> frozenset[str]:
        """Paths that ``--exclude`` takes out of the sources, which are directories then.

        Patterns are below the source; buildah's are written from the context's root.
        """
        names = [flag.partition("=")[2] for flag in self.flags if flag.startswith("--exclude=")]
        return frozenset(
            name if name.startswith(f"{source}/") else posixpath.join(source, name)
            for source in self.sources
            for name in names
        )

    def render(self) -> str:
        flags = [f"--from={self.origin}"] if self.origin else []
        arguments = json.dumps(list(self.words)) if self.as_json else self.gap.join(self.words)
        text = self.above + self.gap.join([self.keyword, *flags, *self.flags, arguments]) + self.trailing
        return f"{text}\n{self.heredoc}EOF\n" if self.heredoc else f"{text}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: str
    base: str = BASE
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How a tar is written; a directory has nothing of this."""

    prefix: str = ""
    type_bits: bool = False
    directories: bool = True
    reverse: bool = False
    gzip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Everything that one build is made from."""

    nodes: tuple[Node, ...]
    stages: tuple[Stage, ...]
    outer: tuple[Line, ...] = ()
    """ARG lines before the first FROM."""
    ignore: tuple[str, ...] | None = None
    """Lines of ``.dockerignore``; None without one."""
    comment: str = ""
    build_args: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    target: str = ""
    network: str = ""
    wire: Wire = field(default_factory=Wire)

    def node(self, path: str) -> Node | None:
        return next((node for node in self.nodes if node.path == path), None)

    def with_node(self, node: Node) -> "Subject":
        """The subject with a node put in, in place of one of the same path."""
        others = tuple(each for each in self.nodes if each.path != node.path)
        return replace(self, nodes=tuple(sorted((*others, node), key=lambda each: each.path)))

    def without(self, path: str) -> "Subject":
        return replace(self, nodes=tuple(each for each in self.nodes if each.path != path))

    def with_line(self, stage: int, number: int, *lines: Line) -> "Subject":
        """The subject with one line of a stage replaced by any number of lines."""
        old = self.stages[stage]
        new = replace(old, lines=(*old.lines[:number], *lines, *old.lines[number + 1 :]))
        return replace(self, stages=(*self.stages[:stage], new, *self.stages[stage + 1 :]))

    def dockerfile(self) -> str:
        return "".join(text for _, _, text in self._pieces())

    def places(self) -> dict[int, Place]:
        """Places by the number of the line that an instruction begins on; a FROM has that of what follows."""
        found, before = {}, 0
        for place, above, text in self._pieces():
            if place is not None:
                found[before + above.count("\n") + 1] = place
            before += text.count("\n")
        return found

    def _pieces(self) -> Iterator[tuple[Place | None, str, str]]:
        """Place, what stands above it, and text of everything in the Dockerfile."""
        if self.comment:
            yield None, "", f"# {self.comment}\n"
        for line in self.outer:
            yield None, "", line.render()
        for index, stage in enumerate(self.stages):
            yield (index, 0), "", f"FROM {stage.base} AS {stage.name}\n"
            for number, line in enumerate(stage.lines):
                yield (index, number), line.above, line.render()

    def all_nodes(self) -> tuple[Node, ...]:
        """Nodes with the Dockerfile and the ignore file, sorted by path."""
        made = [Node(path="Dockerfile", data=self.dockerfile().encode())]
        if self.ignore is not None:
            made.append(Node(path=".dockerignore", data="".join(f"{p}\n" for p in self.ignore).encode()))
        return tuple(sorted((*self.nodes, *made), key=lambda node: node.path))
