"""The files of one directory tree together: what rules look at."""

from dataclasses import dataclass
from pathlib import Path

from layerfork.lint.declared.build import DeclaredBuild
from layerfork.lint.dockerfiles.opened import OpenedDockerfile
from layerfork.lint.files.kind import FileKind
from layerfork.lint.files.reading import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """All files of interest that could be read."""

    root: Path
    """Absolute: the repository's top, or the directory that was named."""
    sources: tuple[Source, ...]
    dockerfiles: tuple[OpenedDockerfile, ...]
    builds: tuple[DeclaredBuild, ...] = ()
    """In the order of their files."""

    def of_kind(self, kind: FileKind) -> tuple[Source, ...]:
        """The files of a kind."""
        return tuple(source for source in self.sources if source.kind is kind)
