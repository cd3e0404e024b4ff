"""A Dockerfile that was read, with the directories that may be its context."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from layerfork.dockerfile import Dockerfile, Instruction
from layerfork.dockerfile.parse.parser import parse_dockerfile
from layerfork.errors import UsageError
from layerfork.lint.dockerfiles.context import Context, relative
from layerfork.lint.dockerfiles.stages import on_top_of
from layerfork.lint.files.reading import Source, UnreadableError

_WILDCARD = re.compile(r"[*?\[$]")
_URL = re.compile(r"[a-z+]+://|[^/]*@[^/]*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedDockerfile:
    """A Dockerfile. Something is true of its context where it is true of each that may be it."""

    source: Source
    dockerfile: Dockerfile
    contexts: tuple[Context, ...]
    """At least one."""

    def later_runs(self, instruction: Instruction) -> tuple[Instruction, ...]:
        """The RUNs that miss with an instruction: those below it in its stage, and all of stages on top."""
        own = self.dockerfile.stages[instruction.stage]
        below = [each for each in own.instructions if each.first_line > instruction.first_line]
        on_top = (each for stage in on_top_of(self.dockerfile, own) for each in stage.instructions)
        return tuple(each for each in (*below, *on_top) if each.keyword == "RUN")


def open_dockerfile(source: Source, root: Path) -> OpenedDockerfile:
    """Read a Dockerfile below a root. Raises: UnreadableError."""
    try:
        dockerfile = parse_dockerfile(source.text, source.path.name)
    except UsageError as error:
        line = re.match(rf"{re.escape(source.path.name)}:(\d+): ", error.message)
        reason = error.message[line.end() :] if line else error.message
        raise UnreadableError(reason, int(line[1]) if line else 0) from error
    contexts = tuple(_guessed(source.path, dockerfile, root))
    return OpenedDockerfile(source=source, dockerfile=dockerfile, contexts=contexts)


def context_at(root: Path, dockerfile: Path) -> Context:
    """A context, and where in it the Dockerfile lies."""
    inside = dockerfile.is_relative_to(root)
    return Context(root=root, dockerfile=str(dockerfile.relative_to(root)) if inside else str(dockerfile))


def _guessed(path: Path, dockerfile: Dockerfile, root: Path) -> list[Context]:
    """The Dockerfile's own directory and those above up to the root that have all that it copies; where
    none has, its own."""
    words = [word for each in dockerfile.instructions for word in plain_sources(each)]
    places = [place for place in path.parents if place.is_relative_to(root)] or [path.parent]
    fitting = [place for place in places if all(os.path.lexists(place / relative(word)) for word in words)]
    return [context_at(place, path) for place in fitting or [path.parent]]


def is_plain(word: str) -> bool:
    """Whether a source is one path, without wildcards and variables."""
    return not _WILDCARD.search(word) and not _URL.match(word)


def reads_context(instruction: Instruction) -> bool:
    """Whether it is a COPY or ADD of the build's own context, all of which is copied that it names."""
    picks = any(instruction.flag(name) for name in ("from", "exclude"))
    return instruction.keyword in ("COPY", "ADD") and not picks


def plain_sources(instruction: Instruction) -> tuple[str, ...]:
    """The paths of the context that a COPY or ADD names."""
    return tuple(filter(is_plain, instruction.sources)) if reads_context(instruction) else ()
