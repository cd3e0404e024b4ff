"""What the entries of GitHub's cache service mean: who reads them, what the limit removes, what to change."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from layerfork.record.actionscache import (
    NO_NEW_READERS,
    ActionsCacheReport,
    Budget,
    CacheAdvice,
    CacheEntry,
    CacheExport,
    CacheFinding,
    Readers,
    RefCaches,
    RepositoryCaches,
)

GB = 1024**3
"""As GitHub's pages count; its documentation does not say."""
DEFAULT_LIMIT_BYTES = 10 * GB
"""Source: docs.github.com, "Dependency caching reference", usage limits and eviction policy."""
DEFAULT_RETENTION_DAYS = 7
DAY_S = 86_400.0
_FULL = 0.9
"""From this share of the limit on, the cache counts as full: GitHub removes entries once an hour."""
_SOON_DAYS = 3.0
_RATE_DAYS = 7.0
"""The rate is that of this many last days."""
_APART_S = 300.0
"""Two exports of a scope and ref within this time are hardly of two pushes that follow one another."""
_NAMED = 3

# Source of the keys: moby/buildkit cache/remotecache/gha/gha.go (blobKey, indexKey) @ v0.9.3, v0.11.6,
# v0.13.2, v0.19.0, v0.25.0, v0.32.2, alike in all; the number behind "#" is tonistiigi/go-actions-cache
# cache.go:SaveMutable, which loads the newest and writes the next one.
_BLOB = "buildkit-blob-1-"
_INDEX = re.compile(r"index-(?P<scope>.+)-1-(?P<ref>[0-9a-f]{8})#(?P<number>\d{1,9})", re.DOTALL)
_PULL = re.compile(r"refs/pull/(\d+)/(?:merge|head)")
_HEADS, _TAGS, _QUEUE = "refs/heads/", "refs/tags/", "refs/heads/gh-readonly-queue/"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRef:
    """The ref of a run; of a pull request also its two branches, as whole refs."""

    ref: str
    base: str = ""
    head: str = ""


def may_read(run: RunRef, entry_ref: str, default_branch: str) -> bool:
    """Whether a run can restore what another ref's run wrote.

    A run reads the entries of its own ref and of the default branch; that of a pull request those of its base
    and head branches as well. Children, siblings and other tags stay apart.
    Source: docs.github.com, "Dependency caching reference", restrictions for accessing a cache.
    """
    return entry_ref in {run.ref, run.base, run.head, _HEADS + default_branch} - {""}


def report_of(caches: RepositoryCaches) -> ActionsCacheReport:
    """Everything that can be said of a repository's cache."""
    by_ref: dict[str, list[CacheEntry]] = defaultdict(list)
    for entry in caches.entries:
        by_ref[entry.ref].append(entry)
    refs = sorted(
        (_ref(ref, entries, caches, by_ref) for ref, entries in by_ref.items()),
        key=lambda each: -each.size_bytes,
    )
    budget = budget_of(caches)
    own = [each for each in caches.entries if is_of_buildkit(each)]
    return ActionsCacheReport(
        name=caches.name,
        default_branch=caches.default_branch,
        read_s=caches.read_s,
        entries=len(caches.entries),
        buildkit_entries=len(own),
        buildkit_bytes=_size(own),
        budget=budget,
        refs=tuple(refs),
        findings=tuple(_findings(caches, refs, budget)),
        notes=tuple(_notes(caches)),
    )


def is_of_buildkit(entry: CacheEntry) -> bool:
    """Whether BuildKit's ``type=gha`` wrote it."""
    return entry.key.startswith(_BLOB) or _index(entry) is not None


