"""How many engines may run side by side on this machine."""

import os
from pathlib import Path

ENGINE_BYTES = 1 << 30
"""Memory to leave for one engine with the client and the build that are at work on it. Daemons and the
largest client take about 400 MB; the rest is the build's."""


def engines_at_once(
    proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup"), processors: int | None = None
) -> int:
    """As many engines as there are processors and as the free memory allows; at least one."""
    free = [each for each in (_available(proc / "meminfo"), _left_in(cgroup)) if each is not None]
    by_memory = min(free) // ENGINE_BYTES if free else 1
    return max(1, min(processors or os.cpu_count() or 1, by_memory))


def _available(meminfo: Path) -> int | None:
    """Bytes that the kernel could hand out without swapping."""
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), None)


def _left_in(cgroup: Path) -> int | None:
    """Bytes below the limit of a container that we may be in (cgroup v2); None without a limit."""
    try:
        limit = (cgroup / "memory.max").read_text().strip()
        used = (cgroup / "memory.current").read_text().strip()
    except OSError:
        return None
    return max(0, int(limit) - int(used)) if limit.isdecimal() and used.isdecimal() else None
