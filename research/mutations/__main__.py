"""Mutation harness: does the key model predict what engines do, and does the explainer name what changed?

    python -m research.mutations [--builder BUILDER]... [-n N] [--seed SEED] [--keep DIR] [--json FILE]

Needs root. Ends with 1 when model, engine and labels disagree anywhere.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from layerfork.record.build import Builder
from research.mutations.run import Options, run_cases

ENGINES = {Builder.CLASSIC: "private", Builder.BUILDKIT: "private", Builder.BUILDAH: "podman"}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m research.mutations")
    parser.add_argument("--builder", action="append", choices=[builder.value for builder in ENGINES])
    parser.add_argument("--engine", default="", help="another engine than the builder's usual one")
    parser.add_argument("-n", type=int, default=60, help="cases for each builder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first-group", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="directory for the records of disagreements")
    parser.add_argument("--json", type=Path, help="file for the reports as JSON lines")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args(arguments)
    reports = []
    for name in options.builder or [builder.value for builder in ENGINES]:
        builder = Builder(name)
        report = run_cases(
            Options(
                builder=builder,
                engine=options.engine or ENGINES[builder],
                cases=options.n,
                seed=options.seed,
                keep=options.keep,
                first_group=options.first_group,
                verbose=options.verbose,
            )
        )
        print(report.text(), flush=True)
        reports.append(report)
        if options.json:
            options.json.write_text("".join(f"{each.json()}\n" for each in reports))
    return 0 if all(report.agreed for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
