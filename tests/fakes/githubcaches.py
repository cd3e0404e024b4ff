"""The part of GitHub's REST API that shows a repository's cache; answers have their published schemas."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fakes.apiserver import Answer, Asked, json_answer, page_of
from fakes.githubruns import _TOP, DESCRIPTION, REPOSITORY, GitHubRuns, _filled, _valid


@dataclass(kw_only=True)
class Entry:
    ref: str
    key: str
    size: int
    created_s: float
    used_s: float = 0.0


@dataclass(kw_only=True)
class Pull:
    number: int
    base: str = "main"
    head: str = "topic"
    fork: str = ""


@dataclass(kw_only=True)
class GitHubCacheService(GitHubRuns):
    """A repository's cache; the token may not ask for a limit that is None."""

    entries: list[Entry] = field(default_factory=list)
    pulls: list[Pull] = field(default_factory=list)
    branches: Sequence[str] = ("main",)
    limit_gb: int | None = None
    retention_days: int | None = None

    def _answer(self, asked: Asked, path: str) -> Answer:
        if path == "/actions/caches":
            rows = [_entry(number, each) for number, each in enumerate(self.entries, 1)]
            if asked.query.get("sort") == "created_at" and asked.query.get("direction") == "asc":
                rows.sort(key=lambda each: str(each["created_at"]))
            return self._page(asked, _TOP + path, "actions_caches", rows)
        if path == "/actions/cache/usage":
            size = sum(each.size for each in self.entries)
            used = {"active_caches_size_in_bytes": size, "active_caches_count": len(self.entries)}
            return _valid(_TOP + path, {"full_name": REPOSITORY, **used})
        if match := re.fullmatch(r"/actions/cache/(storage|retention)-limit", path):
            name, value = {
                "storage": ("max_cache_size_gb", self.limit_gb),
                "retention": ("max_cache_retention_days", self.retention_days),
            }[match[1]]
            if value is None:
                return json_answer({"message": "Resource not accessible by integration"}, 403)
            return _valid(_TOP + path, {name: value})
        if path == "/pulls":
            assert asked.query["state"] == "open"
            return self._listed(asked, path, [_pull(each) for each in self.pulls])
        if path == "/branches":
            return self._listed(asked, path, [{"name": each} for each in self.branches])
        return super()._answer(asked, path)

    def _listed(self, asked: Asked, path: str, rows: list[dict[str, Any]]) -> Answer:
        shown, links = page_of(asked, rows, self.per_page)
        schema = DESCRIPTION["paths"][_TOP + path]["items"]
        return _valid(_TOP + path, [_filled(schema, each) for each in shown], links)


def _entry(number: int, entry: Entry) -> dict[str, Any]:
    return {
        "id": number,
        "ref": entry.ref,
        "key": entry.key,
        "version": "0" * 64,
        "size_in_bytes": entry.size,
        "created_at": _time(entry.created_s),
        "last_accessed_at": _time(entry.used_s or entry.created_s),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _pull(pull: Pull) -> dict[str, Any]:
    owner = f"{pull.fork}/project" if pull.fork else REPOSITORY
    return {
        "number": pull.number,
        "base": {"ref": pull.base},
        "head": {"ref": pull.head, "repo": {"full_name": owner}},
    }
