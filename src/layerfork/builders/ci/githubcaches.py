"""The cache service of a repository of GitHub, read from the REST API: entries, limits, refs.

Source: docs.github.com, REST API for Actions cache, pulls and branches, as in octokit/openapi 23.0.2.
"""

import time
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from layerfork.builders.ci.github import GitHub, seconds_of
from layerfork.builders.ci.web import StatusError
from layerfork.record.actionscache import CacheEntry, OpenPull, RepositoryCaches
from layerfork.record.progress import Say

_PAGE = "100"
_GB = 1024**3
_SAY_EVERY = 1_000
"""Entries."""
_FORBIDDEN = frozenset({403, 404})
"""GitHub also answers 404 where a token may not ask."""


class _Entry(msgspec.Struct):
    id: int = 0
    ref: str = ""
    key: str = ""
    size_in_bytes: int = 0
    created_at: str = ""
    last_accessed_at: str = ""


class _Entries(msgspec.Struct):
    total_count: int
    actions_caches: list[_Entry]


class _Usage(msgspec.Struct):
    active_caches_size_in_bytes: int


class _Limit(msgspec.Struct):
    max_cache_size_gb: int | None = None


class _Retention(msgspec.Struct):
    max_cache_retention_days: int | None = None


class _Named(msgspec.Struct):
    full_name: str = ""


class _Side(msgspec.Struct):
    ref: str = ""
    repo: _Named | None = None


class _Pull(msgspec.Struct):
    number: int
    base: _Side
    head: _Side


class _Branch(msgspec.Struct):
    name: str


Answered = TypeVar("Answered")


class GitHubCaches(GitHub):
    """A repository's cache service."""

    def __init__(self, word: str, environment: Mapping[str, str], say: Say) -> None:
        """As `GitHub`. Raises: UsageError for what is no repository."""
        super().__init__(word, environment, say)
        self._say = say

    def read(self) -> RepositoryCaches:
        """Everything that the token may ask. Raises: LayerforkError."""
        default = self.default_branch()
        entries = self._entries()
        usage = self._allowed("actions/cache/usage", _Usage)
        limit = self._allowed("actions/cache/storage-limit", _Limit)
        retention = self._allowed("actions/cache/retention-limit", _Retention)
        limit_gb = limit.max_cache_size_gb if limit is not None else None
        return RepositoryCaches(
            name=self.name,
            default_branch=default,
            entries=entries,
            read_s=time.time(),
            used_bytes=usage.active_caches_size_in_bytes if usage is not None else None,
            limit_bytes=limit_gb * _GB if limit_gb else None,
            retention_days=retention.max_cache_retention_days if retention is not None else None,
            pulls=self._pulls(),
            branches=self._branches(),
        )

    def _entries(self) -> tuple[CacheEntry, ...]:
        found: dict[int, CacheEntry] = {}
        path = f"repos/{self._path}/actions/caches"
        for page in self._api.pages(path, _Entries, per_page=_PAGE, sort="created_at", direction="asc"):
            found |= {each.id: _entry(each) for each in page.actions_caches}
            if len(found) % _SAY_EVERY == 0 and found:
                self._say(f"{self.name}: {len(found):,} of {page.total_count:,} entries")
        return tuple(found.values())

    def _allowed(self, below: str, form: type[Answered]) -> Answered | None:
        """An answer; None where the token may not ask."""
        try:
            return self._api.read(f"repos/{self._path}/{below}", form)
        except StatusError as error:
            if error.status not in _FORBIDDEN:
                raise
            return None

    def _listed(self, below: str, form: type[Answered], **query: str) -> list[Answered] | None:
        """The rows of every page; None where the token may not ask."""
        try:
            pages = self._api.pages(f"repos/{self._path}/{below}", list[form], per_page=_PAGE, **query)  # type: ignore[valid-type]
            return [each for page in pages for each in page]
        except StatusError as error:
            if error.status not in _FORBIDDEN:
                raise
            return None

    def _pulls(self) -> tuple[OpenPull, ...] | None:
        pulls = self._listed("pulls", _Pull, state="open")
        if pulls is None:
            return None
        return tuple(
            OpenPull(number=each.number, base=each.base.ref, head=each.head.ref if self._is_own(each) else "")
            for each in pulls
        )

    def _is_own(self, pull: _Pull) -> bool:
        repository = pull.head.repo
        return repository is not None and repository.full_name.lower() == self._path.lower()

    def _branches(self) -> frozenset[str] | None:
        branches = self._listed("branches", _Branch)
        return None if branches is None else frozenset(each.name for each in branches)


def _entry(entry: _Entry) -> CacheEntry:
    created = seconds_of(entry.created_at)
    return CacheEntry(
        id=entry.id,
        ref=entry.ref,
        key=entry.key,
        size_bytes=entry.size_in_bytes,
        created_s=created,
        used_s=max(created, seconds_of(entry.last_accessed_at)),
    )
