"""Dockerfiles with the contexts that they are built with, and what their instructions read."""

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from layerfork.context.ignore.ignorefile import BUILDKIT_FILES, read_docker_ignorefile
from layerfork.context.ignore.moby import MobyMatcher, moby_matcher
from layerfork.dockerfile import Dockerfile, Instruction, Stage
from layerfork.dockerfile.parser import parse_dockerfile
from layerfork.dockerfile.scope import base_or_written
from layerfork.errors import UsageError
from layerfork.lint.declaredbuilds import DeclaredBuild
from layerfork.lint.lintedfiles import SourceFile, UnreadableError, read_text

MOST_LOOKED_AT = 20_000
"""Names of one context."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """A context directory as BuildKit's clients send it."""

    root: Path
    dockerfile: str
    """Its path from the root; absolute where it lies elsewhere."""

    @cached_property
    def ignore_file(self) -> str:
        """The ignore file that counts, from the root; empty where there is none."""
        names = (name.format(self.dockerfile) for name in BUILDKIT_FILES)
        return next((name for name in names if os.path.lexists(self.root / name)), "")

    @cached_property
    def _matcher(self) -> MobyMatcher | None:
        """None where no build is made: the ignore file is malformed, or cannot be read."""
        if not self.ignore_file:
            return moby_matcher(())
        try:
            text = read_text(self.root / self.ignore_file, strict=False)
            return moby_matcher(read_docker_ignorefile(text))
        except (UnreadableError, UsageError):
            return None

    def sends(self, path: str) -> bool:
        """Whether something of this name is there and is sent."""
        return os.path.lexists(self.root / path) and not self._excludes(path)

    def keeps(self, path: str) -> bool:
        """Whether an exception of the ignore file names this very path."""
        rules = self._matcher.rules if self._matcher is not None else ()
        return any(rule.exception and rule.text == path for rule in rules)

    def text_of(self, path: str) -> str:
        """The text of a file that is sent; nothing for what is not there or cannot be read."""
        if not self.sends(path):
            return ""
        try:
            return read_text(self.root / path, strict=False)
        except UnreadableError:
            return ""

    def _excludes(self, path: str) -> bool:
        try:
            return self._matcher is None or self._matcher.excludes(path)
        except UsageError:
            return True

    def sent_below(self, path: str) -> Iterator[tuple[str, os.stat_result]]:
        """What is sent of a path, with its status; links are not followed. Stops after very many names."""
        pending, seen = [path], 0
        while pending:
            place = pending.pop()
            rows = _names(self.root / place)
            seen += len(rows)
            if seen > MOST_LOOKED_AT:
                return
            for name in rows:
                below = name if place == "." else f"{place}/{name}"
                excluded = self._excludes(below)
                if excluded and not (self._matcher and self._matcher.has_exceptions):
                    continue
                try:
                    status = os.lstat(self.root / below)
                except OSError:
                    continue
                if not excluded:
                    yield below, status
                if status.st_mode & 0o170000 == 0o040000:
                    pending.append(below)


def _names(directory: Path) -> list[str]:
    try:
        return sorted((path.name for path in directory.iterdir()), key=os.fsencode)
    except OSError:
        return []


def relative(source: str) -> str:
    """A source word as a path from the root: ``.`` for all of it."""
    return posixpath.normpath(posixpath.join("/", source)).strip("/") or "."


def covers(source: str, path: str) -> bool:
    """Whether a source word without wildcards names a path or a directory above it."""
    own = relative(source)
    return own in (".", path) or path.startswith(f"{own}/")


# Which stages a target needs.


def stages_of(dockerfile: Dockerfile, target: str) -> frozenset[int]:
    """All stages that a target needs, itself included, by index; empty where there is no such target.

    An empty ``target`` is the last stage.
    """
    last = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
    found: set[int] = set()
    pending = [] if last is None else [last]
    while pending:
        stage = pending.pop()
        if stage.index not in found:
            found.add(stage.index)
            pending += filter(None, (_base(dockerfile, stage), *_read_by(dockerfile, stage)))
    return frozenset(found)


