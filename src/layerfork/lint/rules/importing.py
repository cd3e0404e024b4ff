"""Caches that are read, and that nobody writes."""

import fnmatch
import re
from collections.abc import Iterator

from layerfork.lint.declared.build import DeclaredBuild
from layerfork.lint.declared.cacheentry import EXPRESSION, CacheEntry
from layerfork.lint.files.kind import FileKind
from layerfork.lint.project import Project
from layerfork.lint.rule import Found, Rule
from layerfork.record.answer import Fix
from layerfork.record.trap import TrapCode

_ELSEWHERE = re.compile(r"(?m)^\s*(?:-\s+)?uses:\s*[\"']?(?:\./|[^@\s]+\.ya?ml@)")
"""An action or a workflow that is not read: it may write any cache."""
_CLASSIC = re.compile(r"DOCKER_BUILDKIT[\"']?\s*[:=]\s*[\"']?(?:0|false)|\bdocker:(?:1[789]|20)\b")
"""Signs of the classic builder, which takes any image for a cache: Docker's default up to 20.10."""


def find_unwritten_scope(project: Project) -> Iterator[Found]:
    """``type=gha`` of a scope that no build of the repository writes."""
    if any(_ELSEWHERE.search(source.text) for source in project.of_kind(FileKind.GITHUB)):
        return
    writes = [entry for build in project.builds for entry in build.writes]
    if any(EXPRESSION.search(entry.kind) for entry in writes):
        return
    written = {entry.place for entry in writes if entry.kind == "gha"}
    for build in project.builds:
        for entry in build.reads:
            if entry.kind == "gha" and not any(_may_be(entry.place, place) for place in written):
                scope = entry.place.removeprefix("gha ")
                others = sorted(place.removeprefix("gha ") for place in written)
                known = f"only {', '.join(others)}" if others else "no cache-to has type=gha"
                cost = f"nobody writes scope {scope}: {known}; nothing is ever imported here"
                fix = f"add `cache-to: type=gha,mode=max{_scope(entry)}`, or read a scope that is written"
                yield _found(build, entry, cost, fix)


def _scope(entry: CacheEntry) -> str:
    return f",scope={entry.attributes['scope']}" if "scope" in entry.attributes else ""


def _may_be(place: str, other: str) -> bool:
    """Whether two places may be one, whatever their expressions become."""
    if place == other:
        return True
    first, second = bool(EXPRESSION.search(place)), bool(EXPRESSION.search(other))
    if first and second:
        return True
    pattern, text = (place, other) if first else (other, place)
    return (first or second) and fnmatch.fnmatchcase(text, _wild(pattern))


def _wild(place: str) -> str:
    pieces = EXPRESSION.split(place)
    return "*".join(re.sub(r"([*?\[])", r"[\1]", piece) for piece in pieces)


def find_missing_inline(project: Project) -> Iterator[Found]:
    """``cache-from`` of an image that the same build pushes without any cache in it."""
    inline = {tag for build in project.builds if _has_inline(build) for tag in build.tags}
    for build in project.builds:
        if _CLASSIC.search(build.source.text):
            continue
        written = {entry.attributes.get("ref", "") for entry in build.writes}
        for entry in build.reads:
            ref = entry.attributes.get("ref") or entry.text
            if ref in build.tags and ref not in inline | written:
                cost = (
                    f"no build puts a cache into {ref}, and BuildKit imports nothing of an image "
                    "without one: a fresh builder begins from nothing"
                )
                yield _found(build, entry, cost, f"add {_inline(build)}, or write a cache of its own")


def _has_inline(build: DeclaredBuild) -> bool:
    asked = any(each.replace(" ", "").startswith("BUILDKIT_INLINE_CACHE=") for each in build.arguments)
    kinds = {entry.kind for entry in build.writes}
    return asked or not kinds.isdisjoint(("", "inline")) or any(map(EXPRESSION.search, kinds))


def _inline(build: DeclaredBuild) -> str:
    """How an inline cache is asked for in this file."""
    if build.source.kind is FileKind.COMPOSE:
        return "`cache_to: [type=inline]`"
    if build.source.kind is FileKind.BAKE:
        return '`cache-to = ["type=inline"]`'
    return "`--cache-to type=inline`" if build.is_command else "`cache-to: type=inline`"


def _found(build: DeclaredBuild, entry: CacheEntry, cost: str, fix: str) -> Found:
    subject = build.source.at(entry.line)
    return Found(source=build.source, line=entry.line, subject=subject, cost=cost, fix=Fix(sentence=fix))


IMPORTING = (
    Rule(code=TrapCode.SCOPE_NEVER_WRITTEN, find=find_unwritten_scope),
    Rule(code=TrapCode.INLINE_CACHE_MISSING, find=find_missing_inline),
)
