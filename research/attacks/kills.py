"""Kills at random moments: what a command leaves behind when it is ended by SIGKILL, and nothing may."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from layerfork.builders.namespace.keeper import cgroups
from research.attacks.outcome import Outcome

LAYERFORK = (sys.executable, "-c", "from layerfork.cli import main; main()")
MARK = "LAYERFORK_ATTACK"
SETTLE_S = 20.0
"""How long what a killed command started may take to end."""
LONGEST_S = 60.0
CLIENTS = ("--client", "docker-build", "--client", "docker-context-build")
DOCKER = ("sh", "-c", "docker build . > /dev/null 2>&1")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("run", ".", "--engine", "private", "--builder", "classic", *CLIENTS, "-o", "run.jsonl"),
    ("run", ".", "--engine", "private", *CLIENTS, "--report", "html:page.html"),
    ("run", ".", "--engine", "podman", "--client", "podman-build"),
    ("record", "--engine", "private", "-o", "record.jsonl", "--", *DOCKER),
    ("why", "--engine", "private+kept", "--", *DOCKER),
    ("engines", "run", "private", "--", "docker", "build", "."),
    ("engines",),
    ("clients",),
    ("records",),
    ("show", "whole.jsonl"),
    ("diff", "whole.jsonl", "whole.jsonl"),
    ("report", "whole.jsonl", "--format", "html", "-o", "report.html"),
)
"""Every command that does anything; `import` reads what `show` reads."""
FAST_S = 2.0


@dataclass(kw_only=True)
class Place:
    """A user's home in which everything is written."""

    root: Path
    engines: Path
    durations: dict[tuple[str, ...], float] = field(default_factory=dict)
    """How long each command takes when nobody kills it."""

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("DOCKER")},
            MARK: self.root.name,
            "LAYERFORK_ENGINE_DIR": str(self.engines),
            "TMPDIR": str(self.root / "tmp"),
            "XDG_STATE_HOME": str(self.root / "state"),
        }

    def start(self, words: tuple[str, ...]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*LAYERFORK, *words],
            cwd=self.root / "context",
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


@contextlib.contextmanager
def _place() -> Iterator[Place]:
    with (
        tempfile.TemporaryDirectory(prefix="lfa-", dir="/tmp") as root,
        tempfile.TemporaryDirectory(prefix="lfa-", dir="/var/tmp") as engines,
    ):
        place = Place(root=Path(root), engines=Path(engines) / "e")
        for name in ("tmp", "context"):
            (place.root / name).mkdir()
        (place.root / "context" / "Dockerfile").write_text("FROM alpine\nCOPY Dockerfile /\nRUN echo one\n")
        yield place


def attack_kills(count: int, seed: int) -> Outcome:
    """Kill so many commands; what is left when the next ones have ended counts."""
    outcome = Outcome(what=f"{count:,} kills over {len(COMMANDS)} commands")
    rng = random.Random(seed)
    survived, slow = 0, 0.0
    with _place() as place:
        _measure(place, outcome)
        for number in range(count):
            words = COMMANDS[number % len(COMMANDS)]
            process = place.start(words)
            wait = rng.uniform(0, place.durations[words] * 1.1)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(wait)
            killed = process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait()
            seconds, left = _settled(place)
            slow = max(slow, seconds)
            survived += not killed
            if left:
                outcome.failures.append(
                    f"seed {seed}, kill {number} of {words} after {wait:.2f} s: {left[:3]}"
                )
        _measure(place, outcome)  # the same commands once more remove what has no process any more
        outcome.failures += [f"left on disk: {path} ({_inside(path)})" for path in _files(place)]
    outcome.numbers = {
        "leftovers": str(len(outcome.failures)),
        "had ended before": str(survived),
        "seconds the slowest needed to be gone": f"{slow:.1f}",
    }
    return outcome


def _measure(place: Place, outcome: Outcome) -> None:
    """Let every command run to its end."""
    for words in (COMMANDS[0], *COMMANDS):
        started = time.monotonic()
        process = place.start(words)
        try:
            code = process.wait(LONGEST_S * 3)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        place.durations[words] = min(time.monotonic() - started, LONGEST_S)
        if code not in (0, 1):
            outcome.failures.append(f"{words} does not work here: exit code {code}")
        written = place.root / "context" / "run.jsonl"
        if words == COMMANDS[0] and code in (0, 1) and written.exists():
            (place.root / "context" / "whole.jsonl").write_bytes(written.read_bytes())


def _settled(place: Place) -> tuple[float, list[str]]:
    """How long it took until nothing ran any more, and what still does."""
    started = time.monotonic()
    while left := [*_processes(place), *_mounts(place), *_cgroups(place)]:
        if time.monotonic() - started > SETTLE_S:
            break
        time.sleep(0.05)
    return time.monotonic() - started, left


def _processes(place: Place) -> Iterator[str]:
    mark = f"{MARK}={place.root.name}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if int(process.name) != os.getpid() and command:
                told = (process / "environ").read_bytes() + command
                if mark in told or os.fsencode(place.engines) in told:
                    yield f"process {process.name}: {command.replace(bytes(1), b' ').decode()[:100]}"


def _mounts(place: Place) -> Iterator[str]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        if str(place.engines) in line or str(place.root) in line:
            yield f"mount {line}"


def _cgroups(place: Place) -> Iterator[str]:
    for lock in place.engines.glob("layerfork-*.lock"):
        yield from (f"cgroup {top}" for top in cgroups(lock.stem))


def _files(place: Place) -> list[Path]:
    """What lies where nothing is kept: in the temporary directory and among the engines."""
    kept = place.engines / "kept"
    found = [path for path in (place.root / "tmp").iterdir() if not path.name.startswith("pytest-")]
    found += [path for path in place.engines.glob("*") if path != kept]
    return sorted(found)


def _inside(path: Path) -> str:
    """What a leftover holds, and when it was written: that says which program left it."""
    try:
        written = time.strftime("%X", time.localtime(path.lstat().st_mtime))
        names = sorted(str(each.relative_to(path)) for each in path.rglob("*")) if path.is_dir() else []
    except OSError as error:
        return str(error)
    return f"written {written}, now {time.strftime('%X')}: {names[:8] or 'empty'}"
