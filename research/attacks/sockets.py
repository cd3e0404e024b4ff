"""Engines that are none: every command that asks one ends before the deadline, with exit code 3."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fakes.hostile import NONSENSE, SLOW, hostile

from research.attacks.outcome import Outcome

LAYERFORK = (sys.executable, "-c", "from layerfork.cli import main; main()")
COMMANDS = (
    ("run", "."),
    ("run", ".", "--engine", "host"),
    ("record", "-o", "x.jsonl", "--", "true"),
    ("why", "--", "true"),
)
DEADLINE_S = 60.0
"""A question has 30 seconds; the rest is for a machine with other things to do."""
MEMORY_BYTES = 1 << 30


def attack_sockets() -> Outcome:
    """Every hostile socket with every command."""
    behaviours = {**NONSENSE, **SLOW}
    outcome = Outcome(what=f"{len(behaviours)} hostile sockets, {len(COMMANDS) + 1} commands each")
    longest, asked = 0.0, 0
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        place = Path(directory)
        (place / "Dockerfile").write_text("FROM alpine\n")
        for name, behave in behaviours.items():
            with hostile(place, behave) as address:
                for words in (*COMMANDS, ("engines",)):
                    code, seconds, said = _call(words, address, place)
                    longest, asked = max(longest, seconds), asked + 1
                    expected = 0 if words == ("engines",) else 3
                    if code != expected or seconds > DEADLINE_S or "Traceback" in said:
                        outcome.failures.append(
                            f"{name}, {' '.join(words)}: {code} after {seconds:.0f} s: {said}"
                        )
    outcome.numbers = {
        "calls": str(asked),
        "that ended otherwise than they should": str(len(outcome.failures)),
        "seconds the longest took": f"{longest:.1f}",
    }
    return outcome


def _call(words: tuple[str, ...], address: str, place: Path) -> tuple[int, float, str]:
    limits = f'ulimit -v {MEMORY_BYTES // 1024} && exec "$@"'
    environment = {
        **os.environ,
        "DOCKER_HOST": address,
        "HOME": str(place),
        "XDG_STATE_HOME": str(place / "s"),
    }
    started = time.monotonic()
    done = subprocess.run(
        ["sh", "-c", limits, "sh", *LAYERFORK, *words],
        env=environment,
        cwd=place,
        capture_output=True,
        timeout=DEADLINE_S * 3,
        check=False,
    )
    return done.returncode, time.monotonic() - started, done.stderr.decode(errors="replace")[-500:]
