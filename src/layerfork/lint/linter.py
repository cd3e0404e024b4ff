"""Reads the files of some paths, asks every rule, and gives what is left of what they say."""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from layerfork.dockerfile import Dockerfile
from layerfork.errors import UsageError
from layerfork.lint.declaredbuilds import DeclaredBuild
from layerfork.lint.dockerfiles import OpenedDockerfile, in_context, open_dockerfile
from layerfork.lint.lintedfiles import (
    FileKind,
    SourceFile,
    UnreadableError,
    find_files,
    is_fragment,
    kind_by_text,
    kind_of,
    read_text,
    source_of,
)
from layerfork.lint.rule import Project, Violation, is_suppressed, unknown_codes
from layerfork.lint.rules import RULES
from layerfork.lint.rules.copying import suspect_copies
from layerfork.lint.rules.ignore_files import malformed_lines
from layerfork.lint.rules.instructions import ARGUMENTS
from layerfork.record.lint import BadFile, LintReport, Trap, TrapCode

_DECLARE_NO_BUILD = (FileKind.DOCKERFILE, FileKind.IGNORE)


def lint(paths: Sequence[Path], wanted: Collection[TrapCode]) -> LintReport:
    """What the wanted rules find in files, and in those of directories.

    Raises: UsageError for a path that is not there.
    """
    reader = _Reader()
    for path in paths:
        reader.read(path)
    traps: list[Trap] = []
    ignored = 0
    for project in reader.projects():
        for rule in (each for each in RULES if each.code in wanted):
            for found in rule.find(project):
                if is_suppressed(found, rule.code):
                    ignored += 1
                else:
                    traps.append(_trap(found, rule.code))
    traps.sort(key=lambda trap: (os.fsencode(trap.path), trap.line))
    files = sum(map(len, reader.sources.values()))
    return LintReport(files=files, traps=tuple(traps), bad=tuple(reader.bad), ignored=ignored)


def suspect(dockerfile: Dockerfile, text: str) -> Iterator[Trap]:
    """What the rules say that need nothing but the lines, of a Dockerfile whose files are not known."""
    source = source_of(Path(dockerfile.name), FileKind.DOCKERFILE, text)
    opened = OpenedDockerfile(source=source, dockerfile=dockerfile, contexts=())
    project = Project(root=Path(), sources=(source,), dockerfiles=(opened,))
    yield from (_trap(found, TrapCode.COPY_BEFORE_INSTALL) for found in suspect_copies(opened))
    yield from (_trap(found, rule.code) for rule in ARGUMENTS for found in rule.find(project))


def dockerfiles_below(directory: Path) -> tuple[OpenedDockerfile, ...]:
    """The Dockerfiles in a directory with their contexts, as `lint` reads them.

    Raises: UsageError for a path that is not there.
    """
    reader = _Reader()
    reader.read(directory)
    return tuple(each for project in reader.projects() for each in project.dockerfiles)


def _trap(found: Violation, code: TrapCode) -> Trap:
    return Trap(
        code=code,
        path=str(found.source.path),
        file=shown(found.source.path),
        line=found.line,
        subject=found.subject,
        cost=found.cost,
        fix=found.fix,
    )


@dataclass(slots=True)
class _Reader:
    sources: dict[Path, list[SourceFile]] = field(default_factory=dict)
    """By the root that they belong to."""
    dockerfiles: dict[Path, list[OpenedDockerfile]] = field(default_factory=dict)
    builds: dict[Path, list[DeclaredBuild]] = field(default_factory=dict)
    bad: list[BadFile] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)

    def projects(self) -> Iterator[Project]:
        """The files of each root together."""
        for root, sources in self.sources.items():
            builds = tuple(self.builds.get(root, ()))
            dockerfiles = tuple(in_context(each, builds) for each in self.dockerfiles.get(root, ()))
            yield Project(root=root, sources=tuple(sources), dockerfiles=dockerfiles, builds=builds)

    def read(self, path: Path) -> None:
        whole = Path(os.path.abspath(path))  # noqa: PTH100 - links stay what they are
        if not os.path.lexists(whole):
            raise UsageError(f"there is no {path}", hint="name files or directories that exist")
        root = _root_of(whole)
        if whole.is_dir():
            for each, kind in find_files(whole):
                self._file(each, kind, root, named=False)
        else:
            self._file(whole, kind_of(whole), root, named=True)

    def _file(self, path: Path, kind: FileKind | None, root: Path, *, named: bool) -> None:
        """Read one; ``named`` is one that was asked for by its own path."""
        text = ""
        if path in self.seen:
            return
        self.seen.add(path)
        try:
            text = read_text(path, strict=kind not in (*_DECLARE_NO_BUILD, None))
            source = source_of(path, kind or kind_by_text(path, text), text)
            if source.kind is FileKind.DOCKERFILE:
                self.dockerfiles.setdefault(root, []).append(open_dockerfile(source, root))
            self.builds.setdefault(root, []).extend(_builds_of(source))
        except UnreadableError as error:
            if kind is FileKind.DOCKERFILE and not named and is_fragment(path, text):
                return
            self.bad.append(_bad(path, error.line, error.reason))
            return
        self.sources.setdefault(root, []).append(source)
        for line, name in unknown_codes(source):
            self.bad.append(_bad(path, line, f"there is no rule {name}"))
        for line, reason in malformed_lines(source):
            self.bad.append(_bad(path, line, reason))


def _builds_of(source: SourceFile) -> tuple[DeclaredBuild, ...]:
    """The builds that a file declares. Raises: UnreadableError."""
    if source.kind in _DECLARE_NO_BUILD:
        return ()
    # Start-up: PyYAML is loaded only where a file needs it; most runs read Dockerfiles alone.
    from layerfork.lint.declared import READERS  # late: start-up

    return tuple(READERS[source.kind](source))


def _bad(path: Path, line: int, reason: str) -> BadFile:
    return BadFile(path=str(path), file=shown(path), line=line, reason=reason)


def _root_of(path: Path) -> Path:
    """The repository's top, else the directory that was named, or that of the file."""
    above: Iterator[Path] = (place for place in (path, *path.parents) if os.path.lexists(place / ".git"))
    return next(above, path if path.is_dir() else path.parent)


def shown(path: Path) -> str:
    """A path as a person types it: from the working directory, where it lies below."""
    here = Path(os.path.abspath(os.curdir))  # noqa: PTH100 - links stay what they are
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
