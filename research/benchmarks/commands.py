"""What `layerfork record` and `why` cost as people type them: whole commands against the bare build.

    python research/benchmarks/commands.py [--repeats N] [--files N] [--engine NAME]

One private engine; the same `docker build` of a directory of many files (10 KB each) is run in turns bare,
behind `layerfork record` and behind `layerfork why`, on both builders, cold (the engine has no cache) and
again (nothing changed). Start, proxy, reading from disk, keys, explaining and writing are all counted. Prints
medians of wall seconds, the ratio to the bare build, what is above it, the CPU seconds of layerfork itself
and its largest resident size. The limits are 1.1 times the bare build plus 0.15 s for `record`, 0.5 s more
for `why`, and 150 MB. Ends with 1 when a limit is broken.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.engines import RunningEngine, open_engine

FACTOR = 1.1
ALLOWED_S = {"bare": 0.0, "record": 0.15, "why": 0.65}
MEMORY_LIMIT_MB = 150.0
FILE_BYTES = 10_240
LAYERFORK = str(Path(sys.executable).with_name("layerfork"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run of a command took."""

    seconds: float
    cpu_s: float
    """Of the process and all that it waited for."""
    memory_mb: float
    """Largest resident size of one of them."""


def main(arguments: Sequence[str]) -> int:
    """Measure both builders, cold and again; 1 when a limit is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, default=40_000)
    parser.add_argument("--engine", default="private")
    options = parser.parse_args(arguments)
    good = True
    with (
        tempfile.TemporaryDirectory() as directory,
        open_engine(options.engine).start(os.environ, lambda _: None) as engine,
    ):
        bench = Bench(engine, Path(directory), options.files)
        print(f"{'build':<20}{'command':<9}{'wall':>8}{'ratio':>8}{'above':>9}{'cpu above':>11}{'memory':>9}")
        for builder in ("buildkit", "classic"):
            for cold in (True, False):
                good &= measure(bench, builder, cold, 1 if cold else options.repeats)
    return 0 if good else 1


class Bench:
    """An engine, its docker, and a context of many files."""

    def __init__(self, engine: RunningEngine, directory: Path, files: int) -> None:
        assert engine.toolchain is not None
        self.directory = directory
        self._engine = engine
        context = directory / "many"
        content = os.urandom(FILE_BYTES - 8)
        for number in range(files):
            folder = context / f"d{number // 100}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"f{number % 100}").write_bytes(content + number.to_bytes(8))
        (context / "Dockerfile").write_text("FROM alpine\nCOPY . /all/\n")
        home = directory / "home"
        home.mkdir()
        plugins = [str(engine.toolchain.cli_plugins)] if engine.toolchain.cli_plugins else []
        (home / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": plugins}))
        self._build = (str(engine.toolchain.docker), "build", "-q", str(context))
        self._environment = {
            **os.environ,
            "DOCKER_HOST": engine.docker_host,
            "DOCKER_CONFIG": str(home),
            "XDG_CACHE_HOME": str(directory / "cache"),
            "XDG_STATE_HOME": str(directory / "state"),
        }

    def forget(self) -> None:
        """Empty the engine's caches and let the disk come to rest."""
        self._engine.reset()
        os.sync()

    def run(self, command: str, builder: str) -> Cost:
        """Build once, bare or behind a command."""
        before = {
            "bare": (),
            "record": (LAYERFORK, "record", "--engine", "host", "-o", str(self.directory / "r"), "--"),
            "why": (LAYERFORK, "why", "--engine", "host", "--"),
        }[command]
        env = {**self._environment, "DOCKER_BUILDKIT": str(int(builder == "buildkit"))}
        started = time.perf_counter()
        process = subprocess.Popen(
            (*before, *self._build), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode in (0, 1), (command, process.returncode)
        return Cost(
            seconds=time.perf_counter() - started,
            cpu_s=usage.ru_utime + usage.ru_stime,
            memory_mb=usage.ru_maxrss / 1024,
        )


def measure(bench: Bench, builder: str, cold: bool, repeats: int) -> bool:
    """Run all three in turns and print a line for each; whether the limits are kept."""
    costs: dict[str, list[Cost]] = {command: [] for command in ALLOWED_S}
    if not cold:
        for command in costs:
            bench.run(command, builder)
    for _ in range(repeats):
        for command, own in costs.items():
            if cold:
                bench.forget()
            own.append(bench.run(command, builder))
    good = True
    bare_s, bare_cpu = (
        statistics.median(getattr(cost, field) for cost in costs["bare"]) for field in ("seconds", "cpu_s")
    )
    for command, own in costs.items():
        seconds, cpu = (
            statistics.median(getattr(cost, field) for cost in own) for field in ("seconds", "cpu_s")
        )
        memory = max(cost.memory_mb for cost in own)
        slow = seconds > FACTOR * bare_s + ALLOWED_S[command] and command != "bare"
        fat = memory > MEMORY_LIMIT_MB and command != "bare"
        good &= not slow and not fat
        name = f"{builder}, {'cold' if cold else 'again'}"
        print(
            f"{name:<20}{command:<9}{seconds:>7.2f}s{seconds / bare_s:>8.2f}{seconds - bare_s:>8.2f}s"
            f"{cpu - bare_cpu:>10.2f}s{memory:>6.0f} MB{'   TOO SLOW' * slow}{'   TOO MUCH MEMORY' * fat}",
            flush=True,
        )
    return good


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
