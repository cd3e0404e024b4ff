"""What the recorder costs on big contexts with the classic builder, with against without it.

    python research/benchmarks/recorder_classic.py [--repeats N] [--files N] [--big-file-gib N]

One private engine; the same docker CLI builds in turns straight on its socket and through a recorder
that is a process of its own. The Dockerfile copies one small file, so that taking the context in is
all the engine does. Prints medians, their ratio (limit 1.05), the recorder's CPU seconds and its
largest resident size (limit 100 MB), for a directory, the same as a tar on standard input, and one
huge file. Ends with 1 when a limit is broken.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.keys.classic.tarsum import tarsum_header
from layerfork.wire.http.http1 import Http1Tap
from layerfork.wire.posted import ClassicWatcher, read_posted_build
from layerfork.wire.proxy.listener import Proxy
from layerfork.wire.redact import Redactor

RATIO_LIMIT = 1.05
MEMORY_LIMIT_MB = 100.0
FILE_BYTES = 10_240
DOCKERFILE = "FROM alpine\nCOPY d0/f0 /\n"

Build = Callable[[str], None]
"""Builds once on the engine at a DOCKER_HOST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One case: seconds of each build, and what the recorders said of themselves."""

    name: str
    bare: list[float]
    recorded: list[float]
    cpu_s: list[float]
    memory_mb: list[float]
    entries: int

    @property
    def ratio(self) -> float:
        return statistics.median(self.recorded) / statistics.median(self.bare)


def main(arguments: Sequence[str]) -> int:
    """Measure every case; 1 when a limit is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, default=40_000)
    parser.add_argument("--big-file-gib", type=int, default=2)
    parser.add_argument("--record", nargs=2, metavar=("ENGINE", "LISTEN"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.record:
        record(Path(options.record[0]), Path(options.record[1]))
        return 0
    good = True
    with (
        tempfile.TemporaryDirectory() as directory,
        open_engine("private").start(os.environ, lambda _: None) as engine,
    ):
        many, tar, big = make_contexts(Path(directory), options.files, options.big_file_gib)
        cases: tuple[tuple[str, Build, int], ...] = (
            (f"{options.files} files, directory", docker_build(engine, many, None), options.repeats),
            (f"{options.files} files, tar on stdin", docker_build(engine, many, tar), options.repeats),
            (f"one file of {options.big_file_gib} GiB", docker_build(engine, big, None), 1),
        )
        print(f"{'context':<28}{'without':>9}{'with':>9}{'ratio':>8}{'cpu':>8}{'memory':>10}{'entries':>9}")
        for name, build, repeats in cases:
            good &= show(measure(name, engine, build, repeats, Path(directory)), judges_ratio=repeats > 1)
    return 0 if good else 1


def make_contexts(directory: Path, files: int, big_file_gib: int) -> tuple[Path, Path, Path]:
    """A directory of many files, the same as a tar, and a directory with one huge file."""
    many, big = directory / "many", directory / "big"
    content = os.urandom(FILE_BYTES - 8)
    for number in range(files):
        folder = many / f"d{number // 100}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"f{number % 100}").write_bytes(content + number.to_bytes(8))
    (big / "d0").mkdir(parents=True)
    (big / "d0" / "f0").write_bytes(b"small")
    with (big / "huge").open("wb") as file:
        file.truncate(big_file_gib << 30)
    for context in (many, big):
        (context / "Dockerfile").write_text(DOCKERFILE)
    tar = directory / "many.tar"
    subprocess.run(["tar", "-cf", tar, "."], cwd=many, check=True)
    return many, tar, big


def docker_build(engine: RunningEngine, context: Path, tar: Path | None) -> Build:
    assert engine.toolchain is not None
    docker = str(engine.toolchain.docker)

    def build(docker_host: str) -> None:
        env = {"DOCKER_HOST": docker_host, "DOCKER_BUILDKIT": "0", "HOME": "/nonexistent"}
        with (tar or Path(os.devnull)).open("rb") as stdin:
            subprocess.run(
                [docker, "build", "--no-cache", "-q", "-" if tar else str(context)],
                env=env,
                stdin=stdin,
                check=True,
                capture_output=True,
            )

    return build


def measure(name: str, engine: RunningEngine, build: Build, repeats: int, directory: Path) -> Measured:
    """Builds in turns without and with a recorder, after one that warms everything up."""
    assert engine.socket is not None
    build(engine.docker_host)
    bare: list[float] = []
    recorded: list[float] = []
    said: list[dict[str, float]] = []
    for turn in range(repeats):
        for with_recorder in (False, True) if turn % 2 else (True, False):
            if with_recorder:
                seconds, facts = build_recorded(engine.socket, build, directory / "recorder.sock")
                recorded.append(seconds)
                said.append(facts)
            else:
                bare.append(timed(build, engine.docker_host))
    return Measured(
        name=name,
        bare=bare,
        recorded=recorded,
        cpu_s=[facts["cpu_s"] for facts in said],
        memory_mb=[facts["memory_mb"] for facts in said],
        entries=int(said[-1]["entries"]),
    )


def build_recorded(engine: Path, build: Build, listen: Path) -> tuple[float, dict[str, float]]:
    """Seconds of a build through a recorder, and what that said at its end."""
    argv = [sys.executable, __file__, "--record", str(engine), str(listen)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as recorder:
        assert recorder.stdout is not None
        recorder.stdout.readline()
        seconds = timed(build, f"unix://{listen}")
        output, _ = recorder.communicate(b"")
    return seconds, json.loads(output)


def timed(build: Build, docker_host: str) -> float:
    started = time.perf_counter()
    build(docker_host)
    return time.perf_counter() - started


def record(engine: Path, listen: Path) -> None:
    """Be a recorder until standard input ends; then make the record and say what it took."""
    watcher = ClassicWatcher(tarsum_header)
    before = time.process_time()
    with Proxy(
        listen, engine, lambda: Http1Tap(watcher.open_exchange, lambda _path, _headers: None)
    ) as proxy:
        print("ready", flush=True)
        sys.stdin.read()
        proxy.wait_idle(10)
    [build] = [read_posted_build(build, Redactor(b"benchmark")) for build in watcher.close()]
    assert build.context is not None
    assert build.context.complete, build.gaps
    facts = {
        "cpu_s": time.process_time() - before,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "entries": len(build.context.entries),
    }
    print(json.dumps(facts), flush=True)


def show(case: Measured, *, judges_ratio: bool) -> bool:
    """Print one line; whether the limits are kept. A single repeat is too little to judge a ratio by."""
    memory = max(case.memory_mb)
    slow = judges_ratio and case.ratio > RATIO_LIMIT
    fat = memory > MEMORY_LIMIT_MB
    verdict = ("   TOO SLOW" if slow else "") + ("   TOO MUCH MEMORY" if fat else "")
    bare, recorded, cpu = map(statistics.median, (case.bare, case.recorded, case.cpu_s))
    print(
        f"{case.name:<28}{bare:>8.2f}s{recorded:>8.2f}s{case.ratio:>8.3f}{cpu:>7.2f}s"
        f"{memory:>7.0f} MB{case.entries:>9}{verdict}",
        flush=True,
    )
    return not slow and not fat


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
