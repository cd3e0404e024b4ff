"""Attacks this layerfork on this machine and prints what it could do.

    PYTHONPATH=tests python -m research.attacks [--nightly] [--only NAME] [--kills N] [--inputs N]
        [--secrets N] [--files N] [--races N] [--floods MIB] [--passing MIB]

Needs root: all but sockets, inputs and floods use private engines. Ends with 1 when anything was left,
crashed, hung, grew, was lost, or was found.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from research.attacks.changes import attack_changes
from research.attacks.inputs import attack_inputs
from research.attacks.kills import attack_kills
from research.attacks.large import attack_many_files, attack_sparse_file
from research.attacks.mounts import attack_mounts
from research.attacks.outcome import Outcome
from research.attacks.passing import attack_passing
from research.attacks.secrets import attack_secrets
from research.attacks.sockets import attack_sockets
from research.attacks.wire import attack_floods

SIZES = {
    "kills": (40, 1_000),
    "inputs": (30_000, 10_000_000),
    "secrets": (400, 10_000),
    "mounts": (4, 200),
    "files": (10_000, 300_000),
    "races": (300, 10_000),
    "floods": (4, 64),
    "passing": (256, 2_048),
}
"""For minutes, and for a night. Of floods and of an image that passes, MiB."""
ATTACKS: dict[str, Callable[[Mapping[str, int], int, bool], Outcome]] = {
    "sockets": lambda size, seed, nightly: attack_sockets(),
    "inputs": lambda size, seed, nightly: attack_inputs(size["inputs"], seed),
    "floods": lambda size, seed, nightly: attack_floods(size["floods"]),
    "passing": lambda size, seed, nightly: attack_passing(size["passing"]),
    "secrets": lambda size, seed, nightly: attack_secrets(size["secrets"], seed),
    "mounts": lambda size, seed, nightly: attack_mounts(size["mounts"], seed),
    "changes": lambda size, seed, nightly: attack_changes(size["races"], seed),
    "many-files": lambda size, seed, nightly: attack_many_files(size["files"]),
    "sparse-file": lambda size, seed, nightly: attack_sparse_file(sent=nightly),
    "kills": lambda size, seed, nightly: attack_kills(size["kills"], seed),
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m research.attacks")
    parser.add_argument("--nightly", action="store_true", help="the sizes of a night")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=list(ATTACKS))
    for name in SIZES:
        parser.add_argument(f"--{name}", type=int)
    options = parser.parse_args(arguments)
    size = {
        name: getattr(options, name) if getattr(options, name) is not None else sizes[options.nightly]
        for name, sizes in SIZES.items()
    }
    outcomes: list[Outcome] = []
    for name in options.only or ATTACKS:
        outcomes.append(ATTACKS[name](size, options.seed, options.nightly))
        print(outcomes[-1], flush=True)
    return int(any(outcome.failures for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
