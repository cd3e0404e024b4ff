"""Builds that GitHub workflows and GitLab CI files declare, in steps and in shell commands."""

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from layerfork.lint.declaredbuilds import (
    CacheEntry,
    DeclaredBuild,
    Node,
    read_entries,
    read_entry,
    read_text_entries,
    unspaced,
)
from layerfork.lint.lintedfiles import SourceFile
from layerfork.lint.syntax import read_yaml

_MASKED = {ord(letter): 0xE000 + ord(letter) for letter in "|&; \"'#\\"}
_UNMASKED = {value: key for key, value in _MASKED.items()}
"""What would end a command or a word, for as long as it stands in an expression of the file."""
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}")

_END = re.compile(r"&&|\|\||[;|\n]")
_BUILD = (
    ("docker", "build"),
    ("docker", "image", "build"),
    ("docker", "buildx", "build"),
    ("docker", "buildx", "b"),
)
_SHORT = {"-f": "--file", "-t": "--tag"}
_WITHOUT_VALUE = frozenset(
    {
        "--pull",
        "--push",
        "--load",
        "--no-cache",
        "--rm",
        "--force-rm",
        "-q",
        "--quiet",
        "--squash",
        "--compress",
    }
    | {"--debug", "-D", "--check"}
)
"""Options that take no value. Source: the help of `docker build` and `docker buildx build`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerBuild:
    """One command line."""

    line: int
    context: str
    options: dict[str, list[str]] = field(default_factory=dict)
    """Values by long name, in order."""

    def values(self, name: str) -> tuple[str, ...]:
        return tuple(self.options.get(name, ()))

    def value(self, name: str) -> str:
        return (self.options.get(name) or [""])[-1]


def docker_builds(lines: Iterator[tuple[int, str]]) -> Iterator[DockerBuild]:
    """The builds among the lines of a script, which come with their numbers."""
    for line, command in _commands(lines):
        try:
            words = [word.translate(_UNMASKED) for word in shlex.split(command, comments=True)]
        except ValueError:
            continue
        while words and re.fullmatch(r"\w+=.*|time|sudo|exec", words[0]):
            words = words[1:]
        start = next((start for start in _BUILD if tuple(words[: len(start)]) == start), None)
        if start is not None:
            yield _read(line, words[len(start) :])


def _commands(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Commands with the line that each begins on; continued lines are joined."""
    begun, text = 0, ""
    for number, written in lines:
        line = _EXPRESSION.sub(lambda found: found[0].translate(_MASKED), unspaced(written))
        begun = begun or number
        if line.endswith("\\"):
            text += line[:-1] + " "
            continue
        for command in _END.split(text + line):
            yield begun, command.strip()
        begun, text = 0, ""
    if text:
        yield begun, text.strip()


def read_build(words: Sequence[str]) -> DockerBuild:
    """The words of one command, after ``docker build``."""
    return _read(0, list(words))


def _read(line: int, words: list[str]) -> DockerBuild:
    options: dict[str, list[str]] = {}
    context = ""
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            context = word
            continue
        name, equals, value = word.partition("=")
        name = _SHORT.get(name, name)
        if name in _WITHOUT_VALUE:
            continue
        options.setdefault(name, []).append(value if equals else next(rest, ""))
    return DockerBuild(line=line, context=context, options=options)


# The builds of GitHub workflows: Docker's actions, and commands in scripts.
#
# Source: docker/build-push-action and docker/bake-action action.yml (inputs) @ v6; docs.github.com, Workflow
# syntax for GitHub Actions. Other actions with inputs of these names are taken for builds as well.

