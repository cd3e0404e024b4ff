"""Feeds broken files to the importer until time is up.

``PYTHONPATH=src:tests python tests/fuzz/fuzz_imports.py --seconds 600``; a case that fails names its number,
and ``--first N --count 1`` makes it again. A crash and a case that takes too long are failures.
"""

import argparse
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import msgspec
from fuzz.import_cases import CASES, Files

from layerfork.builders.imports.recognition import import_bytes
from layerfork.errors import LayerforkError
from layerfork.keys import keys_of
from layerfork.record.store.recordfile import decode_record

SLOW_S = 20.0


class FuzzError(Exception):
    """The importer did what it must not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run did."""

    cases: int
    records: int
    refused: int


def one_case(number: int, files: Files) -> int:
    """Make case ``number`` and import it; how many records came out, -1 when it was refused."""
    rng = random.Random(number)
    data = CASES[number % len(CASES)](files, rng)
    try:
        records = import_bytes(data, b"key", 0.0)
    except LayerforkError:
        return -1
    for record in records:
        keys_of(record)
        decode_record(msgspec.json.encode(record))
    return len(records)


def run(seconds: float, first: int, count: int = 0) -> Summary:
    """Import case after case. Raises: FuzzError naming the case."""
    files = Files()
    until = time.monotonic() + seconds
    cases = records = refused = 0
    while cases < count if count else time.monotonic() < until:
        began = time.monotonic()
        try:
            found = one_case(first + cases, files)
        except Exception as error:
            raise FuzzError(f"case {first + cases}: {type(error).__name__}: {error}") from error
        if time.monotonic() - began > SLOW_S:
            raise FuzzError(f"case {first + cases} took {time.monotonic() - began:.0f} s")
        records += max(found, 0)
        refused += found < 0
        cases += 1
    return Summary(cases=cases, records=records, refused=refused)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=0)
    chosen = parser.parse_args()
    sys.stdout.write(f"{run(chosen.seconds, chosen.first, chosen.count)}\n")


if __name__ == "__main__":
    main()
