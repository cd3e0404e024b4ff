"""Rules about caches that builds import and export."""

import fnmatch
import re
from collections.abc import Iterator, Sequence, Set
from functools import partial
from itertools import combinations

from layerfork.dockerfile import Instruction
from layerfork.lint.declaredbuilds import EXPRESSION, CacheEntry, DeclaredBuild
from layerfork.lint.dockerfiles import OpenedDockerfile, chain_of, stages_of
from layerfork.lint.lintedfiles import FileKind
from layerfork.lint.rule import LintRule, Project, Violation, runs
from layerfork.record.answer import Fix
from layerfork.record.lint import TrapCode

_ELSEWHERE = re.compile(r"(?m)^\s*(?:-\s+)?uses:\s*[\"']?(?:\./|[^@\s]+\.ya?ml@)")
"""An action or a workflow that is not read: it may write any cache."""
_CLASSIC = re.compile(r"DOCKER_BUILDKIT[\"']?\s*[:=]\s*[\"']?(?:0|false)|\bdocker:(?:1[789]|20)\b")
"""Signs of the classic builder, which takes any image for a cache: Docker's default up to 20.10."""


def find_unwritten_scope(project: Project) -> Iterator[Violation]:
    """``type=gha`` of a scope that no build of the repository writes."""
    writes = [entry for build in project.builds for entry in build.writes]
    if _may_write_anything(project, writes):
        return
    written = {entry.place for entry in writes if entry.kind == "gha"}
    others = ", ".join(sorted(map(_scope_of, written)))
    known = f"only {others}" if written else "no cache-to has type=gha"
    for build, entry in _reads(project):
        if entry.kind == "gha" and not any(map(partial(_may_be, entry.place), written)):
            cost = (
                f"no build writes scope {_scope_of(entry.place)} ({known}), so nothing is ever imported here"
            )
            fix = f"add `cache-to: type=gha,mode=max{_scope(entry)}`, or read a scope that is written"
            yield _import_found(build, entry, cost, fix)


def _may_write_anything(project: Project, writes: Sequence[CacheEntry]) -> bool:
    """Whether a workflow calls what is not read, or the kind of an export is an expression."""
    workflows = (source.text for source in project.of_kind(FileKind.GITHUB))
    kinds = (entry.kind for entry in writes)
    return any(map(_ELSEWHERE.search, workflows)) or any(map(EXPRESSION.search, kinds))


def _reads(project: Project) -> Iterator[tuple[DeclaredBuild, CacheEntry]]:
    """Each build with each cache that it imports."""
    return ((build, entry) for build in project.builds for entry in build.reads)


def _scope_of(place: str) -> str:
    return place.removeprefix("gha ")


def _scope(entry: CacheEntry) -> str:
    return f",scope={entry.attributes['scope']}" if "scope" in entry.attributes else ""


def _may_be(place: str, other: str) -> bool:
    """Whether two places may be one, whatever their expressions become."""
    if EXPRESSION.search(place) and EXPRESSION.search(other):
        return True
    return fnmatch.fnmatchcase(other, _wild(place)) or fnmatch.fnmatchcase(place, _wild(other))


def _wild(place: str) -> str:
    """A pattern of what it may become; one without expressions matches itself alone."""
    pieces = EXPRESSION.split(place)
    return "*".join(re.sub(r"([*?\[])", r"[\1]", piece) for piece in pieces)


def find_missing_inline(project: Project) -> Iterator[Violation]:
    """``cache-from`` of an image that the same build pushes without any cache in it."""
    inline = {tag for build in project.builds if _has_inline(build) for tag in build.tags}
    for build, entry in _reads(project):
        ref = entry.attributes.get("ref") or entry.text
        written = {each.attributes.get("ref", "") for each in build.writes}
        is_bare = ref in set(build.tags) - inline - written
        if is_bare and not _CLASSIC.search(build.source.text):
            cost = (
                f"no build puts a cache into {ref}, and BuildKit imports nothing of an image without one: a "
                "fresh builder begins from nothing"
            )
            yield _import_found(build, entry, cost, f"add {_inline(build)}, or write a cache of its own")


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


