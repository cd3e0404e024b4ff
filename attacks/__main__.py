"""Attacks this layerfork on this machine and prints what it could do.

    PYTHONPATH=tests python -m attacks [--nightly] [--kills N] [--inputs N] [--secrets N] [--sockets]

Needs root: kills and secrets use private engines. Ends with 1 when anything was left, crashed, hung, grew,
or was found.
"""

import argparse
import sys
from collections.abc import Sequence

from attacks.inputs import attack_inputs
from attacks.kills import attack_kills
from attacks.outcome import Outcome
from attacks.secrets import attack_secrets
from attacks.sockets import attack_sockets

SIZES = {"kills": (40, 1_000), "inputs": (30_000, 10_000_000), "secrets": (400, 10_000)}
"""For minutes, and for a night."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m attacks")
    parser.add_argument("--nightly", action="store_true", help="the sizes of a night")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=["kills", "inputs", "secrets", "sockets"])
    for name in SIZES:
        parser.add_argument(f"--{name}", type=int)
    options = parser.parse_args(arguments)
    wanted = options.only or ["sockets", "inputs", "secrets", "kills"]
    size = {
        name: getattr(options, name) if getattr(options, name) is not None else sizes[options.nightly]
        for name, sizes in SIZES.items()
    }
    outcomes: list[Outcome] = []
    for name in wanted:
        match name:
            case "sockets":
                outcomes.append(attack_sockets())
            case "inputs":
                outcomes.append(attack_inputs(size["inputs"], options.seed))
            case "secrets":
                outcomes.append(attack_secrets(size["secrets"], options.seed))
            case _:
                outcomes.append(attack_kills(size["kills"], options.seed))
        print(outcomes[-1], flush=True)
    return int(any(outcome.failures for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
