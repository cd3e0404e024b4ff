"""Programs for unit tests of what starts them: shell scripts in a directory of the test's own."""

from pathlib import Path


def program(directory: Path, name: str, script: str) -> Path:
    """An executable that runs a few lines of shell."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return path
