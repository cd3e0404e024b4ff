"""Caches that several builds write, so that each finds what another one left."""

from collections.abc import Iterator
from itertools import combinations

from layerfork.lint.declared.build import DeclaredBuild
from layerfork.lint.declared.cacheentry import EXPRESSION, CacheEntry
from layerfork.lint.dockerfiles.stages import stages_of
from layerfork.lint.project import Project
from layerfork.lint.rule import Found, Rule
from layerfork.record.answer import Fix
from layerfork.record.trap import TrapCode

Write = tuple[DeclaredBuild, CacheEntry]
_APART = {"gha": "scope", "registry": "ref", "local": "dest", "s3": "name", "azblob": "name"}
"""The attribute that keeps caches of a kind apart."""


def find_overwritten(project: Project) -> Iterator[Found]:
    """Builds of different things that write one place."""
    told = set()
    for first, second in _pairs(project):
        key = (second[0].source.path, second[1].line, second[1].place)
        if _is_other(project, first[0], second[0]) and key not in told:
            told.add(key)
            cost = (
                f"{_named(second[0], first[0])} and {_named(first[0], second[0])} both write "
                f"{second[1].place}: an export takes the place of what lies there, so only the last is found"
            )
            yield _found(second, cost, f"give each its own {_APART[second[1].kind]}")
    for build, entry in _varying(project):
        if any(map(build.depends_on_matrix, _things(build))):
            cost = (
                f"each run of the matrix of {build.name} builds something else and writes {entry.place}: the "
                "last export takes the place of all others"
            )
            yield _found((build, entry), cost, f"put {_variable(build)} into its {_APART[entry.kind]}")


def _is_other(project: Project, first: DeclaredBuild, second: DeclaredBuild) -> bool:
    """Whether each has steps that the other lacks. A target on top of another has all of its steps."""
    if first.what == second.what:
        return False
    opened = next((each for each in project.dockerfiles if each.source.path == first.dockerfile_path), None)
    if opened is None or first.dockerfile_path != second.dockerfile_path or first.what[:2] != second.what[:2]:
        return True
    own, others = stages_of(opened.dockerfile, first.target), stages_of(opened.dockerfile, second.target)
    return not (own and others) or not (own <= others or others <= own)


def find_shared_by_platforms(project: Project) -> Iterator[Found]:
    """Builds of one thing for platforms of which neither has all of the other's, that write one place."""
    for first, second in _pairs(project):
        own, others = set(second[0].platforms), set(first[0].platforms)
        known = own and others and not any(map(EXPRESSION.search, own | others))
        if first[0].what == second[0].what and known and not (own <= others or others <= own):
            cost = (
                f"{_named(second[0], first[0])} builds for {', '.join(second[0].platforms)} and writes what "
                f"{_named(first[0], second[0])} wrote for {', '.join(first[0].platforms)}: each export takes "
                "the place of the other's"
            )
            yield _found(second, cost, f"put the platform into the {_APART[second[1].kind]}")
    for build, entry in _varying(project):
        platforms = ",".join(build.platforms)
        if build.depends_on_matrix(platforms) and not any(map(build.depends_on_matrix, _things(build))):
            cost = (
                f"each run of the matrix of {build.name} builds for another platform and writes "
                f"{entry.place}: the last export takes the place of all others"
            )
            yield _found((build, entry), cost, f"put {_variable(build)} into its {_APART[entry.kind]}")


def _pairs(project: Project) -> Iterator[tuple[Write, Write]]:
    """Two builds each that write one place, and that may both run."""
    places: dict[tuple[str, ...], list[Write]] = {}
    for build in project.builds:
        for entry in build.writes:
            if entry.place and not build.depends_on_matrix(entry.text):
                places.setdefault(_key(build, entry), []).append((build, entry))
    for writes in places.values():
        for first, second in combinations(writes, 2):
            conditions = {first[0].condition, second[0].condition}
            if len(conditions) == 1 or "" in conditions:
                yield first, second


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
    for build in project.builds:
        for entry in build.writes if build.varies else ():
            shared = entry.kind != "local" or not build.machine
            if entry.place and shared and not build.depends_on_matrix(entry.text):
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


def _found(write: Write, cost: str, what: str) -> Found:
    build, entry = write
    return Found(
        source=build.source,
        line=entry.line,
        subject=build.source.at(entry.line),
        cost=cost,
        fix=Fix(sentence=what),
    )


OVERWRITING = (
    Rule(code=TrapCode.CACHE_OVERWRITTEN, find=find_overwritten),
    Rule(code=TrapCode.PLATFORMS_SHARE_CACHE, find=find_shared_by_platforms),
)
