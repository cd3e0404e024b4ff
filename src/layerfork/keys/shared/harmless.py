"""Facts of a context that differ between clients and enter no key, each as one part."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from layerfork.record.cachekey import KeyPart
from layerfork.record.context import ContextManifest
from layerfork.record.gopath import context_path

LISTS = ("entry order", "mtime", "pax")
"""Facts of all entries together: the value is a digest, which says nothing but whether two are equal."""


@dataclass(frozen=True, slots=True)
class RuledOut:
    """Order, times, format and the like, each as a part. Made when somebody asks: hardly anybody does."""

    context: ContextManifest | None
    owner_names: bool = True
    """False where names are parts of keys."""

    def __iter__(self) -> Iterator[KeyPart]:
        return _parts(self.context, self.owner_names) if self.context is not None else iter(())


def _parts(context: ContextManifest, owner_names: bool) -> Iterator[KeyPart]:
    paths = [context_path(entry.name) for entry in context.entries]
    times = [f"{path} {entry.mtime_ns}" for path, entry in zip(paths, context.entries, strict=True)]
    pax = [f"{path} {entry.pax}" for path, entry in zip(paths, context.entries, strict=True) if entry.pax]
    facts = {
        "compression": context.compression,
        "entry order": _listing(paths),
        "mtime": _listing(sorted(times)),
        "pax": _listing(sorted(pax)),
        "root entry": "sent" if "." in paths else "not sent",
    }
    if owner_names:
        names = {(entry.uname, entry.gname) for entry in context.entries} - {("", "")}
        facts["owner names"] = ", ".join(sorted(map(":".join, names)))
    for name, value in facts.items():
        yield KeyPart(cause=name, field=name, value=value)


def _listing(lines: list[str]) -> str:
    return sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
