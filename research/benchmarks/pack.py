"""What `layerfork pack` costs against GNU tar, and whether its memory stays the same.

    python research/benchmarks/pack.py [--repeats N] [--files N] [--megabytes N]

A tree of small files and a few big ones is written and read in turns by ``tar -cf - . | cat``, by
``layerfork pack . | cat`` as a person types it, Python's start included, and by the same with an ignore
file of a dozen patterns that leave nothing out. The tree is in the page cache for all alike. Then a tree
with a tenth of the files and bytes is packed, and the most memory that either took is compared. Prints
medians of wall and CPU seconds and the ratios; ends with 1 when a ratio breaks its limit.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

LAYERFORK = Path(sys.executable).with_name("layerfork")
SLOWER = 1.2
"""How many times tar's wall seconds packing may take."""
BIGGER = 1.1
"""How many times the memory that a tenth of the tree takes the whole may take."""
IGNORE = """\
.git
**/node_modules
**/*.pyc
**/.DS_Store
dist
build
*.log
!keep.log
coverage
.env*
docs/_build
**/__pycache__
"""
MEMORY = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
)
MEMORY += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
Times = tuple[float, float]
"""Wall and CPU seconds."""


def main(arguments: Sequence[str]) -> int:
    """Measure in turns; 1 when a limit is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--files", type=int, default=40_000)
    parser.add_argument("--megabytes", type=int, default=400)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        tree, small = place / "tree", place / "small"
        write_tree(tree, options.files, options.megabytes << 20)
        write_tree(small, options.files // 10, (options.megabytes << 20) // 10)
        rows = [one_round(tree) for _ in range(options.repeats + 1)][1:]
        memory = [most_memory_kb(each) for each in (small, tree)]
    medians = {name: median([row[name] for row in rows]) for name in rows[0]}
    return 0 if show(medians, memory) else 1


def write_tree(root: Path, files: int, size: int) -> None:
    """Files of many sizes in some six hundred directories."""
    source = random.Random(4)
    for number in range(files):
        directory = root / f"package{number % 83}" / f"part{number % 7}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"file{number}.py").write_bytes(source.randbytes(int(source.expovariate(files / size))))
    (root / "Dockerfile").write_text("FROM alpine\nCOPY . /src\n")


def one_round(tree: Path) -> dict[str, Times]:
    ignore = tree / ".dockerignore"
    row = {
        "tar": piped("tar", "-C", str(tree), "-cf", "-", "."),
        "pack": piped(str(LAYERFORK), "pack", str(tree)),
    }
    ignore.write_text(IGNORE)
    row["pack, 12 patterns"] = piped(str(LAYERFORK), "pack", str(tree))
    ignore.unlink()
    return row


def piped(*argv: str) -> Times:
    """What a command takes that writes to a pipe; the reader's CPU counts for all alike."""
    before = os.times()
    started = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        subprocess.run(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL, check=True)
    wall = time.perf_counter() - started
    after = os.times()
    user, system = after.children_user - before.children_user, after.children_system - before.children_system
    return wall, user + system


def most_memory_kb(tree: Path) -> int:
    argv = [sys.executable, "-c", MEMORY, str(LAYERFORK), "pack", str(tree)]
    return int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)


def median(rows: Sequence[Times]) -> Times:
    return statistics.median(row[0] for row in rows), statistics.median(row[1] for row in rows)


def show(medians: dict[str, Times], memory: Sequence[int]) -> bool:
    """Print all rows and the ratios; whether the limits hold."""
    print(f"{'':<18}{'wall s':>8}{'cpu s':>8}")
    for name, (wall, cpu) in medians.items():
        print(f"{name:<18}{wall:>8.2f}{cpu:>8.2f}")
    ratios = {name: tuple(times[at] / medians["tar"][at] for at in (0, 1)) for name, times in medians.items()}
    for name in list(medians)[1:]:
        limit = f"limit {SLOWER}" if name == "pack" else "no limit"
        print(f"{name} / tar: wall {ratios[name][0]:.2f}, cpu {ratios[name][1]:.2f} ({limit})")
    small, whole = memory
    print(f"memory: {whole / 1024:.1f} MiB, of a tenth of the tree {small / 1024:.1f} MiB", end="")
    print(f": {whole / small:.2f} (limit {BIGGER})")
    return ratios["pack"][0] <= SLOWER and whole / small <= BIGGER


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