def _import_found(build: DeclaredBuild, entry: CacheEntry, cost: str, fix: str) -> Violation:
    subject = build.source.at(entry.line)
    return Violation(source=build.source, line=entry.line, subject=subject, cost=cost, fix=Fix(sentence=fix))


IMPORTING = (
    LintRule(code=TrapCode.SCOPE_NEVER_WRITTEN, find=find_unwritten_scope),
    LintRule(code=TrapCode.INLINE_CACHE_MISSING, find=find_missing_inline),
)


# Caches that several builds write, so that each finds what another one left.

Write = tuple[DeclaredBuild, CacheEntry]
_APART = {"gha": "scope", "registry": "ref", "local": "dest", "s3": "name", "azblob": "name"}
"""The attribute that keeps caches of a kind apart."""


def find_overwritten(project: Project) -> Iterator[Violation]:
    """Builds of different things that write one place."""
    reported = set()
    for first, second in _pairs(project):
        key = (second[0].source.path, second[1].line, second[1].place)
        if _is_other(project, first[0], second[0]) and key not in reported:
            reported.add(key)
            cost = (
                f"{_named(second[0], first[0])} and {_named(first[0], second[0])} both write "
                f"{second[1].place}: an export takes the place of what lies there, so only the last is found"
            )
            yield _export_found(second, cost, f"give each its own {_APART[second[1].kind]}")
    for build, entry in _varying(project):
        if any(map(build.depends_on_matrix, _things(build))):
            yield _matrix_found(build, entry, "builds something else")


def _is_other(project: Project, first: DeclaredBuild, second: DeclaredBuild) -> bool:
    """Whether each has steps that the other lacks. A target on top of another has all of its steps."""
    if first.what == second.what:
        return False
    if first.dockerfile_path != second.dockerfile_path or first.what[:2] != second.what[:2]:
        return True
    for opened in project.dockerfiles:
        if opened.source.path == first.dockerfile_path:
            own, others = (stages_of(opened.dockerfile, each.target) for each in (first, second))
            return not (own and others and _is_nested(own, others))
    return True


def _is_nested(own: Set[object], others: Set[object]) -> bool:
    """Whether one of the two is a part of the other."""
    return own <= others or others <= own


def find_shared_by_platforms(project: Project) -> Iterator[Violation]:
    """Builds of one thing that write one place, where each has a platform that the other lacks."""
    for first, second in _pairs(project):
        own, others = set(second[0].platforms), set(first[0].platforms)
        known = own and others and not any(map(EXPRESSION.search, own | others))
        if first[0].what == second[0].what and known and not _is_nested(own, others):
            cost = (
                f"{_named(second[0], first[0])} builds for {', '.join(second[0].platforms)} and writes what "
                f"{_named(first[0], second[0])} wrote for {', '.join(first[0].platforms)}: each export takes "
                "the place of the other's"
            )
            yield _export_found(second, cost, f"put the platform into the {_APART[second[1].kind]}")
    for build, entry in _varying(project):
        platforms = ",".join(build.platforms)
        if build.depends_on_matrix(platforms) and not any(map(build.depends_on_matrix, _things(build))):
            yield _matrix_found(build, entry, "builds for another platform")


def _matrix_found(build: DeclaredBuild, entry: CacheEntry, does: str) -> Violation:
    cost = (
        f"each run of the matrix of {build.name} {does} and writes {entry.place}: the last export takes the "
        "place of all others"
    )
    return _export_found((build, entry), cost, f"put {_variable(build)} into its {_APART[entry.kind]}")


def _pairs(project: Project) -> Iterator[tuple[Write, Write]]:
    """Two builds each that write one place, and that may both run."""
    places: dict[tuple[str, ...], list[Write]] = {}
    for build, entry in _fixed_writes(project):
        places.setdefault(_key(build, entry), []).append((build, entry))
    for writes in places.values():
        for first, second in combinations(writes, 2):
            conditions = {first[0].condition, second[0].condition}
            if len(conditions) == 1 or "" in conditions:
                yield first, second


