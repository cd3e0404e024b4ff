"""One ``cache-to`` or ``cache-from``, and where it leads.

Source: docker/buildx util/buildflags/cache.go:ParseCacheEntry @ 05a1121b2930: a text without equals sign has
references of images in registries; docs.docker.com build/cache/backends (attributes and defaults).
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from layerfork.lint.declared.node import Node

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
