"""``docker build`` commands in the scripts of CI files."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from layerfork.lint.declared.cacheentry import unspaced

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
