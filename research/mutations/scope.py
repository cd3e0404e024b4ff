"""The variables that each line of a Dockerfile sees, per builder, written down from what engines do.

This knows nothing of the product's own rules. Measured on Engine 26.1.5 and Podman 5.4.2; the engine is
asked again in every case (see `meaning.py`).
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from layerfork.record.build import Builder
from research.mutations.expansion import expand
from research.mutations.subject import Line, Place, Stage, Subject


@dataclass(slots=True, kw_only=True)
class Scope:
    """What holds before one line of a stage."""

    builder: Builder
    given: Mapping[str, str]
    """Build arguments of the request."""
    outer: Mapping[str, str]
    """ARG lines before the first FROM, as far as they have a value."""
    base: str = ""
    """Name of the stage or image that the stage begins with."""
    env: dict[str, str] = field(default_factory=dict)
    args: dict[str, str] = field(default_factory=dict)
    """Declared in this stage, with a value."""
    latest: dict[str, str] = field(default_factory=dict)
    """ARG and ENV alike, in the order in which they were last set: all that BuildKit keeps."""
    workdir: str = "/"
    user: str = ""

    def values(self) -> dict[str, str]:
        """What a text is expanded with. Only BuildKit lets an ARG win over an ENV before it."""
        return self.latest if self.builder is Builder.BUILDKIT else self.args | self.env

    def text(self, word: str) -> str:
        return expand(word, self.values())

    def apply(self, line: Line) -> None:
        """Go past a line."""
        match line.keyword.upper():
            case "ARG":
                self._declare(line.words[0])
            case "ENV":
                pairs = [word.partition("=") for word in line.words]
                for name, value in [(name, self.text(value)) for name, _, value in pairs]:
                    self.env[name] = value
                    self._set(name, value)
            case "WORKDIR":
                self.workdir = posixpath.join(self.workdir, self.text(line.words[0]))
            case "USER":
                self.user = self.text(line.words[0])

    def _declare(self, word: str) -> None:
        value = declared(word, self.given, self.values())
        name = word.partition("=")[0]
        value = self.outer.get(name) if value is None else value
        if value is not None:
            self.args[name] = value
            self._set(name, value)
        elif self.builder is Builder.CLASSIC:
            self.args.pop(name, None)

    def _set(self, name: str, value: str) -> None:
        self.latest.pop(name, None)
        self.latest[name] = value

    def child(self, base: str) -> "Scope":
        """What holds at the beginning of a stage that is built on this one, after its last line.

        Only BuildKit hands arguments down; the environment of the image is set once more after them.
        """
        latest = {name: value for name, value in self.latest.items() if name not in self.env} | self.env
        return replace(self, base=base, env=dict(self.env), args={}, latest=latest)


def declared(word: str, given: Mapping[str, str], values: Mapping[str, str]) -> str | None:
    """The value that ``NAME`` or ``NAME=default`` of an ARG line gives; None when it gives none."""
    name, has_default, default = word.partition("=")
    if name in given:
        return given[name]
    return expand(default, values) if has_default else None


def walk(subject: Subject, builder: Builder) -> Iterator[tuple[Place, Line, Scope]]:
    """Every line of every stage with what holds before it; a scope is only good until the next line."""
    given = dict(subject.build_args)
    outer = outer_values(subject)
    ended: dict[str, Scope] = {}
    for index, stage in enumerate(subject.stages):
        base = expand(stage.base, outer)
        begun = Scope(builder=builder, given=given, outer=outer, base=image_name(base))
        scope = ended[base].child(base) if base in ended else begun
        for number, line in enumerate(stage.lines):
            yield (index, number), line, scope
            scope.apply(line)
        ended[stage.name] = scope


def outer_values(subject: Subject) -> dict[str, str]:
    """Values of the ARG lines before the first FROM."""
    found: dict[str, str] = {}
    for line in subject.outer:
        value = declared(line.words[0], dict(subject.build_args), found)
        if value is not None:
            found[line.words[0].partition("=")[0]] = value
    return found


def image_name(name: str) -> str:
    """One name for all that mean the same image."""
    return name if ":" in name else f"{name}:latest"


def resolved(subject: Subject, builder: Builder) -> Subject:
    """The subject with the variables of its FROM, COPY and ADD lines replaced."""
    outer = outer_values(subject)
    lines: list[list[Line]] = [[] for _ in subject.stages]
    for (index, _), line, scope in walk(subject, builder):
        lines[index].append(_resolved_line(line, scope))
    stages = tuple(
        Stage(name=stage.name, base=expand(stage.base, outer), lines=tuple(each))
        for stage, each in zip(subject.stages, lines, strict=True)
    )
    return replace(subject, stages=stages)


def _resolved_line(line: Line, scope: Scope) -> Line:
    if not line.copies:
        return line
    words, flags = (tuple(map(scope.text, each)) for each in (line.words, line.flags))
    return replace(line, words=words, flags=flags)
