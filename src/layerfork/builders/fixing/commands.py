"""Runs the command of a remedy."""

import os
from pathlib import Path

from layerfork.builders.process import last_lines, run
from layerfork.errors import LayerforkError
from layerfork.record.build import Command


class CommandFailedError(LayerforkError):
    """A command of a remedy failed."""


def run_in(directory: Path, command: str) -> None:
    """Run a remedy's command in a directory. Raises: CommandFailedError."""
    done = run(Command(argv=("sh", "-c", command), env=os.environ, cwd=directory))
    if not done.ok:
        said = last_lines(done.stderr, 1) or f"it ended with {done.returncode}"
        raise CommandFailedError(f"`{command}` failed: {said}", hint="run it yourself")
