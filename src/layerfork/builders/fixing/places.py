"""Where paths lead: a tree may have links now where it had files and directories."""

import os
from pathlib import Path

from layerfork.errors import UsageError


class RefusedError(UsageError):
    """A file may not be edited: what is wrong with it, and how it may be."""


class Project:
    """The directory whose files are edited, as it is now."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._was = root.stat()

    def check(self) -> None:
        """See that it is no other directory than it was. Raises: RefusedError."""
        try:
            same = os.path.samestat(self.root.stat(), self._was)
        except OSError:
            same = False
        if not same:
            raise RefusedError(f"{self.root} is another directory now", "run layerfork fix there")


def leads_elsewhere(directory: Path, path: str) -> bool:
    """Whether a path below a directory is, or leads through, a link."""
    plain = os.path.join(os.path.realpath(directory), path)  # noqa: PTH118 - links count
    return os.path.realpath(directory / path) != os.path.normpath(plain)
