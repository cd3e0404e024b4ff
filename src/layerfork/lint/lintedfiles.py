"""The files that lint reads: which there are, of what kind, and their text."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class FileKind(StrEnum):
    """What a file is read as."""

    DOCKERFILE = "Dockerfile"
    IGNORE = "ignore file"
    BAKE = "bake file"
    COMPOSE = "compose file"
    GITHUB = "GitHub workflow"
    GITLAB = "GitLab CI file"


_NAMES: tuple[tuple[FileKind, re.Pattern[str]], ...] = (
    (FileKind.IGNORE, re.compile(r".*\.(?:docker|container)ignore")),
    (FileKind.BAKE, re.compile(r"docker-bake(?:\.[\w-]+)*\.(?:hcl|json)")),
    (FileKind.COMPOSE, re.compile(r"(?:docker-)?compose(?:[.-][\w-]+)*\.ya?ml")),
    (FileKind.GITLAB, re.compile(r"(?:.*\.)?gitlab-ci\.ya?ml")),
    (FileKind.DOCKERFILE, re.compile(r"(?:Docker|Container)file(?:[.-][\w.-]+)?|[\w.-]+\.[Dd]ockerfile")),
)
"""The first that fits the whole name counts.

Source: docker/buildx bake/bake.go:defaultFilenames @ 00cc36c4029a; others are what people call such files.
"""
_WORKFLOWS = (".github", "workflows")
_NOT_DOCKERFILES = re.compile(
    r".*\.(?:md|rst|txt|py|js|ts|go|rb|rs|sh|ya?ml|json|toml|tmpl|j2|erb|in|bak|orig|swp|html)"
    r"|.*[.-]template"
)
"""Names such as ``Dockerfile.j2`` and ``Dockerfile.md`` hold something else."""


def kind_of(path: Path) -> FileKind | None:
    """The kind of a file that was found; None for one that is of no interest."""
    if path.suffix in (".yml", ".yaml") and path.parent.parts[-2:] == _WORKFLOWS:
        return FileKind.GITHUB
    kind = next((kind for kind, name in _NAMES if name.fullmatch(path.name)), None)
    return None if kind is FileKind.DOCKERFILE and _NOT_DOCKERFILES.fullmatch(path.name) else kind


def is_fragment(path: Path, text: str) -> bool:
    """Whether a file called like a Dockerfile is only a part of one, or a template of some."""
    is_whole = path.name in ("Dockerfile", "Containerfile") or re.search(r"(?im)^\s*from\s", text)
    return not is_whole or re.search(r"\{\{|\{%|<%", text) is not None


def kind_by_text(path: Path, text: str) -> FileKind:
    """The kind of a file that somebody named, whatever it is called."""
    found = kind_of(path)
    if found is not None:
        return found
    if path.suffix in (".hcl", ".json"):
        return FileKind.BAKE
    if path.suffix in (".yml", ".yaml"):
        return _of_yaml(text)
    return FileKind.DOCKERFILE


def _of_yaml(text: str) -> FileKind:
    if re.search(r"(?m)^services:", text):
        return FileKind.COMPOSE
    return FileKind.GITHUB if re.search(r"(?m)^jobs:", text) else FileKind.GITLAB


# Which files below a directory lint reads.

PASSED_OVER = frozenset(
    {".git", ".hg", ".svn", "node_modules", "bower_components", "vendor", "site-packages"}
    | {".venv", "venv", ".tox", ".terraform", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
"""Directories of other people's files, by name."""


def find_files(root: Path) -> Iterator[tuple[Path, FileKind]]:
    """Files of interest in lexical order, a directory's own before those below it.

    Links to directories are not followed, and what cannot be listed looks empty.
    """
    pending = [os.fspath(root)]
    while pending:
        place = pending.pop()
        try:
            with os.scandir(place) as entries:
                rows = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        except OSError:
            continue
        below = []
        for entry in rows:
            if _is_directory(entry):
                if entry.name not in PASSED_OVER:
                    below.append(entry.path)
            elif (kind := kind_of(Path(entry.path))) is not None:
                yield Path(entry.path), kind
        pending.extend(reversed(below))


def _is_directory(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


MAX_BYTES = 1 << 20
"""Limit for one file: a longer one was not written by hand."""


class UnreadableError(Exception):
    """A file that cannot be read, or in which something is wrong; the message says what."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        """From 1; 0 when it is the whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file and its text."""

    path: Path
    """Absolute; links in it are not resolved."""
    kind: FileKind
    text: str
    lines: tuple[str, ...]
    """Without line ends."""

    def at(self, line: int) -> str:
        """A line, from 1, without the blanks around it; empty where there is none."""
        return self.lines[line - 1].strip() if 1 <= line <= len(self.lines) else ""


def read_text(path: Path, *, strict: bool) -> str:
    """The text of a regular file. Never waits, whatever the file is.

    ``strict`` refuses bytes that are not UTF-8; builders read Dockerfiles and ignore files that have some.

    Raises: UnreadableError.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UnreadableError("is no regular file")
        try:
            data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise UnreadableError(f"is longer than {MAX_BYTES:,} bytes, and is not read")
    try:
        return data.decode("utf-8", "strict" if strict else "surrogateescape").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UnreadableError("is not UTF-8", line=data.count(b"\n", 0, error.start) + 1) from error


def source_of(path: Path, kind: FileKind, text: str) -> SourceFile:
    """A file that was read."""
    lines = tuple(line.removesuffix("\r") for line in text.split("\n"))
    return SourceFile(path=path, kind=kind, text=text, lines=lines)
