"""What the recorder costs BuildKit builds, with against without it.

    python research/benchmarks/recorder_buildkit.py [--repeats N] [--seed-repeats N] [--files N]
        [--big-file-gib N]

One private engine; the same docker CLI with buildx builds in turns straight on its socket and through a
recorder that is a process of its own. Prints medians, their ratio, the recorder's CPU seconds and its
largest resident size for: a directory of many files that the engine has never seen; the same again, when
only stats travel; one huge file; a small build that is all cached. The limits are the issue's: 1.05, and
1.1 for the cached build, 150 MB. Ends with 1 when a limit is broken.

With socat on the PATH it builds through that as well: a relay in C that only copies and looks at
nothing. Its ratio is what any process between client and engine costs on the machine.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.wire.buildkit.buildkitbuild import read_build
from layerfork.wire.buildkit.watcher import BuildKitWatcher
from layerfork.wire.http.http1 import Http1Tap
from layerfork.wire.proxy.listener import Proxy
from layerfork.wire.redact import Redactor

CONTEXT_LIMIT = 1.05
CACHED_LIMIT = 1.1
MEMORY_LIMIT_MB = 150.0
FILE_BYTES = 10_240
EVERYTHING = "FROM alpine\nCOPY . /all/\n"
SEED = "FROM alpine\nRUN echo one > /one\nCOPY important.txt /\nRUN echo two > /two\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of build."""

    name: str
    build: Callable[[str], None]
    """Builds once on the engine at a DOCKER_HOST."""
    before: Callable[[], None]
    """Done before each build, untimed."""
    repeats: int
    limit: float | None
    """Of the ratio; None when there are too few builds to judge."""


