"""Whether a cause's change is there in two records: read off the facts alone, whatever any key holds."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from corpus.subjects import Pair

from layerfork.record.context import ContextEntry, EntryType
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildRecord

Present = Callable[[BuildRecord, BuildRecord], bool]
PERMISSIONS = 0o7777
_BUILD_FILES = ("Dockerfile", ".dockerignore")


def _entries(record: BuildRecord) -> Sequence[ContextEntry]:
    return record.context.entries if record.context is not None else ()


def _path(entry: ContextEntry) -> str:
    return entry.name.removeprefix("./").rstrip("/")


def _pairs(writer: BuildRecord, reader: BuildRecord) -> Iterable[tuple[ContextEntry, ContextEntry]]:
    other = {_path(entry): entry for entry in reversed(_entries(reader))}
    return [(entry, other[_path(entry)]) for entry in _entries(writer) if _path(entry) in other]


def _entry(value: Callable[[ContextEntry], object]) -> Present:
    """Two entries of one path differ in something."""
    return lambda writer, reader: any(value(one) != value(other) for one, other in _pairs(writer, reader))


def _record(value: Callable[[BuildRecord], object]) -> Present:
    """The records themselves differ in something."""
    return lambda writer, reader: value(writer) != value(reader)


def _either(*checks: Present) -> Present:
    return lambda writer, reader: any(check(writer, reader) for check in checks)


def _paths(record: BuildRecord) -> frozenset[str]:
    return frozenset(map(_path, _entries(record)))


def _directories(record: BuildRecord) -> frozenset[str]:
    return frozenset(_path(each) for each in _entries(record) if each.type is EntryType.DIRECTORY)


def _root(record: BuildRecord) -> object:
    manifest = record.context
    header = [(each.mode, each.uid) for each in _entries(record) if _path(each) in ("", ".")]
    return None if manifest is None else (manifest.transport, header)


def _hard_links(record: BuildRecord) -> frozenset[str]:
    return frozenset(_path(each) for each in _entries(record) if each.type is EntryType.HARDLINK)


def _proxies(record: BuildRecord) -> dict[str, str]:
    return {name: value for name, value in record.request.build_args if name.lower().endswith("_proxy")}


def _bases(value: Callable[[ImageFacts], object]) -> Callable[[BuildRecord], object]:
    return lambda record: {name: value(facts) for name, facts in record.base_images}


_dockerfile = _record(lambda record: record.request.dockerfile)
_options = _record(lambda record: record.request.options)


def _no_cache(record: BuildRecord) -> object:
    return record.request.no_cache, record.request.no_cache_stages


def _engine(record: BuildRecord) -> tuple[str, str]:
    return (record.engine.instance, record.engine.version) if record.engine is not None else ("", "")


PRESENT: Mapping[str, Present] = {
    "builder": _record(lambda record: record.builder),
    "builder-instance": _record(lambda record: _engine(record)[0]),
    "engine-version": _record(lambda record: _engine(record)[1]),
    "client-version": _record(lambda record: record.client.version),
    "cache-off": _record(_no_cache),
    "cache-from": lambda writer, reader: bool(reader.request.cache_from),
    "cache-not-imported": lambda writer, reader: bool(reader.request.cache_from),
    "build-arg": _record(lambda record: record.request.build_args),
    "env": _either(_dockerfile, _record(_bases(lambda facts: facts.env))),
    "proxy": _record(_proxies),
    "instruction": _dockerfile,
    "instruction-order": _dockerfile,
    "label": _either(_dockerfile, _record(lambda record: record.request.labels)),
    "mount": _either(_dockerfile, _options, _entry(lambda entry: entry.content)),
    "run-option": _either(_dockerfile, _options),
    "network": _either(_dockerfile, _record(lambda record: record.request.network)),
    "platform": _either(_dockerfile, _record(lambda record: record.request.platform)),
    "target": _record(lambda record: record.request.target),
    "frontend": _record(lambda record: record.request.syntax),
    "image-format": _record(lambda record: dict(record.request.options).get("outputformat")),
    "base-image": _record(_bases(lambda facts: facts.diff_ids)),
    "base-config": _record(_bases(lambda facts: (facts.image_id, facts.env, facts.user))),
    "uid": _entry(lambda entry: entry.uid),
    "gid": _entry(lambda entry: entry.gid),
    "owner-name": _entry(lambda entry: (entry.uname, entry.gname)),
    "mode": _entry(lambda entry: entry.mode & PERMISSIONS),
    "mode-type-bits": _entry(lambda entry: entry.mode & ~PERMISSIONS),
    "xattr": _entry(lambda entry: entry.xattrs),
    "content": _entry(lambda entry: entry.content),
    "stale-content": _entry(lambda entry: entry.content),
    "link-target": _entry(lambda entry: entry.linkname),
    "entry-type": _entry(lambda entry: entry.type),
    "entry-name": _entry(lambda entry: entry.name),
    "hardlink": _record(_hard_links),
    "entry-missing": lambda writer, reader: bool(_paths(writer) - _paths(reader)),
    "entry-extra": lambda writer, reader: bool(_paths(reader) - _paths(writer)),
    "directory-entry": _record(_directories),
    "root-header": _record(_root),
    "duplicate-entry": lambda writer, reader: any(
        max(Counter(map(_path, _entries(each))).values()) > 1 for each in (writer, reader)
    ),
    "ignore-rule": _record(lambda record: record.context.excludes if record.context is not None else ()),
    "dockerfile-in-context": _either(
        _dockerfile, _entry(lambda entry: entry.content if _path(entry) in _BUILD_FILES else None)
    ),
}
"""By cause code."""

ARRANGED: Mapping[str, Callable[[Pair], bool]] = {
    "remote-source": lambda pair: pair.writer.served != pair.reader.served,
    "cache-empty": lambda pair: bool(pair.between),
    "cache-record-gone": lambda pair: bool(pair.between),
    "parallel-build": lambda pair: pair.at_once,
    "engine-bug": lambda pair: "FROM --platform=linux/" in pair.reader.dockerfile,
    "unexplained": lambda pair: bool(pair.control) or "version" in pair.writer.query,
}
"""What no record shows, from how the pair was built."""
