"""How long a private engine takes: start to ready with its base image, reset, end.

    python research/benchmarks/engine_start.py [--repeats N] [ENGINE...]

Prints the median, the smallest and the largest of several repeats, in milliseconds, against the limits
that a change must keep: 500 ms to ready, 300 ms to reset. Roots are fetched before the clock runs. Each
reset cleans what a build of two steps stored.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.engines.private import PRIVATE_ENGINES
from layerfork.builders.process import run
from layerfork.record.build import Command

READY_LIMIT_MS = 500.0
RESET_LIMIT_MS = 300.0
RESETS = 3
"""Per start."""


def main(arguments: Sequence[str]) -> int:
    """Measure each engine; 1 when a median is over its limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("engines", nargs="*", default=[engine.id for engine in PRIVATE_ENGINES])
    options = parser.parse_args(arguments)
    titles = "".join(f"{title:>8}" for title in ("median", "least", "most", "limit"))
    print(f"{'engine':<33}{titles}   ms, {options.repeats} starts")
    good = True
    for spec in options.engines:
        ready, resets, ends = measure(spec, options.repeats)
        good &= show(spec, "ready", ready, READY_LIMIT_MS)
        good &= show(spec, "reset", resets, RESET_LIMIT_MS)
        show(spec, "end", ends, None)
    return 0 if good else 1


def measure(spec: str, repeats: int) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of each start, reset and end."""
    with open_engine(spec).start(os.environ, lambda _: None):
        pass  # everything is fetched, and in the page cache
    ready: list[float] = []
    resets: list[float] = []
    ends: list[float] = []
    for _ in range(repeats):
        started = time.perf_counter()
        with open_engine(spec).start(os.environ, lambda _: None) as engine:
            ready.append(milliseconds_since(started))
            resets.extend(reset_after_build(engine) for _ in range(RESETS))
            started = time.perf_counter()
        ends.append(milliseconds_since(started))
    return ready, resets, ends


def reset_after_build(engine: RunningEngine) -> float:
    assert engine.toolchain is not None
    with tempfile.TemporaryDirectory() as context:
        Path(context, "Dockerfile").write_text("FROM alpine\nRUN true\nCOPY Dockerfile /\n")
        env = {"DOCKER_HOST": engine.docker_host, "DOCKER_BUILDKIT": "0", "HOME": context}
        built = run(Command(argv=(str(engine.toolchain.docker), "build", "-t", "x", context), env=env))
    if not built.ok:
        raise SystemExit(built.stderr)
    started = time.perf_counter()
    engine.reset()
    return milliseconds_since(started)


def milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def show(spec: str, what: str, values: list[float], limit: float | None) -> bool:
    """Print one line; whether the median keeps the limit."""
    median = statistics.median(values)
    limit_text = f"{limit:>8.0f}" if limit else f"{'':>8}"
    verdict = "" if limit is None or median <= limit else "   OVER"
    print(f"{spec:<26}{what:<7}{median:>8.0f}{min(values):>8.0f}{max(values):>8.0f}{limit_text}{verdict}")
    return not verdict


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