def _fixed_writes(project: Project) -> Iterator[Write]:
    """Exports to a known place that is the same for each run of a matrix."""
    for build in project.builds:
        for entry in build.writes:
            if entry.place and not build.depends_on_matrix(entry.text):
                yield build, entry


def _key(build: DeclaredBuild, entry: CacheEntry) -> tuple[str, ...]:
    """Equal where one place is meant: directories of one machine, expressions of one file."""
    file = str(build.source.path)
    if entry.kind == "local":
        return entry.place, file, build.machine
    return (entry.place,) if entry.is_whole or _is_of_github(entry) else (entry.place, file)


def _is_of_github(entry: CacheEntry) -> bool:
    return all("github." in each for each in EXPRESSION.findall(entry.text))


def _varying(project: Project) -> Iterator[Write]:
    """Builds of a matrix whose runs all write one place that other machines see."""
    for build, entry in _fixed_writes(project):
        if build.varies and not (entry.kind == "local" and build.machine):
            yield build, entry


def _things(build: DeclaredBuild) -> tuple[str, ...]:
    """What decides what is built, besides the platform."""
    return (build.context, build.dockerfile, build.target, *build.arguments)


def _variable(build: DeclaredBuild) -> str:
    texts = (*_things(build), *build.platforms)
    used = sorted(name for name in build.variables if any(name in text for text in texts))
    return used[0] if used else "the matrix"


def _named(build: DeclaredBuild, other: DeclaredBuild) -> str:
    if build.source.path == other.source.path:
        return build.name
    return f"{build.name} of {build.source.path.name}"


def _export_found(write: Write, cost: str, what: str) -> Violation:
    build, entry = write
    return Violation(
        source=build.source,
        line=entry.line,
        subject=build.source.at(entry.line),
        cost=cost,
        fix=Fix(sentence=what),
    )


OVERWRITING = (
    LintRule(code=TrapCode.CACHE_OVERWRITTEN, find=find_overwritten),
    LintRule(code=TrapCode.PLATFORMS_SHARE_CACHE, find=find_shared_by_platforms),
)


# Caches that leave out the steps which take long.

_CAN = frozenset({"gha", "registry", "local", "s3", "azblob"})
"""Kinds of caches that hold all steps with ``mode=max``; without it ``min`` counts.

Source: docs.docker.com build/cache/backends (mode).
"""


def find_left_out_stages(project: Project) -> Iterator[Violation]:
    """An export with ``mode=min`` of a build whose result only copies from other stages."""
    opened = {each.source.path: each for each in project.dockerfiles}
    for build in project.builds:
        dockerfile = opened.get(build.dockerfile_path)
        left_out = _left_out(dockerfile, build.target) if dockerfile is not None else []
        for entry in build.writes:
            is_min = entry.attributes.get("mode", "min") == "min"
            if left_out and dockerfile is not None and entry.kind in _CAN and is_min:
                cost = (
                    f"mode=min leaves out stages that are only copied from: a fresh builder makes the "
                    f"{runs(left_out)} of {dockerfile.source.path.name} again once anything there changes"
                )
                yield Violation(
                    source=build.source,
                    line=entry.line,
                    subject=build.source.at(entry.line),
                    cost=cost,
                    fix=Fix(sentence="add `mode=max`"),
                )


def _left_out(opened: OpenedDockerfile, target: str) -> list[Instruction]:
    """RUNs of stages that the result needs and is not built upon."""
    dockerfile = opened.dockerfile
    last = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
    if last is None:
        return []
    own = {stage.index for stage in chain_of(dockerfile, last)}
    others = sorted(stages_of(dockerfile, target) - own)
    return [
        each for index in others for each in dockerfile.stages[index].instructions if each.keyword == "RUN"
    ]


EXPORTING = (LintRule(code=TrapCode.STAGES_NOT_EXPORTED, find=find_left_out_stages),)
