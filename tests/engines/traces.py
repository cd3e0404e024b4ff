"""Finds whatever an engine left on the machine."""

import os
import time
from pathlib import Path

from layerfork.builders.namespace.keeper import cgroups

SETTLE_S = 5.0
"""Killed processes are reaped, and their cgroups emptied, a moment later."""


def engine_names(base: Path) -> set[str]:
    """Names of the engines that have, or had, a run directory below ``base``."""
    return {path.stem for path in base.glob("layerfork-*.lock")} if base.exists() else set()


def processes(marks: set[str]) -> dict[int, str]:
    """Processes that mention a mark in their command line, mounts or cgroups: pid and command line."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            texts = [
                (process / name).read_text(errors="replace") for name in ("cmdline", "mountinfo", "cgroup")
            ]
        except OSError:
            continue  # ended meanwhile, or a zombie
        if any(mark in text for mark in marks for text in texts):
            found[int(process.name)] = texts[0].replace("\0", " ")
    return found


def traces(base: Path, names: set[str], files: bool = True) -> list[str]:
    """Everything of these engines that is still there; ``files`` says whether files count."""
    left = [f"process {pid}: {command}" for pid, command in processes(names).items()]
    left += [f"cgroup {top}" for name in names for top in cgroups(name)] if files else []
    left += [f"mount {line}" for line in mounts() if any(name in line for name in names)]
    if files and base.exists():
        left += [f"directory {path}: {names}" for path, _, names in os.walk(base)]
    return left


def mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text().splitlines()


def wait_until_gone(base: Path, names: set[str], files: bool = True) -> list[str]:
    """`traces`, after waiting a short while for none."""
    give_up = time.monotonic() + SETTLE_S
    while (left := traces(base, names, files)) and time.monotonic() < give_up:
        time.sleep(0.02)
    return left
