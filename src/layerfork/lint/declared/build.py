"""What a file says about one build."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from layerfork.lint.declared.cacheentry import EXPRESSION, CacheEntry
from layerfork.lint.files.reading import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredBuild:
    """One build of one file; expressions are not replaced."""

    source: Source
    line: int
    name: str
    """As a person calls it: ``target api``, ``service web``, ``step 3 of job test``."""
    context: str = "."
    """Relative to `directory`."""
    directory: str = ""
    """Absolute: where relative paths of it begin."""
    dockerfile: str = ""
    """Relative to the context; empty for the default."""
    target: str = ""
    platforms: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    """``NAME=VALUE``."""
    tags: tuple[str, ...] = ()
    reads: tuple[CacheEntry, ...] = ()
    writes: tuple[CacheEntry, ...] = ()
    machine: str = ""
    """Builds of one file and one such name see the same directories."""
    is_command: bool = False
    """It stands in a script."""
    condition: str = ""
    """What has to hold for it to run, as written."""
    varies: bool = False
    """It is made several times, with other values: a matrix."""
    variables: frozenset[str] = field(default_factory=frozenset)
    """Of a matrix, what is another each time, as expressions are written."""

    @property
    def context_path(self) -> Path:
        """The context as a directory, which may be none."""
        return Path(os.path.normpath(os.path.join(self.directory, self.context)))  # noqa: PTH118 - may be a URL

    @property
    def dockerfile_path(self) -> Path:
        """Where the Dockerfile lies, if the context is a directory."""
        return Path(os.path.normpath(self.context_path / (self.dockerfile or "Dockerfile")))

    @property
    def what(self) -> tuple[object, ...]:
        """Equal for builds of the same thing, whatever their arguments."""
        return (self.directory, self.context, self.dockerfile, self.target)

    def depends_on_matrix(self, text: str) -> bool:
        """Whether a text is another in each run of the matrix."""
        return any(variable in each for each in EXPRESSION.findall(text) for variable in self.variables)
