"""What `layerfork predict` costs as people type it, against everyday programs that read a whole tree or none.

    python research/benchmarks/predict.py [--repeats N] [--files N] [--megabytes N] [--engine NAME]

A tree of small files is written, committed to git, and built once on a private engine behind `layerfork why`,
whose store the predictions start from. Then in turns: `layerfork predict` without any cache of its own
(cold), ``tar -cf - . | sha256sum``, `layerfork predict` again (warm: nothing changed) and ``git status``.
Each run is the whole command, Python's start included. Prints medians of wall and CPU seconds, ratios and the
largest resident size; ends with 1 where a limit is broken: cold 0.6 times ``tar | sha256sum``, warm 1.5 times
``git status``, 150 MB. All of them use two processors at once.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.engines import RunningEngine, open_engine

LIMITS = (("predict, cold", "tar | sha256sum", 0.6), ("predict, warm", "git status", 1.5))
"""Which row is compared with which, and how many times its wall seconds it may take."""
MEMORY_LIMIT_MB = 150.0
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
    """Measure in turns; 1 when a limit is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, default=40_000)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--engine", default="private")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        write_tree(place / "context", options.files, options.megabytes << 20)
        git = [
            *("git", "-c", "gc.auto=0", "-c", "maintenance.auto=false"),
            *(f"--git-dir={place / 'git'}", f"--work-tree={place / 'context'}"),
        ]
        commit(git)
        env = {
            **os.environ,
            "XDG_STATE_HOME": str(place / "state"),
            "XDG_CACHE_HOME": str(place / "cache"),
        }
        with open_engine(options.engine).start(os.environ, lambda _: None) as engine:
            build(engine, place, env)
        # Files are only remembered when they are older than the clock's tick.
        time.sleep(2.5)
        rows = [one_round(place, git, env) for _ in range(options.repeats + 1)][1:]
    return 0 if show({name: [row[name] for row in rows] for name in rows[0]}) else 1


def write_tree(root: Path, files: int, size: int) -> None:
    """Files of many sizes in some six hundred directories."""
    source = random.Random(4)
    for number in range(files):
        directory = root / f"package{number % 83}" / f"part{number % 7}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"file{number}.py").write_bytes(source.randbytes(int(source.expovariate(files / size))))
    (root / "Dockerfile").write_text("FROM alpine\nCOPY . /all/\n")


def commit(git: Sequence[str]) -> None:
    who = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "context"], ["status"]):
        subprocess.run([*git, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def build(engine: RunningEngine, place: Path, env: Mapping[str, str]) -> None:
    """Build the tree once, and keep its record."""
    assert engine.toolchain is not None
    docker = str(engine.toolchain.docker)
    own = {**env, "DOCKER_HOST": engine.docker_host, "DOCKER_CONFIG": str(place / "docker")}
    words = [LAYERFORK, "why", "--engine", "host", "--", docker, "build", "-q", str(place / "context")]
    own["DOCKER_BUILDKIT"] = "0"
    subprocess.run(words, env=own, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def one_round(place: Path, git: Sequence[str], env: Mapping[str, str]) -> dict[str, Cost]:
    context = str(place / "context")
    predict = [LAYERFORK, "predict", context]
    shutil.rmtree(place / "cache", ignore_errors=True)
    return {
        "predict, cold": run_one(predict, env),
        "tar | sha256sum": run_one(["sh", "-c", f"tar -C {context} -cf - . | sha256sum"], env),
        "predict, warm": run_one(predict, env),
        "git status": run_one([*git, "status", "--porcelain"], env),
    }


def run_one(argv: Sequence[str], env: Mapping[str, str]) -> Cost:
    """Run a command that ends well."""
    started = time.perf_counter()
    process = subprocess.Popen(argv, env=dict(env), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, argv
    return Cost(
        seconds=time.perf_counter() - started,
        cpu_s=usage.ru_utime + usage.ru_stime,
        memory_mb=usage.ru_maxrss / 1024,
    )


def show(costs: Mapping[str, Sequence[Cost]]) -> bool:
    """Print all rows and the ratios; whether the limits hold."""
    print(f"{'':<18}{'wall s':>8}{'cpu s':>8}{'memory':>9}")
    for name, own in costs.items():
        wall, cpu = (
            statistics.median(getattr(each, field) for each in own) for field in ("seconds", "cpu_s")
        )
        print(f"{name:<18}{wall:>8.2f}{cpu:>8.2f}{max(each.memory_mb for each in own):>6.0f} MB")
    good = True
    for ours, theirs, limit in LIMITS:
        wall, cpu = (
            statistics.median(getattr(each, field) for each in costs[ours])
            / statistics.median(getattr(each, field) for each in costs[theirs])
            for field in ("seconds", "cpu_s")
        )
        memory = max(each.memory_mb for each in costs[ours])
        good &= wall <= limit and memory <= MEMORY_LIMIT_MB
        print(f"{ours} / {theirs}: wall {wall:.2f}, cpu {cpu:.2f} (limit {limit})")
    return good


if __name__ == "__main__":
    if not shutil.which("git"):
        raise SystemExit("git is missing: install it to run this comparison")
    sys.exit(main(sys.argv[1:]))
