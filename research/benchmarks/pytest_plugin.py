"""What the pytest plugin costs a test run that does not use it.

    python research/benchmarks/pytest_plugin.py [--repeats N]

Runs `pytest` on one empty test in turns with the plugin, which pytest finds by its entry point, and with
``-p no:layerfork``. Prints the medians, their ratio and the difference, of wall clock and of CPU time, which
a busy machine disturbs less. Ends with 1 when the plugin takes 20 ms of CPU time or more.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

LIMIT_S = 0.02
WITHOUT = ("-p", "no:layerfork")


def main(arguments: Sequence[str]) -> int:
    """Measure in turns; 1 when the limit is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args(arguments).repeats
    costs: dict[tuple[str, ...], list[tuple[float, float]]] = {(): [], WITHOUT: []}
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        for place in range(repeats + 1):  # the first time compiles
            for words, own in costs.items():
                cost = run(words, directory)
                own += [cost] if place else []
    good = True
    for place, name in enumerate(("wall", "CPU")):
        plugin, bare = (statistics.median(cost[place] for cost in costs[words]) for words in ((), WITHOUT))
        print(
            f"pytest, {name:<5} {bare:.3f} s without the plugin, {plugin:.3f} s with it: "
            f"ratio {plugin / bare:.3f}, {1000 * (plugin - bare):+.1f} ms"
        )
        good = plugin - bare < LIMIT_S
    return 0 if good else 1


def run(words: Sequence[str], directory: str) -> tuple[float, float]:
    """Seconds of wall clock and of CPU time of one run."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, directory],
        cwd=directory,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
