"""What `layerfork check` costs on an unchanged project: the whole command against the two bare builds.

    python research/benchmarks/check.py [--repeats N] [--files N] [--engine NAME]

One private engine; two bare `docker build`s one after the other, and `layerfork check` of the same directory,
in turns, on both builders, with everything in the cache. Start, both recorders, reading from disk, keys and
the judgement are all counted. The RUN steps are in the cache, so this is the cheapest build that there is,
and the ratio the worst: it falls with every second that a build takes. Prints medians of wall seconds, the
ratio, and what is above it. The limit is 1.1 times the two bare builds plus what
research/benchmarks/commands.py allows: 0.15 s for each recorder, 0.5 s for comparing. Ends with 1 when it is
broken.
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
from pathlib import Path

from layerfork.builders.engines import RunningEngine, open_engine

FACTOR = 1.1
START_S = 0.8
FILE_BYTES = 10_240
LAYERFORK = str(Path(sys.executable).with_name("layerfork"))


def main(arguments: Sequence[str]) -> int:
    """Measure both builders; 1 when a limit is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--engine", default="private")
    options = parser.parse_args(arguments)
    good = True
    with (
        tempfile.TemporaryDirectory() as directory,
        open_engine(options.engine).start(os.environ, lambda _: None) as engine,
    ):
        build, environment = prepare(engine, Path(directory), options.files)
        print(f"{'builder':<10}{'two builds':>12}{'check':>9}{'ratio':>8}{'above':>9}")
        for builder, switch in (("buildkit", "1"), ("classic", "0")):
            print(f"{builder:<10}", end="", flush=True)
            good &= measure(build, {**environment, "DOCKER_BUILDKIT": switch}, options.repeats)
    return 0 if good else 1


def prepare(engine: RunningEngine, directory: Path, files: int) -> tuple[tuple[str, ...], dict[str, str]]:
    """A build of many files, and the environment of a user of the engine."""
    assert engine.toolchain is not None
    context = directory / "many"
    context.mkdir()
    for number in range(files):
        (context / f"f{number}").write_bytes(os.urandom(FILE_BYTES))
    (context / "Dockerfile").write_text("FROM alpine\nRUN echo one\nCOPY . /all/\nRUN echo two\n")
    home = directory / "home"
    home.mkdir()
    plugins = [str(engine.toolchain.cli_plugins)] if engine.toolchain.cli_plugins else []
    (home / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": plugins}))
    environment = {
        **os.environ,
        "DOCKER_HOST": engine.docker_host,
        "DOCKER_CONFIG": str(home),
        "XDG_CACHE_HOME": str(directory / "cache"),
        "XDG_STATE_HOME": str(directory / "state"),
    }
    return (str(engine.toolchain.docker), "build", str(context)), environment


def measure(build: Sequence[str], environment: dict[str, str], repeats: int) -> bool:
    """Run both in turns and print what they took; whether the limit is kept."""
    check = (LAYERFORK, "check", "--engine", "host", "--", *build)
    seconds_of(check, environment)
    bare, checked = [], []
    for _ in range(repeats):
        bare.append(seconds_of(build, environment) + seconds_of(build, environment))
        checked.append(seconds_of(check, environment))
    bare_s, check_s = statistics.median(bare), statistics.median(checked)
    slow = check_s > FACTOR * bare_s + START_S
    print(
        f"{bare_s:>11.2f}s{check_s:>8.2f}s{check_s / bare_s:>8.2f}{check_s - bare_s:>8.2f}s"
        f"{'   TOO SLOW' * slow}",
        flush=True,
    )
    return not slow


def seconds_of(command: Sequence[str], environment: dict[str, str]) -> float:
    """Of one command that must end well."""
    started = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
