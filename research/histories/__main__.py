"""Histories: are builds of commits, predicted from one record, what engines then make of them?

    python -m research.histories [--builder BUILDER]... [--projects N] [--commits N] [--seed SEED]
        [--engine NAME]

Synthetic projects with histories of edits. The first commit is built and recorded; from this record alone all
others are predicted, read from git's objects. Then each is checked out and built, and every step is compared.
Needs root. Ends with 1 where an engine did something else than was predicted, where a commit was not built,
and where a step was not predicted for another reason than that only the build makes the files that it reads.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from layerfork.builders.engines import open_engine
from layerfork.record.build import Builder
from research.histories.walk import Tally, Workshop


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m research.histories")
    builders = [Builder.CLASSIC.value, Builder.BUILDKIT.value]
    parser.add_argument("--builder", action="append", choices=builders)
    parser.add_argument("--projects", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="number of the first project")
    parser.add_argument("--commits", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default="26.1")
    options = parser.parse_args(arguments)
    good = True
    with (
        tempfile.TemporaryDirectory(prefix="lf-", dir="/tmp") as directory,
        open_engine(options.engine).start(os.environ, lambda _: None) as engine,
    ):
        for name in options.builder or builders:
            builder, whole, started = Builder(name), Tally(), time.monotonic()
            workshop = Workshop(engine=engine, builder=builder, directory=Path(directory))
            for number in range(options.first, options.first + options.projects):
                engine.reset()
                tally = workshop.walk(f"{options.seed}/{number}", options.commits)
                whole.add(tally)
                print(f"{name} project {number}: {line_of(tally)}", flush=True)
            print(
                f"{name}, engine {engine.info.version}: {line_of(whole)}, {time.monotonic() - started:.0f} s"
            )
            for text in (*whole.wrong, *whole.not_built):
                print(f"  {text}")
            for reason, count in sorted(whole.reasons.items(), key=lambda each: -each[1]):
                print(f"  unknown {count} times: {reason}")
            good &= not (whole.wrong or whole.not_built or whole.unforeseen())
    return 0 if good else 1


def line_of(tally: Tally) -> str:
    """All numbers of a history."""
    share = tally.unknown / tally.steps if tally.steps else 0.0
    return (
        f"{tally.commits} commits, {tally.steps} steps: {tally.hits} hits, {tally.misses} misses, "
        f"{tally.unknown} unknown ({share:.1%}); {len(tally.wrong)} wrong"
        + (f", {len(tally.not_built)} not built" if tally.not_built else "")
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
