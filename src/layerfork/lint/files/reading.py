"""The text of a file, of which nothing is known but its name."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from layerfork.lint.files.kind import FileKind

MAX_BYTES = 1 << 20
"""Of one file: no person writes a longer one."""


class UnreadableError(Exception):
    """A file that cannot be read, or in which something is wrong; the message says what."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        """From 1; 0 when it is the whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
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


def source_of(path: Path, kind: FileKind, text: str) -> Source:
    """A file that was read."""
    lines = tuple(line.removesuffix("\r") for line in text.split("\n"))
    return Source(path=path, kind=kind, text=text, lines=lines)
