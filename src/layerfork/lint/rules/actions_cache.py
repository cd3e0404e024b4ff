"""Keys of ``actions/cache`` around a cache that BuildKit writes into a directory.

Source: actions/cache src/saveImpl.ts:saveImpl @ 01229828ffa0: what was restored by the very key is not saved;
docs.github.com, Dependency caching reference (a saved cache cannot be changed).
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from layerfork.lint.declaredbuilds import DeclaredBuild, Node, unspaced
from layerfork.lint.lintedfiles import FileKind
from layerfork.lint.rule import LintRule, Project, Violation
from layerfork.record.answer import Fix
from layerfork.record.lint import TrapCode

if TYPE_CHECKING:
    from layerfork.lint.ci import Step

_CACHE = ("actions/cache", "actions/cache/save", "actions/cache/restore")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_STAYS = re.compile(
    r"runner\.\w+|matrix\.[\w-]+|github\.(?:workflow|job|repository|repository_owner|ref|ref_name|head_ref|base_ref)"
)
"""Expressions that are the same in each run, at least of a branch."""
_CHANGES = re.compile(r"github\.(?:sha|run_id|run_number|run_attempt)")


def find_frozen_key(project: Project) -> Iterator[Violation]:
    """A key that never changes: what the first run saved is never replaced."""
    for step in _steps(project):
        key = step.node.get("with", "key")
        expressions = _EXPRESSION.findall(unspaced(key.word))
        if step.action != "actions/cache/restore" and key and all(map(_STAYS.fullmatch, expressions)):
            cost = (
                "this key stays the same, and what is saved under a key never changes: each run restores the "
                "cache of the first one"
            )
            fix = "end the key with `-${{ github.sha }}`, and give the part before it as restore-keys"
            yield _found(step, key, cost, fix)


def find_unmatched_key(project: Project) -> Iterator[Violation]:
    """A key that is another in each run, and nothing else to restore by."""
    for step in _steps(project):
        key = step.node.get("with", "key")
        changes = any(map(_CHANGES.search, _EXPRESSION.findall(unspaced(key.word))))
        if step.action != "actions/cache/save" and changes and not step.node.get("with", "restore-keys"):
            cost = (
                "this key is another for each commit or run, so a new one never finds what was saved before"
            )
            yield _found(step, key, cost, "add restore-keys with the part of the key that stays")


def _steps(project: Project) -> "Iterator[Step]":
    """Steps that keep a directory which a build of their job reads or writes as a cache."""
    if not project.of_kind(FileKind.GITHUB):
        return
    from layerfork.lint.ci import github_steps  # late: start-up

    for source in project.of_kind(FileKind.GITHUB):
        builds = [build for build in project.builds if build.source == source]
        for step in github_steps(source):
            places = _directories([build for build in builds if build.machine == step.job])
            paths = {_directory(unspaced(line)) for _, line in step.node.get("with", "path").lines()}
            if step.action in _CACHE and not places.isdisjoint(paths):
                yield step


def _directories(builds: Iterable[DeclaredBuild]) -> set[str]:
    """Directories that builds read or write as caches."""
    entries = [entry for build in builds for entry in (*build.reads, *build.writes)]
    return {_directory(entry.attributes.get(name, "")) for entry in entries for name in ("src", "dest")} - {
        ""
    }


def _directory(path: str) -> str:
    return path.rstrip("/").removeprefix("./")


def _found(step: "Step", key: Node, cost: str, fix: str) -> Violation:
    text = step.source.at(key.line)
    return Violation(source=step.source, line=key.line, subject=text, cost=cost, fix=Fix(sentence=fix))


KEYS = (
    LintRule(code=TrapCode.FROZEN_CACHE_KEY, find=find_frozen_key),
    LintRule(code=TrapCode.UNMATCHED_CACHE_KEY, find=find_unmatched_key),
)
