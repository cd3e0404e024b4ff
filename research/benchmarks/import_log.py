"""Logs of a million lines: the typed `layerfork import`, beside Python that only counts the lines.

    python research/benchmarks/import_log.py [--lines N] [FORM...]

A log of each form is written and imported in turns with the counting. Prints wall seconds, the ratio to the
counting, CPU seconds, the largest resident size and the size of the log. A form fails that takes more than
150 MB (X CPU seconds above 40 a million lines, or whose build is not read to its end.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.record.record import BuildOutcome
from layerfork.record.store.recordfile import read_records

LAYERFORK = str(Path(sys.executable).with_name("layerfork"))
COUNT = "import sys; print(sum(1 for line in open(sys.argv[1], encoding='utf-8')))"
MEMORY_LIMIT_MB = 150.0
CPU_LIMIT_S = 40.0
"""A million lines."""
BEGIN = (
    "#1 [internal] load build definition from Dockerfile",
    "#1 DONE 0.0s",
    "#2 [1/3] FROM docker.io/library/alpine:latest",
    "#2 CACHED",
    "#3 [2/3] COPY . /app",
    "#3 DONE 0.1s",
)
END = ("#9 exporting to image", f"#9 writing image sha256:{'1' * 64} done", "#9 DONE 0.1s")
SAID = "added a package of a long list that an installer prints line by line"
DIGEST = "sha256:" + "2" * 64


def plain(lines: int) -> Iterator[str]:
    """One RUN that prints nearly all lines."""
    yield from (*BEGIN, "#4 [3/3] RUN make")
    yield from (f"#4 {at / 100:.3f} {at} {SAID}" for at in range(lines))
    yield from ("#4 DONE 900.0s", *END)


def parallel(lines: int) -> Iterator[str]:
    """Four RUNs that print in turns."""
    yield from (*BEGIN, *(f"#{4 + at} [s{at} 2/2] RUN make {at}" for at in range(4)))
    yield from (f"#{4 + at % 4} {at / 100:.3f} {at} {SAID}" for at in range(lines))
    yield from (*(f"#{4 + at} DONE 900.0s" for at in range(4)), *END)


def github(lines: int) -> Iterator[str]:
    """With a time before each line."""
    yield from (f"2026-11-25T16:43:05.1234567Z {line}" for line in plain(lines))


def buildkite(lines: int) -> Iterator[str]:
    """With a time in an escape sequence before each line."""
    yield from (f"\x1b_bk;t={1764088985000 + at}\x07{line}\r" for at, line in enumerate(plain(lines)))


def clock(lines: int) -> Iterator[str]:
    """With a clock in brackets before each line."""
    yield from (f"[{at // 60:02d}:{at % 60:02d}] {line}" for at, line in enumerate(plain(lines)))


def noise(lines: int) -> Iterator[str]:
    """A job that prints nearly all lines before and after its build."""
    yield from (f"test {at} {SAID}: ok" for at in range(lines // 2))
    yield from plain(10)
    yield from (f"test {at} {SAID}: ok" for at in range(lines // 2))


def classic(lines: int) -> Iterator[str]:
    """The classic builder, which puts nothing before what a command prints."""
    yield from (
        "Step 1/2 : FROM alpine",
        f" ---> {'1' * 12}",
        "Step 2/2 : RUN make",
        f" ---> Running in {'2' * 12}",
    )
    yield from (f"{at} {SAID}" for at in range(lines))
    yield from (
        f" ---> Removed intermediate container {'2' * 12}",
        f" ---> {'3' * 12}",
        f"Successfully built {'3' * 12}",
    )


def podman(lines: int) -> Iterator[str]:
    """Podman, which does not either."""
    yield from ("STEP 1/2: FROM alpine", "STEP 2/2: RUN make")
    yield from (f"{at} {SAID}" for at in range(lines))
    yield from ("COMMIT", f"--> {'3' * 12}", "3" * 64)


def rawjson(lines: int) -> Iterator[str]:
    """A message for each line that a command prints, as ``--progress rawjson`` writes them."""
    vertex = {"digest": DIGEST, "name": "[2/2] RUN make", "started": "2026-11-25T16:43:05Z"}
    yield json.dumps({"vertexes": [vertex]})
    for at in range(lines):
        yield f'{{"logs":[{{"vertex":"{DIGEST}","data":"{at}AAAA","timestamp":"2026-11-25T00:00Z"}}]}}'
    export = {**vertex, "digest": "sha256:" + "3" * 64, "name": "exporting to image"}
    for each in (vertex, export):
        yield json.dumps({"vertexes": [{**each, "completed": "2026-11-25T16:58:05Z"}]})


FORMS: dict[str, Callable[[int], Iterator[str]]] = {
    form.__name__: form
    for form in (plain, parallel, github, buildkite, clock, noise, classic, podman, rawjson)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command took."""

    seconds: float
    cpu_s: float
    memory_mb: float


def cost(*argv: str) -> Cost:
    """Run a command that must succeed."""
    began = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, argv
    return Cost(
        seconds=time.perf_counter() - began,
        cpu_s=usage.ru_utime + usage.ru_stime,
        memory_mb=usage.ru_maxrss / 1024,
    )


def measure(name: str, lines: int, directory: Path) -> bool:
    """Print a line about one form; whether the limits are kept."""
    log, records = directory / "job.log", directory / "job.jsonl"
    with log.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in FORMS[name](lines))
    counted = cost(sys.executable, "-c", COUNT, str(log))
    own = cost(LAYERFORK, "import", str(log), "-o", str(records))
    (record,) = read_records(records)
    whole = record.result.outcome is BuildOutcome.SUCCEEDED
    fat = own.memory_mb > MEMORY_LIMIT_MB
    slow = own.cpu_s > CPU_LIMIT_S * max(lines, 100_000) / 1e6
    print(
        f"{name:<10}{own.seconds:>8.1f}s{own.seconds / counted.seconds:>7.1f}{own.cpu_s:>8.1f}s"
        f"{own.memory_mb:>8.0f} MB{log.stat().st_size / (1 << 20):>8.0f} MiB"
        f"{'   TOO SLOW' * slow}{'   TOO MUCH MEMORY' * fat}{'   NOT READ TO ITS END' * (not whole)}",
        flush=True,
    )
    return whole and not fat and not slow


def main(arguments: Sequence[str]) -> int:
    """Measure the forms; 1 when a limit is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("forms", nargs="*", default=[*FORMS])
    options = parser.parse_args(arguments)
    print(f"{'form':<10}{'wall':>9}{'ratio':>7}{'cpu':>9}{'memory':>11}{'log':>12}")
    with tempfile.TemporaryDirectory() as directory:
        kept = [measure(name, options.lines, Path(directory)) for name in options.forms]
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
