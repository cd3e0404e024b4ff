"""GitHub's cache service for one repository: its entries, who can read them, and what to do about them."""

from dataclasses import dataclass
from enum import StrEnum

ACTIONS_CACHE_SCHEMA = "layerfork/actions-cache/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """One entry, as the API lists it."""

    id: int
    ref: str
    """The ref whose run wrote it: ``refs/heads/main``, ``refs/pull/7/merge``."""
    key: str
    size_bytes: int
    created_s: float
    """Seconds since 1970."""
    used_s: float
    """When a run last restored it, or when it was written; seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPull:
    """A pull request that is open."""

    number: int
    base: str
    """The branch that it is to be merged into, without ``refs/heads/``."""
    head: str
    """Its branch in the same repository; empty where it comes from a fork."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryCaches:
    """What GitHub's API says of a repository and its cache."""

    name: str
    """Host and path."""
    default_branch: str
    entries: tuple[CacheEntry, ...]
    read_s: float
    """When it was read; seconds since 1970."""
    used_bytes: int | None = None
    """What GitHub counts against the limit; it may be five minutes old. None where the token may not ask."""
    limit_bytes: int | None = None
    """The repository's own limit. None where the token may not ask: only administrators may."""
    retention_days: int | None = None
    """Days after which an unused entry is removed; None as for the limit."""
    pulls: tuple[OpenPull, ...] | None = None
    """None where the token may not ask."""
    branches: frozenset[str] | None = None
    """Names; None as for pull requests."""


class Readers(StrEnum):
    """Which runs can restore the entries of a ref."""

    EVERY_RUN = "every run"
    BRANCH = "runs of this branch, and pull requests into or from it"
    PULL = "runs of this pull request"
    TAG = "runs of this tag"
    CLOSED = "only re-runs: the pull request is closed"
    GONE = "only re-runs: the branch no longer exists"
    QUEUE = "only re-runs: a merge queue uses a new ref for each attempt"
    UNKNOWN = "unknown"


NO_NEW_READERS = frozenset({Readers.CLOSED, Readers.GONE, Readers.QUEUE})
"""No run that is yet to begin reads them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheExport:
    """One export by BuildKit: an index, and the blobs that were written since the one before it."""

    scope: str
    """The value of ``scope=``; ``buildkit`` where none was given."""
    number: int
    """BuildKit counts the exports of a scope and ref."""
    created_s: float
    blobs: int
    """New blobs. They are assigned by time: GitHub's API does not say what an index refers to."""
    size_bytes: int
    """Of the index and its new blobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefCaches:
    """The entries of one ref."""

    ref: str
    readers: Readers
    entries: int
    size_bytes: int
    buildkit_bytes: int
    """The part that BuildKit wrote."""
    used_s: float
    """The last use of any of its entries."""
    reads: tuple[str, ...] = ()
    """The other refs of this cache whose entries runs of this ref can restore."""
    exports: tuple[CacheExport, ...] = ()
    """The newest first. The entries of older exports may be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much there is, how much may be, and what that does."""

    used_bytes: int
    limit_bytes: int
    limit_is_known: bool
    """Whether GitHub said so; else it is GitHub's default."""
    retention_days: int
    written_bytes_a_day: int | None
    """At least: what was written and removed since is not listed. None where all entries are younger than a
    day."""
    days_until_full: float | None
    """At this rate; 0 when it is full. None where the rate is unknown or 0."""
    longest_unused_days: float | None
    """No entry was unused for longer; None without entries."""
    next_to_go: tuple[CacheEntry, ...] = ()
    """What the limit will remove within a day at this rate, the first one first."""


class CacheAdvice(StrEnum):
    """Kinds of findings."""

    NO_READERS = "no-readers"
    PULLS_WRITE = "pulls-write"
    EVICTED = "evicted"
    SHARED_SCOPE = "shared-scope"
    NO_INDEX = "no-index"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheFinding:
    """Something that costs space or hits, and one thing to do about it."""

    code: CacheAdvice
    what: str
    fix: str
    size_bytes: int = 0
    """What it concerns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionsCacheReport:
    """What `cache github` found."""

    name: str
    default_branch: str
    read_s: float
    entries: int
    buildkit_entries: int
    buildkit_bytes: int
    budget: Budget
    refs: tuple[RefCaches, ...]
    """The largest first."""
    findings: tuple[CacheFinding, ...]
    notes: tuple[str, ...] = ()
    """What the token may not ask, so that it is unknown."""