_OVERRIDE = re.compile(r"(?P<target>[\w*?.-]+)\.(?P<key>cache-to|cache-from)\+?=(?P<value>.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a job."""

    source: SourceFile
    node: Node
    job: str
    number: int
    """From 1."""
    matrix: frozenset[str]
    """``matrix.NAME`` of each that its runs differ in."""
    condition: str

    @property
    def action(self) -> str:
        """Owner and name, without the version, in small letters; empty for a script."""
        return self.node.get("uses").word.partition("@")[0].lower()

    @property
    def name(self) -> str:
        return f"step {self.number} of job {self.job}"


def github_steps(source: SourceFile) -> Iterator[Step]:
    """The steps of all jobs. Raises: UnreadableError."""
    for document in read_yaml(source.text):
        for job, node in document.get("jobs").fields.items():
            matrix = _matrix(node.get("strategy", "matrix"))
            for number, step in enumerate(node.get("steps").items, 1):
                conditions = filter(None, (node.get("if").word, step.get("if").word))
                yield Step(
                    source=source,
                    node=step,
                    job=job,
                    number=number,
                    matrix=matrix,
                    condition=" && ".join(map(unspaced, conditions)),
                )


def _matrix(matrix: Node) -> frozenset[str]:
    """Variables of a matrix; one that is an expression may have any."""
    if matrix.text:
        return frozenset({"matrix."})
    included = (name for item in matrix.get("include").items for name in item.fields)
    names = {*matrix.fields, *included} - {"include", "exclude"}
    return frozenset(f"matrix.{name}" for name in names)


def github_builds(source: SourceFile) -> Iterator[DeclaredBuild]:
    """The builds of a workflow. Raises: UnreadableError."""
    for step in github_steps(source):
        given = step.node.get("with")
        if step.action == "docker/bake-action":
            yield from _of_bake(step)
        elif step.action == "docker/build-push-action" or given.get("cache-to") or given.get("cache-from"):
            yield _of_action(step)
        elif script := step.node.get("run"):
            for build in docker_builds(script.lines()):
                yield of_command(source, build, _root(source), step.name, step)


def _root(source: SourceFile) -> str:
    """The repository's top, two above ``.github/workflows``."""
    return os.fspath(source.path.parent.parent.parent)


def _of_action(step: Step) -> DeclaredBuild:
    given = step.node.get("with")
    return DeclaredBuild(
        source=step.source,
        line=step.node.get("uses").line,
        name=step.name,
        directory=_root(step.source),
        context=unspaced(given.get("context").word) or ".",
        dockerfile=_in_context(unspaced(given.get("context").word), unspaced(given.get("file").word)),
        target=unspaced(given.get("target").word),
        platforms=tuple(_listed(given.get("platforms"))),
        arguments=tuple(_listed(given.get("build-args"), separator="\n")),
        tags=tuple(_listed(given.get("tags"))),
        reads=read_entries(given.get("cache-from")),
        writes=read_entries(given.get("cache-to")),
        machine=step.job,
        condition=step.condition,
        varies=bool(step.matrix),
        variables=step.matrix,
    )


def _in_context(context: str, file: str) -> str:
    """A Dockerfile that is named from the working directory, as seen from the context."""
    return os.path.relpath(file, context or ".") if file else ""


def _listed(node: Node, separator: str = ",") -> Iterator[str]:
    for _, line in node.lines():
        yield from (unspaced(part.strip()) for part in line.split(separator) if part.strip())


def _of_bake(step: Step) -> Iterator[DeclaredBuild]:
    """Caches that ``set`` gives to targets, a build for each pattern of names."""
    found: dict[str, dict[str, list[tuple[int, str]]]] = {}
    for line, text in step.node.get("with", "set").lines():
        if override := _OVERRIDE.fullmatch(unspaced(text)):
            kinds = found.setdefault(override["target"], {})
            kinds.setdefault(override["key"], []).append((line, override["value"]))
    for target, kinds in found.items():
        yield DeclaredBuild(
            source=step.source,
            line=step.node.get("uses").line,
            name=f"{step.name}, target {target}",
            directory=_root(step.source),
            dockerfile=f"${{bake {target} {step.node.get('with', 'targets').word}}}",
            reads=tuple(read_entry(*each) for each in kinds.get("cache-from", ())),
            writes=tuple(read_entry(*each) for each in kinds.get("cache-to", ())),
            machine=step.job,
            condition=step.condition,
            varies=bool(step.matrix),
            variables=step.matrix,
        )


def _entries(build: DockerBuild, option: str) -> Iterator[CacheEntry]:
    for value in build.values(option):
        yield from read_text_entries(build.line, value)


def of_command(
    source: SourceFile, build: DockerBuild, directory: str, name: str, step: Step | None = None
) -> DeclaredBuild:
    """A command line as a build."""
    platforms = (each for value in build.values("--platform") for each in value.split(","))
    return DeclaredBuild(
        source=source,
        line=build.line,
        name=name,
        directory=directory,
        context=build.context or ".",
        dockerfile=_in_context(build.context, build.value("--file")),
        target=build.value("--target"),
        platforms=tuple(platforms),
        arguments=build.values("--build-arg"),
        tags=build.values("--tag"),
        reads=tuple(_entries(build, "--cache-from")),
        writes=tuple(_entries(build, "--cache-to")),
        machine=step.job if step else name,
        is_command=True,
        condition=step.condition if step else "",
        varies=bool(step and step.matrix),
        variables=step.matrix if step else frozenset(),
    )


# The builds in the scripts of GitLab's jobs. Source: docs.gitlab.com ci/yaml (script, parallel:matrix).

_SCRIPTS = ("before_script", "script", "after_script")


def gitlab_builds(source: SourceFile) -> Iterator[DeclaredBuild]:
    """The builds of a file of GitLab CI. Raises: UnreadableError."""
    for document in read_yaml(source.text):
        for job, node in document.fields.items():
            for script in map(node.get, _SCRIPTS):
                for build in docker_builds(_flat(script)):
                    yield of_command(source, build, os.fspath(source.path.parent), f"job {job}")


def _flat(script: Node) -> Iterator[tuple[int, str]]:
    yield from script.lines()
