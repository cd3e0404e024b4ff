"""What reading a context directory costs, against the everyday programs that read all of it or none.

    python benchmarks/context_walk.py [--repeats N] [--files N] [--megabytes N]

A tree of small files and a few big ones is written, committed to git and read in turns: by
`read_context` without a cache and by ``tar -cf - . | sha256sum``; then, unchanged, by `read_context` with
its cache of digests and by ``git status``. Everything is in the page cache. Each run is a process of its
own; Python's own start with the imports is measured too and taken off ours. Prints medians of wall and
CPU seconds and the ratios. The aims are 1.2 and 1.5; ends with 1 when a ratio of CPU seconds is over the
limit that is held today.
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

COLD_LIMIT = 1.7
UNCHANGED_LIMIT = 6.0
"""Over the aims, because an entry is made of every file: a quarter of the first, a third of the second.
Listing alone is within 1.3 of ``git status``."""
READ = """
import sys
from pathlib import Path
from layerfork.buildcontext.contents import load_cache, save_cache
from layerfork.buildcontext.manifest import read_context
from layerfork.buildcontext.rules import find_rules
for root, cache_file in zip(sys.argv[1::2], sys.argv[2::2]):
    cache = load_cache(Path(cache_file))
    read_context(Path(root), find_rules("docker-cli"), cache=cache)
    save_cache(cache, Path(cache_file))
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
        write_tree(place / "context", options.files, options.megabytes << 20)
        git = ["git", f"--git-dir={place / 'git'}", f"--work-tree={place / 'context'}"]
        commit(git)
        # Files are only remembered when they are older than the clock's tick.
        time.sleep(2.5)
        rows = [one_round(place, git) for _ in range(options.repeats + 1)][1:]
    medians = {name: median([row[name] for row in rows]) for name in rows[0]}
    return 0 if show(medians) else 1


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


def one_round(place: Path, git: Sequence[str]) -> dict[str, Times]:
    context, cache = str(place / "context"), place / "digests"
    start = run_one([sys.executable, "-c", READ])
    cache.unlink(missing_ok=True)
    read = [sys.executable, "-c", READ, context, str(cache)]
    return {
        "cold": minus(run_one(read), start),
        "tar | sha256sum": run_one(["sh", "-c", f"tar -C {context} -cf - . | sha256sum"]),
        "unchanged": minus(run_one(read), start),
        "git status": run_one([*git, "status", "--porcelain"]),
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
    """Print both pairs and their ratios; whether the limits hold."""
    print(f"{'':<18}{'wall s':>8}{'cpu s':>8}")
    for name, (wall, cpu) in medians.items():
        print(f"{name:<18}{wall:>8.2f}{cpu:>8.2f}")
    good = True
    for ours, theirs, limit in (
        ("cold", "tar | sha256sum", COLD_LIMIT),
        ("unchanged", "git status", UNCHANGED_LIMIT),
    ):
        wall, cpu = (medians[ours][at] / medians[theirs][at] for at in (0, 1))
        print(f"{ours} / {theirs}: wall {wall:.2f}, cpu {cpu:.2f} (limit {limit})")
        good &= cpu <= limit
    return good


if __name__ == "__main__":
    if not shutil.which("git"):
        raise SystemExit("git is missing: install it to run this comparison")
    sys.exit(main(sys.argv[1:]))