def chain_of(dockerfile: Dockerfile, stage: Stage) -> Iterator[Stage]:
    """A stage and those that it is built upon."""
    below: Stage | None = stage
    while below is not None:
        yield below
        below = _base(dockerfile, below)


def _base(dockerfile: Dockerfile, stage: Stage) -> Stage | None:
    return dockerfile.find_base(base_or_written(dockerfile, stage, {}), before=stage.index)


def on_top_of(dockerfile: Dockerfile, stage: Stage) -> Iterator[Stage]:
    """The stages that begin where another one ends, and those on top of them."""
    found = {stage.index}
    for each in dockerfile.stages[stage.index + 1 :]:
        base = _base(dockerfile, each)
        if base is not None and base.index in found:
            found.add(each.index)
            yield each


def _read_by(dockerfile: Dockerfile, stage: Stage) -> Iterator[Stage]:
    for name in (name for each in stage.instructions for name in each.reads_from):
        found = dockerfile.find_stage(name, before=stage.index)
        if found is not None:
            yield found


# A Dockerfile that was read, with the directories that may be its context.

_WILDCARD = re.compile(r"[*?\[$]")
_URL = re.compile(r"[a-z+]+://|[^/]*@[^/]*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedDockerfile:
    """A Dockerfile. Something is true of its context where it is true of each that may be it."""

    source: SourceFile
    dockerfile: Dockerfile
    contexts: tuple[Context, ...]
    """At least one; none of a Dockerfile that only a log shows."""

    def below(self, instruction: Instruction) -> tuple[Instruction, ...]:
        """Those of its stage that come after an instruction, which may be the FROM."""
        own = self.dockerfile.stages[instruction.stage].instructions
        return tuple(each for each in own if each.first_line > instruction.first_line)

    def later_runs(self, instruction: Instruction) -> tuple[Instruction, ...]:
        """The RUNs that miss with an instruction: those below it in its stage, and all of stages on top."""
        on_top = on_top_of(self.dockerfile, self.dockerfile.stages[instruction.stage])
        later = (self.below(instruction), *(stage.instructions for stage in on_top))
        return tuple(each for each in chain.from_iterable(later) if each.keyword == "RUN")


def open_dockerfile(source: SourceFile, root: Path) -> OpenedDockerfile:
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
    words = [relative(word) for each in dockerfile.instructions for word in plain_sources(each)]

    def has_all(place: Path) -> bool:
        return all(os.path.lexists(place / word) for word in words)

    above = [place for place in path.parents if place.is_relative_to(root)]
    fitting = list(filter(has_all, above or [path.parent]))
    return [context_at(place, path) for place in fitting or [path.parent]]


def is_plain(word: str) -> bool:
    """Whether a source is one path, without wildcards and variables."""
    return not _WILDCARD.search(word) and not _URL.match(word)


def reads_context(instruction: Instruction) -> bool:
    """Whether it is a COPY or ADD that copies everything it names from the build's own context."""
    picks = any(instruction.flag(name) for name in ("from", "exclude"))
    return instruction.keyword in ("COPY", "ADD") and not picks


def plain_sources(instruction: Instruction) -> tuple[str, ...]:
    """The paths of the context that a COPY or ADD names."""
    return tuple(filter(is_plain, instruction.sources)) if reads_context(instruction) else ()


# The contexts that files of a project say a Dockerfile is built with.


def in_context(opened: OpenedDockerfile, builds: Sequence[DeclaredBuild]) -> OpenedDockerfile:
    """A Dockerfile with the contexts of the builds that name it; as it is where none does."""
    path = opened.source.path
    places = [each.context_path for each in builds if each.dockerfile_path == path]
    known = [Path(place) for place in dict.fromkeys(places) if Path(place).is_dir()]
    return replace(opened, contexts=tuple(context_at(place, path) for place in known)) if known else opened