def main(arguments: Sequence[str]) -> int:
    """Measure every case; 1 when a limit is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed-repeats", type=int, default=40)
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
        print(
            f"{'build':<28}{'without':>9}{'with':>9}{'ratio':>8}{'socat':>8}{'cpu':>8}{'memory':>10}{'entries':>9}"
        )
        for case in make_cases(engine, Path(directory), options):
            good &= measure(case, engine, Path(directory))
    return 0 if good else 1


def make_cases(engine: RunningEngine, directory: Path, options: argparse.Namespace) -> tuple[Case, ...]:
    many, big, seed = (directory / name for name in ("many", "big", "seed"))
    content = os.urandom(FILE_BYTES - 8)
    for number in range(options.files):
        folder = many / f"d{number // 100}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"f{number % 100}").write_bytes(content + number.to_bytes(8))
    for context, dockerfile in ((many, EVERYTHING), (big, EVERYTHING), (seed, SEED)):
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text(dockerfile)
    (seed / "important.txt").write_text("important\n")
    with (big / "huge").open("wb") as file:
        file.truncate(options.big_file_gib << 30)
    client = Client(engine, directory)
    few = options.repeats < 3
    limit = None if few else CONTEXT_LIMIT
    return (
        Case(name=f"{options.files} files, cold", build=client.builder(many), before=client.forget,
             repeats=options.repeats, limit=limit),
        Case(name=f"{options.files} files, again", build=client.builder(many), before=nothing,
             repeats=3 * options.repeats, limit=limit),
        Case(name=f"one file of {options.big_file_gib} GiB", build=client.builder(big), before=client.forget,
             repeats=1, limit=None),
        Case(name="seed build, cached", build=client.builder(seed), before=nothing,
             repeats=options.seed_repeats, limit=CACHED_LIMIT),
    )  # fmt: skip


class Client:
    """The docker CLI of the engine's generation, with buildx."""

    def __init__(self, engine: RunningEngine, directory: Path) -> None:
        assert engine.toolchain is not None
        self._engine = engine
        self._docker = str(engine.toolchain.docker)
        home = directory / "home"
        home.mkdir()
        plugins = [str(engine.toolchain.cli_plugins)] if engine.toolchain.cli_plugins else []
        (home / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": plugins}))
        self._env = {"DOCKER_BUILDKIT": "1", "HOME": str(home), "DOCKER_CONFIG": str(home)}

    def builder(self, context: Path) -> Callable[[str], None]:
        return lambda docker_host: self._run(docker_host, "build", "-q", "-t", "benchmark", str(context))

    def forget(self) -> None:
        """Empty the build cache and let the disk come to rest."""
        self._run(self._engine.docker_host, "builder", "prune", "--all", "--force")
        os.sync()

    def _run(self, docker_host: str, *words: str) -> None:
        env = {**self._env, "DOCKER_HOST": docker_host}
        subprocess.run([self._docker, *words], env=env, check=True, capture_output=True)


def nothing() -> None:
    """Some builds need no preparation."""


def measure(case: Case, engine: RunningEngine, directory: Path) -> bool:
    """Build in turns without and with a recorder, and print a line; whether the limits are kept."""
    assert engine.socket is not None
    case.before()
    case.build(engine.docker_host)
    bare: list[float] = []
    recorded: list[float] = []
    copied: list[float] = []
    said: list[dict[str, float]] = []
    for turn in range(case.repeats):
        for with_recorder in (False, True) if turn % 2 else (True, False):
            case.before()
            if with_recorder:
                seconds, facts = build_recorded(engine.socket, case.build, directory / "recorder.sock")
                recorded.append(seconds)
                said.append(facts)
            else:
                bare.append(timed(case.build, engine.docker_host))
        if socat := shutil.which("socat"):
            case.before()
            copied.append(build_copied(socat, engine.socket, case.build, directory / "socat.sock"))
    ratio = statistics.median(recorded) / statistics.median(bare)
    memory = max(facts["memory_mb"] for facts in said)
    slow = case.limit is not None and ratio > case.limit
    fat = memory > MEMORY_LIMIT_MB
    verdict = ("   TOO SLOW" if slow else "") + ("   TOO MUCH MEMORY" if fat else "")
    cpu = statistics.median(facts["cpu_s"] for facts in said)
    floor = f"{statistics.median(copied) / statistics.median(bare):.3f}" if copied else "-"
    print(
        f"{case.name:<28}{statistics.median(bare):>8.2f}s{statistics.median(recorded):>8.2f}s{ratio:>8.3f}{floor:>8}"
        f"{cpu:>7.2f}s{memory:>7.0f} MB{said[-1]['entries']:>9.0f}{verdict}",
        flush=True,
    )
    return not slow and not fat


def build_recorded(
    engine: Path, build: Callable[[str], None], listen: Path
) -> tuple[float, dict[str, float]]:
    """Seconds of a build through a recorder, and what that said at its end."""
    argv = [sys.executable, __file__, "--record", str(engine), str(listen)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as recorder:
        assert recorder.stdout is not None
        recorder.stdout.readline()
        seconds = timed(build, f"unix://{listen}")
        output, _ = recorder.communicate(b"")
    return seconds, json.loads(output)


def build_copied(socat: str, engine: Path, build: Callable[[str], None], listen: Path) -> float:
    """Seconds of a build through a relay that only copies."""
    argv = [socat, "-d0", "-b262144", f"UNIX-LISTEN:{listen},fork,unlink-early", f"UNIX-CONNECT:{engine}"]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as relay:
        try:
            while not listen.exists():
                time.sleep(0.01)
            return timed(build, f"unix://{listen}")
        finally:
            relay.terminate()
            relay.wait()
            listen.unlink(missing_ok=True)


def timed(build: Callable[[str], None], docker_host: str) -> float:
    started = time.perf_counter()
    build(docker_host)
    return time.perf_counter() - started


def record(engine: Path, listen: Path) -> None:
    """Be a recorder until standard input ends; then make the record and say what it took."""
    watcher = BuildKitWatcher()
    before = time.process_time()
    with Proxy(listen, engine, lambda: Http1Tap(lambda _: None, watcher.upgraded)) as proxy:
        print("ready", flush=True)
        sys.stdin.read()
        proxy.wait_idle(10)
        during = time.process_time() - before
    [build] = [read_build(build, Redactor(b"benchmark")) for build in watcher.close()]
    assert build.context is not None
    assert build.context.complete, build.gaps
    assert build.definition is not None
    assert build.definition.digests_verified
    facts = {
        "cpu_s": during,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "entries": len(build.context.entries),
    }
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
