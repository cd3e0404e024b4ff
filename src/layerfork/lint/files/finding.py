"""Which files below a directory lint reads."""

import os
from collections.abc import Iterator
from pathlib import Path

from layerfork.lint.files.kind import FileKind, kind_of

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
