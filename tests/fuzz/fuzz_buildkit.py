"""Feeds broken BuildKit traffic to the decoders until time is up.

``PYTHONPATH=src:tests python tests/fuzz/fuzz_buildkit.py --seconds 600``; a case that fails names its
number, and ``--first N --count 1`` makes it again. A crash, a case that takes too long and memory that
keeps growing are failures.
"""

import argparse
import gc
import random
import signal
import sys
import time
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).parent.parent))

import msgspec
from fuzz.buildkit_cases import CASES, Seeds, mutate
from transcripts.replay import replay

from layerfork.wire.buildkit.buildkitbuild import read_build
from layerfork.wire.buildkit.watcher import BuildKitWatcher
from layerfork.wire.posted.postedbuild import read_trace
from layerfork.wire.redact import Redactor

HANG_S = 20
WARM_UP_CASES = 300
MAY_GROW_BYTES = 48 << 20


class FuzzError(Exception):
    """The decoders did what they must not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a run did."""

    cases: int
    builds: int
    gaps: int
    grown_bytes: int


def one_case(number: int, seeds: Seeds) -> tuple[int, int]:
    """Make case ``number`` and decode it; how many builds came out, and how many gaps they have."""
    rng = random.Random(number)
    watcher = BuildKitWatcher(backlog_bytes=rng.choice((1, 10_000, 1 << 24)))
    replay(CASES[number % len(CASES)](seeds, rng), watcher.upgraded)
    redactor = Redactor(b"key")
    parts = [read_build(build, redactor) for build in (*watcher.finished(), *watcher.close())]
    session = watcher.session("s")
    statuses = seeds.messages["< moby.buildkit.v1.Control/Status"]
    messages = [b64encode(mutate(rng.choice(statuses), rng)).decode() for _ in range(rng.randrange(4))]
    traced = read_trace(messages, session=session, redactor=redactor)
    msgspec.json.encode((parts, traced))
    return len(parts), sum(len(each.gaps) for each in parts)


def run(seconds: float, first: int = 0, count: int | None = None) -> Summary:
    """Raises: FuzzError for a case that crashes or hangs, or when memory grows."""
    seeds = Seeds()
    until = time.monotonic() + seconds
    warm = builds = gaps = cases = 0
    while time.monotonic() < until and (count is None or cases < count):
        made, missing = _guarded(first + cases, seeds)
        builds, gaps, cases = builds + made, gaps + missing, cases + 1
        if cases == WARM_UP_CASES:
            warm = _resident_bytes()
    grown = _resident_bytes() - warm if warm else 0
    if grown > MAY_GROW_BYTES:
        raise FuzzError(f"memory grew by {grown >> 20} MiB over {cases} cases")
    return Summary(cases=cases, builds=builds, gaps=gaps, grown_bytes=grown)


def _guarded(number: int, seeds: Seeds) -> tuple[int, int]:
    """One case, with an alarm; whoever else uses the alarm finds their handler again."""
    before = signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(HANG_S)
    try:
        return one_case(number, seeds)
    except Exception as error:
        raise FuzzError(f"case {number}") from error
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _hangs(number: int, frame: FrameType | None) -> None:
    raise FuzzError(f"a case took longer than {HANG_S} s")


def _resident_bytes() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int)
    arguments = parser.parse_args()
    sys.stdout.write(f"{run(arguments.seconds, arguments.first, arguments.count)}\n")


if __name__ == "__main__":
    main()