def _index(entry: CacheEntry) -> "re.Match[str] | None":
    """The parts of an index's key; its ref is there as a digest, which keeps out what only looks like it."""
    match = _INDEX.fullmatch(entry.key)
    own = hashlib.sha256(entry.ref.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return match if match is not None and match["ref"] == own else None


def _size(entries: Iterable[CacheEntry]) -> int:
    return sum(each.size_bytes for each in entries)


# Refs.


def _ref(ref: str, entries: Sequence[CacheEntry], caches: RepositoryCaches, refs: Iterable[str]) -> RefCaches:
    run = _run_of(ref, caches)
    return RefCaches(
        ref=ref,
        readers=readers_of(ref, caches),
        entries=len(entries),
        size_bytes=_size(entries),
        buildkit_bytes=_size(each for each in entries if is_of_buildkit(each)),
        used_s=max(each.used_s for each in entries),
        reads=tuple(each for each in refs if each != ref and may_read(run, each, caches.default_branch)),
        exports=tuple(_exports(entries)),
    )


def _run_of(ref: str, caches: RepositoryCaches) -> RunRef:
    """A run of a ref: of an open pull request with its branches."""
    pull = _PULL.fullmatch(ref)
    known = next((each for each in caches.pulls or () if pull and each.number == int(pull[1])), None)
    if known is None:
        return RunRef(ref=ref)
    return RunRef(ref=ref, base=_HEADS + known.base, head=known.head and _HEADS + known.head)


def readers_of(ref: str, caches: RepositoryCaches) -> Readers:
    """Which runs, from now on, can restore the entries of a ref."""
    if ref == _HEADS + caches.default_branch:
        return Readers.EVERY_RUN
    if ref.startswith(_QUEUE):
        return Readers.QUEUE
    if (pull := _PULL.fullmatch(ref)) is not None:
        return _readers_of_pull(int(pull[1]), caches)
    if ref.startswith(_TAGS):
        return Readers.TAG
    if not ref.startswith(_HEADS) or caches.branches is None:
        return Readers.UNKNOWN
    return Readers.BRANCH if ref.removeprefix(_HEADS) in caches.branches else Readers.GONE


def _readers_of_pull(number: int, caches: RepositoryCaches) -> Readers:
    if caches.pulls is None:
        return Readers.UNKNOWN
    return Readers.PULL if any(each.number == number for each in caches.pulls) else Readers.CLOSED


def _exports(entries: Sequence[CacheEntry]) -> list[CacheExport]:
    """The exports of one ref, the newest first. A blob belongs to the first index after it."""
    indexes = sorted(
        ((entry, match) for entry in entries if (match := _index(entry)) is not None),
        key=lambda each: each[0].created_s,
    )
    blobs = sorted((each for each in entries if each.key.startswith(_BLOB)), key=lambda each: each.created_s)
    found, place = [], 0
    for index, match in indexes:
        start = place
        while place < len(blobs) and blobs[place].created_s <= index.created_s:
            place += 1
        new = blobs[start:place]
        found.append(
            CacheExport(
                scope=match["scope"],
                number=int(match["number"]),
                created_s=index.created_s,
                blobs=len(new),
                size_bytes=index.size_bytes + _size(new),
            )
        )
    return found[::-1]


# The budget.


def budget_of(caches: RepositoryCaches) -> Budget:
    """How full the cache is, and what the limit does at the rate of the last days."""
    listed = _size(caches.entries)
    used = max(listed, caches.used_bytes or 0)
    limit = DEFAULT_LIMIT_BYTES if caches.limit_bytes is None else caches.limit_bytes
    days = caches.retention_days or DEFAULT_RETENTION_DAYS
    rate = _rate(caches)
    until_full = None
    if used >= limit:
        until_full = 0.0
    elif rate:
        until_full = (limit - used) / rate
    return Budget(
        used_bytes=used,
        limit_bytes=limit,
        limit_is_known=caches.limit_bytes is not None,
        retention_days=days,
        written_bytes_a_day=None if rate is None else round(rate),
        days_until_full=until_full,
        longest_unused_days=_longest_unused(caches),
        next_to_go=removed_next(caches.entries, limit, round(rate or 0) + used - listed),
    )


def _rate(caches: RepositoryCaches) -> float | None:
    """Bytes a day."""
    if not caches.entries:
        return None
    oldest = min(each.created_s for each in caches.entries)
    days = min((caches.read_s - oldest) / DAY_S, _RATE_DAYS)
    if days < 1:
        return None
    begin = caches.read_s - days * DAY_S
    return _size(each for each in caches.entries if each.created_s >= begin) / days


def _longest_unused(caches: RepositoryCaches) -> float | None:
    if not caches.entries:
        return None
    return max(0.0, caches.read_s - min(each.used_s for each in caches.entries)) / DAY_S


def removed_next(entries: Sequence[CacheEntry], limit_bytes: int, more_bytes: int) -> tuple[CacheEntry, ...]:
    """What goes when ``more_bytes`` are added: first what was unused for the longest time.

    Source: docs.github.com, "Dependency caching reference", usage limits and eviction policy.
    """
    excess = _size(entries) + more_bytes - limit_bytes
    gone = []
    for entry in sorted(entries, key=lambda each: each.used_s):
        if excess <= 0:
            break
        gone.append(entry)
        excess -= entry.size_bytes
    return tuple(gone)


# Findings.


def _findings(caches: RepositoryCaches, refs: Sequence[RefCaches], budget: Budget) -> Iterator[CacheFinding]:
    """The largest first within each kind; the kinds in the order of what they cost."""
    yield from _evicted(caches, budget)
    yield from _unread(refs)
    yield from _pulls(refs)
    yield from _shared(refs)
    yield from _lost(caches, refs)


def _evicted(caches: RepositoryCaches, budget: Budget) -> Iterator[CacheFinding]:
    """The cache is full, or will be soon."""
    unused = budget.longest_unused_days or 0.0
    if budget.used_bytes >= _FULL * budget.limit_bytes and unused < budget.retention_days - 1:
        share = budget.used_bytes / max(budget.limit_bytes, 1)
        what = (
            f"the cache is {share:.0%} full, and no entry in it has been "
            f"unused for more than {unused:.1f} days, though GitHub keeps them for {budget.retention_days}"
        )
    elif budget.days_until_full is not None and budget.days_until_full <= _SOON_DAYS:
        what = f"at this rate the cache is full in {budget.days_until_full:.1f} days"
    else:
        return
    default = _HEADS + caches.default_branch
    own = [each for each in budget.next_to_go if each.ref == default and is_of_buildkit(each)]
    if own:
        what += f"; within a day {len(own):,} of BuildKit's entries of {caches.default_branch} are removed"
    yield CacheFinding(
        code=CacheAdvice.EVICTED,
        what=what,
        fix="write less: export on the default branch only, use mode=min where it is enough, or raise the "
        "limit in the repository's settings for Actions",
        size_bytes=_size(budget.next_to_go),
    )


def _unread(refs: Sequence[RefCaches]) -> Iterator[CacheFinding]:
    dead = [each for each in refs if each.readers in NO_NEW_READERS]
    if dead:
        verb = "holds" if len(dead) == 1 else "hold"
        yield CacheFinding(
            code=CacheAdvice.NO_READERS,
            what=f"{_refs(dead)} {verb} entries that only re-runs of old runs can read",
            fix=f"delete them when a pull request closes: `gh cache delete --all --ref {dead[0].ref}`",
            size_bytes=sum(each.size_bytes for each in dead),
        )


def _pulls(refs: Sequence[RefCaches]) -> Iterator[CacheFinding]:
    """Exports by pull requests: only later runs of the same one read them."""
    own = [each for each in refs if each.readers in (Readers.PULL, Readers.CLOSED) and each.buildkit_bytes]
    if own:
        verb = "exports" if len(own) == 1 else "export"
        yield CacheFinding(
            code=CacheAdvice.PULLS_WRITE,
            what=f"{_refs(own)} {verb} a cache that no other branch or pull request can read",
            fix="import in pull requests and export on the default branch only: `cache-to: ${{ "
            "github.ref_name == github.event.repository.default_branch && 'type=gha,mode=max' || '' }}`",
            size_bytes=sum(each.buildkit_bytes for each in own),
        )


def _shared(refs: Sequence[RefCaches]) -> Iterator[CacheFinding]:
    for ref in refs:
        by_scope: dict[str, list[CacheExport]] = defaultdict(list)
        for export in ref.exports:
            by_scope[export.scope].append(export)
        for scope, exports in by_scope.items():
            close = [
                (later, earlier)
                for later, earlier in pairwise(exports)
                if later.created_s - earlier.created_s <= _APART_S and later.blobs and earlier.blobs
            ]
            if not close:
                continue
            later, earlier = close[0]
            yield CacheFinding(
                code=CacheAdvice.SHARED_SCOPE,
                what=f"scope {scope} of {ref.ref} was exported twice within "
                f"{later.created_s - earlier.created_s:.0f} s, each time with new blobs: two jobs may share "
                "it, and an import reads only the last export",
                fix="give each build a scope of its own, in cache-to and cache-from: `type=gha,scope=NAME`",
                size_bytes=earlier.size_bytes,
            )


def _lost(caches: RepositoryCaches, refs: Sequence[RefCaches]) -> Iterator[CacheFinding]:
    """Blobs of a ref without an index: an index of the same ref refers to them, or of a pull request that may
    read them."""
    for ref in refs:
        if ref.readers in NO_NEW_READERS or ref.exports or not ref.buildkit_bytes:
            continue
        if ref.readers not in (Readers.PULL, Readers.TAG):
            continue
        yield CacheFinding(
            code=CacheAdvice.NO_INDEX,
            what=f"{ref.ref} has blobs of BuildKit and no index: no import finds them",
            fix="look whether its exports fail or are cut off; the index is written last",
            size_bytes=ref.buildkit_bytes,
        )


def _refs(refs: Sequence[RefCaches]) -> str:
    named = [each.ref for each in refs]
    if len(named) <= _NAMED:
        return ", ".join(named)
    return f"{', '.join(named[: _NAMED - 1])} and {len(named) - _NAMED + 1:,} more refs"


def _notes(caches: RepositoryCaches) -> Iterator[str]:
    missing: Mapping[str, object] = {
        "the repository's limit: GitHub's default of 10 GB is assumed": caches.limit_bytes,
        "the repository's retention: GitHub's default of 7 days is assumed": caches.retention_days,
        "the pull requests: who reads their entries is unknown": caches.pulls,
        "the branches: who reads their entries is unknown": caches.branches,
    }
    for what, value in missing.items():
        if value is None:
            yield f"the token may not ask for {what}"
