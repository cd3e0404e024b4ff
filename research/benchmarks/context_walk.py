"""What reading a context directory costs, against the everyday programs that read all of it or none.

    python research/benchmarks/context_walk.py [--repeats N] [--files N] [--megabytes N]

A tree of small files and a few big ones is written, committed to git and read in turns: by `read_context`
without a cache (its cache is written, too), by ``tar -cf - . | sha256sum``, and by ``build_manifest`` of
whycache 0.1.0, which pip puts into an environment that is thrown away; then, unchanged, by `read_context`
with its cache, by ``git status``, and by a loop that only asks the status of every file with `os.lstat`:
the floor of a program in Python. Cold means that nothing is remembered of the tree; its pages are in the
page cache, for all alike. Each run is a process of its own; Python's own start with the imports is measured
too and taken off ours, whycache's off whycache's. Prints medians of wall and CPU seconds and the ratios;
ends with 1 when a ratio of wall seconds breaks its limit. ``tar | sha256sum``, ``git status`` and a cold
`read_context` of so many files use two processors at once.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

LIMITS = (
    ("cold", "tar | sha256sum", 1.2),
    ("cold", "whycache", 0.5),
    ("unchanged", "git status", 1.5),
    ("os.lstat alone", "git status", None),
)
"""Which row is compared with which, and how many times its wall seconds it may take."""
WHYCACHE = "whycache==0.1.0"
READ = """
import sys
from pathlib import Path
from layerfork.context.hashing.digestcache import load_cache, save_cache
from layerfork.context.manifest import read_context
from layerfork.context.clientrules import find_rules
for root, cache_file in zip(sys.argv[1::2], sys.argv[2::2]):
    cache = load_cache(Path(cache_file))
    read_context(Path(root), find_rules("docker-cli"), cache=cache)
    save_cache(cache, Path(cache_file))
"""
OTHER_READ = """
import sys
from whycache.manifest import build_manifest
for root in sys.argv[1:]:
    build_manifest(root)
"""
LSTAT = """
import os, sys
for root in sys.argv[1:]:
    for directory, _, files, handle in os.fwalk(root):
        for name in files:
            os.lstat(name, dir_fd=handle)
"""
Times = tuple[float, float]
"""Wall and CPU seconds."""


def main(arguments: Sequence[str]) -> int:
    """Measure in turns; 1 when a limit is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, default=40_000)
    parser.add_argument("--megabytes", type=int, default=400)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        other = install_whycache(place / "whycache")
        write_tree(place / "context", options.files, options.megabytes << 20)
        git = [
            "git",
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
            f"--git-dir={place / 'git'}",
            f"--work-tree={place / 'context'}",
        ]
        commit(git)
        # Files are only remembered when they are older than the clock's tick.
        time.sleep(2.5)
        rows = [one_round(place, git, other) for _ in range(options.repeats + 1)][1:]
    medians = {name: median([row[name] for row in rows]) for name in rows[0]}
    return 0 if show(medians) else 1


def install_whycache(place: Path) -> str:
    """An environment with whycache alone; gives its Python."""
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python = str(place / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", WHYCACHE], check=True)
    return python


def write_tree(root: Path, files: int, size: int) -> None:
    """Files of many sizes in some six hundred directories."""
    source = random.Random(4)
    for number in range(files):
        directory = root / f"package{number % 83}" / f"part{number % 7}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"file{number}.py").write_bytes(source.randbytes(int(source.expovariate(files / size))))


def commit(git: Sequence[str]) -> None:
    who = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "context"], ["status"]):
        subprocess.run([*git, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def one_round(place: Path, git: Sequence[str], other: str) -> dict[str, Times]:
    context, cache = str(place / "context"), place / "digests"
    start = run_one([sys.executable, "-c", READ])
    cache.unlink(missing_ok=True)
    read = [sys.executable, "-c", READ, context, str(cache)]
    return {
        "cold": minus(run_one(read), start),
        "tar | sha256sum": run_one(["sh", "-c", f"tar -C {context} -cf - . | sha256sum"]),
        "whycache": minus(run_one([other, "-c", OTHER_READ, context]), run_one([other, "-c", OTHER_READ])),
        "unchanged": minus(run_one(read), start),
        "git status": run_one([*git, "status", "--porcelain"]),
        "os.lstat alone": minus(
            run_one([sys.executable, "-c", LSTAT, context]), run_one([sys.executable, "-c", LSTAT])
        ),
    }


def run_one(argv: Sequence[str]) -> Times:
    before = os.times()
    started = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - started
    after = os.times()
    user, system = after.children_user - before.children_user, after.children_system - before.children_system
    return wall, user + system


def minus(times: Times, start: Times) -> Times:
    return times[0] - start[0], times[1] - start[1]


def median(rows: Sequence[Times]) -> Times:
    return statistics.median(row[0] for row in rows), statistics.median(row[1] for row in rows)


def show(medians: dict[str, Times]) -> bool:
    """Print all rows and the ratios; whether the limits hold."""
    print(f"{'':<18}{'wall s':>8}{'cpu s':>8}")
    for name, (wall, cpu) in medians.items():
        print(f"{name:<18}{wall:>8.2f}{cpu:>8.2f}")
    good = True
    for ours, theirs, limit in LIMITS:
        wall, cpu = (medians[ours][at] / medians[theirs][at] for at in (0, 1))
        print(f"{ours} / {theirs}: wall {wall:.2f}, cpu {cpu:.2f} ({f'limit {limit}' if limit else 'floor'})")
        good &= limit is None or wall <= limit
    return good


if __name__ == "__main__":
    if not shutil.which("git"):
        raise SystemExit("git is missing: install it to run this comparison")
    sys.exit(main(sys.argv[1:]))
