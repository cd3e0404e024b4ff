"""What undoing a cause works with: the case, both contexts by path, both Dockerfiles side by side."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from layerfork.diagnose.claims.rule import Case
from layerfork.diagnose.compare.comparison import Comparison
from layerfork.diagnose.compare.linked import NO_LINKS, Links, common_links, links_of
from layerfork.diagnose.undo.dockerfiles import Dockerfiles
from layerfork.record.context import ContextEntry, ContextManifest, Transport
from layerfork.record.gopath import context_path
from layerfork.record.record import BuildRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The entries of one context of both builds, by path."""

    context: str
    writer: Mapping[str, tuple[ContextEntry, ...]]
    reader: Mapping[str, tuple[ContextEntry, ...]]
    transports: tuple[Transport | None, Transport | None] = (None, None)
    """How the writer's travelled, and the reader's; None when there is none."""
    links: Links = field(default_factory=dict)
    """Those that both sent alike."""

    def has(self, path: str) -> bool:
        """Whether one of the two sent an entry of a path."""
        return path in self.reader or path in self.writer

    def pair(self, path: str) -> tuple[ContextEntry, ContextEntry] | None:
        """The first entry of a path in both; None when one side has none."""
        if path not in self.writer or path not in self.reader:
            return None
        return self.writer[path][0], self.reader[path][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One case, with what is made once for all cases of a comparison."""

    case: Case
    contexts: tuple[Sent, ...]
    dockerfiles: Dockerfiles


def contexts_of(comparison: Comparison) -> tuple[Sent, ...]:
    """Every context that both builds, or one of them, sent."""
    writer, reader = _manifests(comparison.writer.record), _manifests(comparison.reader.record)
    return tuple(
        Sent(
            context=name,
            writer=_by_path(writer.get(name)),
            reader=_by_path(reader.get(name)),
            transports=(_transport(writer.get(name)), _transport(reader.get(name))),
            links=common_links(_links(writer.get(name)), _links(reader.get(name))),
        )
        for name in dict.fromkeys((*reader, *writer))
    )


def _manifests(record: BuildRecord) -> dict[str, ContextManifest]:
    found = {} if record.context is None else {"context": record.context}
    return found | {each.name: each for each in record.named_contexts}


def _transport(manifest: ContextManifest | None) -> Transport | None:
    return manifest.transport if manifest is not None else None


def _links(manifest: ContextManifest | None) -> Links:
    return links_of(manifest.entries) if manifest is not None else NO_LINKS


def _by_path(manifest: ContextManifest | None) -> dict[str, tuple[ContextEntry, ...]]:
    found: dict[str, list[ContextEntry]] = defaultdict(list)
    for entry in manifest.entries if manifest is not None else ():
        found[context_path(entry.name)].append(entry)
    return {path: tuple(entries) for path, entries in found.items()}
