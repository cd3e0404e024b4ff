"""What each step of a subject is looked up by, as far as Dockerfile and request say it.

Two equal values mean that the step itself is the same to the builder: what its labels rest on. This knows
nothing of the product's key models; `refuted` compares it with what the engine did.
"""

import posixpath
from collections.abc import Callable, Mapping

from layerfork.record.build import Builder
from research.mutations.reads import live_stages
from research.mutations.scope import Scope, walk
from research.mutations.subject import Arena, Line, Place, Subject

PROXIES = frozenset({"HTTP_PROXY"})
"""Proxy variables that the harness passes."""
Meaning = tuple[object, ...]


def meanings(subject: Subject, arena: Arena) -> Mapping[Place, Meaning]:
    """The meaning of every line that is a step, in stages that are built."""
    live = {stage.name for stage in live_stages(subject, arena.builder)}
    found: dict[Place, Meaning] = {}
    for place, line, scope in walk(subject, arena.builder):
        if subject.stages[place[0]].name not in live:
            continue
        meaning = RULES[arena.builder](line, scope)
        if meaning is not None:
            base = (scope.base,) if place[1] == 0 else ()
            found[place] = (line.keyword.upper(), *base, *meaning)
    return found


def _classic(line: Line, scope: Scope) -> Meaning | None:
    """The expanded text; for a RUN the arguments in force, and a mark for proxies alone."""
    if line.keyword.upper() == "RUN":
        arguments = {name: value for name, value in scope.args.items() if name not in scope.env}
        marked = bool(arguments) or bool(PROXIES & scope.given.keys())
        return (line.words, marked, tuple(sorted(arguments.items())))
    if line.keyword.upper() == "WORKDIR":
        return (posixpath.join(scope.workdir, scope.text(line.words[0])),)
    flags, words = (tuple(map(scope.text, each)) for each in (line.flags, line.words))
    return (line.origin, flags, words, line.heredoc)


def _buildkit(line: Line, scope: Scope) -> Meaning | None:
    """Only what makes or runs something; a RUN sees every variable."""
    if line.copies:
        words = tuple(map(scope.text, line.words))
        place = posixpath.join(scope.workdir, words[-1])
        return (line.origin, tuple(map(scope.text, line.flags)), words[:-1], place, line.heredoc)
    match line.keyword.upper():
        case "RUN":
            return (line.words, tuple(scope.latest.items()), scope.workdir, scope.user)
        case "WORKDIR":
            return (posixpath.join(scope.workdir, scope.text(line.words[0])), scope.user)
    return None


def _buildah(line: Line, scope: Scope) -> Meaning | None:
    """The text as it is written; ARG by the names that have a value, RUN by these with their values."""
    arguments = {name: scope.env.get(name, value) for name, value in scope.args.items()}
    match line.keyword.upper():
        case "RUN":
            return (line.words, tuple(sorted(arguments.items())))
        case "ARG":
            after = Scope(builder=scope.builder, given=scope.given, outer=scope.outer, args=dict(scope.args))
            after.env = scope.env
            after.apply(line)
            return (frozenset(after.args) | (PROXIES & scope.given.keys()),)
    if not line.copies:
        return (line.keyword, line.words)
    *sources, place = map(scope.text, line.words)
    # The name of a single file is that of the destination.
    name = "" if place.endswith("/") else posixpath.basename(place)
    return (line.origin, tuple(map(scope.text, line.flags)), tuple(sources), line.words[-1], name)


RULES: Mapping[Builder, Callable[[Line, Scope], Meaning | None]] = {
    Builder.CLASSIC: _classic,
    Builder.BUILDKIT: _buildkit,
    Builder.BUILDAH: _buildah,
}
