"""A build that a file declares: its Dockerfile, its context, and the caches that it imports and exports."""

import csv
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from layerfork.lint.lintedfiles import SourceFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A text, a list or a table."""

    line: int
    """From 1, where it begins."""
    text: str | None = None
    """Of what is neither list nor table; expressions and variables are not replaced."""
    items: tuple["Node", ...] = ()
    fields: Mapping[str, "Node"] = field(default_factory=dict)
    is_block: bool = False
    """A text of several lines, which begins on the line after its own."""

    def get(self, *names: str) -> "Node":
        """A field of a field; one without anything where there is none."""
        found = self
        for name in names:
            found = found.fields.get(name, Node(line=found.line))
        return found

    def __bool__(self) -> bool:
        return bool(self.text or self.items or self.fields)

    @property
    def word(self) -> str:
        """The text, or nothing."""
        return (self.text or "").strip()

    @property
    def words(self) -> tuple[str, ...]:
        """Those of a list."""
        return tuple(item.word for item in self.items)

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines of a text, and those of all texts of a list, with their numbers; no blank ones."""
        for item in self.items:
            yield from item.lines()
        for number, line in enumerate((self.text or "").split("\n")):
            if line.strip():
                yield self.line + (number + 1 if self.is_block else 0), line.strip()


# One ``cache-to`` or ``cache-from``, and where it leads.
#
# Source: docker/buildx util/buildflags/cache.go:ParseCacheEntry @ 05a1121b2930: a text without equals sign
# has references of images in registries; docs.docker.com build/cache/backends (attributes and defaults).

EXPRESSION = re.compile(r"\$\{\{.*?\}\}|\$\{[^{}]*\}|\$\([^()]*\)|\$\w+")
"""What something replaces before a builder sees it, in a workflow, a bake or compose file, or a shell."""
_SPACES = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_DEFAULT_SCOPE = "buildkit"
_PLACES: Mapping[str, tuple[str, ...]] = {
    "gha": ("scope",),
    "registry": ("ref",),
    "local": ("dest", "src"),
    "s3": ("bucket", "name", "manifests_prefix", "blobs_prefix"),
    "azblob": ("account_url", "name", "container"),
}
"""The attributes that say where a cache lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """Where a build reads or writes a cache."""

    line: int
    text: str
    """As written, expressions without inner blanks."""
    kind: str
    """``registry``, ``gha``, ``local``, ``inline`` …; with an expression where only that says it."""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Equal for equal places; empty where there is none, as for ``inline``."""
        parts = [self.attributes.get(name, "") for name in _PLACES.get(self.kind, ())]
        if self.kind == "gha":
            parts = [parts[0] or _DEFAULT_SCOPE]
        return f"{self.kind} {' '.join(filter(None, parts))}" if any(parts) else ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is replaced in it."""
        return not EXPRESSION.search(self.text)


def unspaced(text: str) -> str:
    """Expressions without the blanks inside their braces."""
    return _SPACES.sub(lambda found: "${{" + re.sub(r"\s+", "", found[1]) + "}}", text)


def read_entries(node: Node) -> tuple[CacheEntry, ...]:
    """The entries of a list, a text of several lines, or tables with their attributes."""
    return tuple(_entries(node))


def _entries(node: Node) -> Iterator[CacheEntry]:
    for item in node.items or (node,):
        if item.fields:
            attributes = {name: unspaced(value.word) for name, value in item.fields.items()}
            yield _entry(item.line, attributes)
        else:
            for line, text in item.lines():
                yield from read_text_entries(line, text)


def read_text_entries(line: int, text: str) -> Iterator[CacheEntry]:
    """The entries of a value: one, or the references of several images behind commas."""
    is_list = "=" not in EXPRESSION.sub("", unspaced(text))
    for each in text.split(",") if is_list else (text,):
        if each.strip():
            yield read_entry(line, each.strip())


def read_entry(line: int, text: str) -> CacheEntry:
    """One entry as it is written."""
    text = unspaced(text)
    if "=" not in EXPRESSION.sub("", text):
        if EXPRESSION.fullmatch(text):
            return CacheEntry(line=line, text=text, kind=text)
        return CacheEntry(line=line, text=text, kind="registry", attributes={"ref": text})
    try:
        words = next(csv.reader([text]), [])
    except csv.Error:
        words = []
    pairs = (word.partition("=") for word in words)
    return _entry(line, {name.strip().lower(): value.strip() for name, _, value in pairs}, text)


def _entry(line: int, attributes: Mapping[str, str], text: str = "") -> CacheEntry:
    written = text or ",".join(f"{name}={value}" for name, value in attributes.items())
    return CacheEntry(line=line, text=written, kind=attributes.get("type", ""), attributes=attributes)


# What a file says about one build.


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredBuild:
    """One build of one file; expressions are not replaced."""

    source: SourceFile
    line: int
    name: str
    """As a person calls it: ``target api``, ``service web``, ``step 3 of job test``."""
    context: str = "."
    """Relative to `directory`."""
    directory: str = ""
    """Absolute: where relative paths of it begin."""
    dockerfile: str = ""
    """Relative to the context; empty for the default."""
    target: str = ""
    platforms: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    """``NAME=VALUE``."""
    tags: tuple[str, ...] = ()
    reads: tuple[CacheEntry, ...] = ()
    writes: tuple[CacheEntry, ...] = ()
    machine: str = ""
    """Builds of one file and one such name see the same directories."""
    is_command: bool = False
    """It stands in a script."""
    condition: str = ""
    """What has to hold for it to run, as written."""
    varies: bool = False
    """It is made several times, with other values: a matrix."""
    variables: frozenset[str] = field(default_factory=frozenset)
    """Of a matrix, what is another each time, as expressions are written."""

    @property
    def context_path(self) -> Path:
        """The context as a directory, which may be none."""
        return Path(os.path.normpath(os.path.join(self.directory, self.context)))  # noqa: PTH118 - may be a URL

    @property
    def dockerfile_path(self) -> Path:
        """Where the Dockerfile lies, if the context is a directory."""
        return Path(os.path.normpath(self.context_path / (self.dockerfile or "Dockerfile")))

    @property
    def what(self) -> tuple[object, ...]:
        """Equal for builds of the same thing, whatever their arguments."""
        return (self.directory, self.context, self.dockerfile, self.target)

    def depends_on_matrix(self, text: str) -> bool:
        """Whether a text is another in each run of the matrix."""
        return any(variable in each for each in EXPRESSION.findall(text) for variable in self.variables)
