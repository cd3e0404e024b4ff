"""What `layerfork lint` says of the files that a check has built."""

import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from layerfork.app.linting import find_traps
from layerfork.app.predict.planning import dockerfile_path
from layerfork.errors import UsageError
from layerfork.lint.dockerfiles import context_at
from layerfork.lint.linter import shown
from layerfork.record.record import BuildRecord


def trap_hints(built: Sequence[BuildRecord], rules: Sequence[str], ignored: Sequence[str]) -> Iterator[str]:
    """One line where there are traps in what was built, with the command that shows them. ``rules`` and
    ``ignored`` as for `lint`."""
    paths = list(dict.fromkeys(path for record in built for path in _files(record)))
    if not paths:
        return
    try:
        count = len(find_traps(paths, rules, ignored).traps)
    except UsageError:  # a rule that there is not: `lint` itself says so
        return
    if count:
        words = shlex.join(("layerfork", "lint", *paths))
        files = "this file" if len(paths) == 1 else "these files"
        yield f"lint finds {count} {'problem' if count == 1 else 'problems'} in {files}: run `{words}`"


def _files(record: BuildRecord) -> Iterator[str]:
    """The Dockerfile, and the ignore file that counts, as a person types them; nothing where the Dockerfile
    is not known to be on disk."""
    directory = record.place.directory
    root = Path(directory) if os.path.isabs(directory) else None  # noqa: PTH117
    file = dockerfile_path(record, record.place.dockerfile, root)
    if file is None or not _is_what_was_built(file, record):
        return
    yield shown(file)
    name = context_at(root, file).ignore_file if root is not None else ""
    if root is not None and name and (root / name).is_file():
        yield shown(root / name)


def _is_what_was_built(file: Path, record: BuildRecord) -> bool:
    """Records often have the file's name only, and another may have it."""
    if record.place.dockerfile:
        return file.is_file()
    try:
        return file.read_bytes().decode() == record.request.dockerfile
    except (OSError, UnicodeDecodeError):
        return False
