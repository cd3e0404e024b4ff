"""A directory that a Dockerfile is built with, asked without walking all of it."""

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from layerfork.context.ignore.files import BUILDKIT_FILES
from layerfork.context.ignore.ignorefile import read_docker_ignorefile
from layerfork.context.ignore.moby import MobyMatcher, moby_matcher
from layerfork.errors import UsageError
from layerfork.lint.files.reading import UnreadableError, read_text

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
