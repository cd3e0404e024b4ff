"""Contexts larger than anybody has: a great many files, and a file of gigabytes without a content."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.engines import open_engine
from research.attacks.outcome import Outcome
from research.attacks.secrets import environment_of

LAYERFORK = (sys.executable, "-c", "from layerfork.cli import main; main()")
SPARSE_BYTES = 8 << 30
EACH_DIRECTORY = 1_000
BYTES_EACH_FILE = 6_000
"""Of memory that a command may take for each file of a context, beyond what it takes anyway."""
BYTES_ANYWAY = 384 << 20
LONGEST_S = 1_800.0
CHANGED = "src/0000/0.txt"
BUILD = ("--", "sh", "-c", "docker build . > /dev/null 2>&1")
WHY = ("why", "--engine", "host")
DOCKERFILE = "FROM alpine\nCOPY src /src\nRUN echo one\n"


@dataclass(kw_only=True)
class _Measured:
    """Commands that ran, and what they took."""

    outcome: Outcome
    place: Path
    may_take_bytes: int

    def run(self, name: str, words: tuple[str, ...], env: Mapping[str, str], codes: tuple[int, ...]) -> bytes:
        """What a command says. One that ends otherwise, or takes too much memory, is a failure."""
        said, complained = self.place / "said", self.place / "complained"
        if words[0] == "pack":
            said = Path(os.devnull)
        started = time.monotonic()
        with said.open("wb") as out, complained.open("wb") as messages:
            process = subprocess.Popen(
                [*LAYERFORK, *words], env=env, cwd=self.place / "context", stdout=out, stderr=messages
            )
            peak, busy = 0, 0.0
            while process.poll() is None:
                peak, busy = max(peak, _peak_bytes(process.pid)), max(busy, _busy_s(process.pid))
                if time.monotonic() - started > LONGEST_S:
                    process.kill()
                time.sleep(0.05)
        text = complained.read_text(errors="replace")
        if process.returncode not in codes or "Traceback" in text:
            self.outcome.failures.append(f"{name}: {process.returncode}: {text[-500:]}")
        if peak > self.may_take_bytes:
            self.outcome.failures.append(f"{name}: {peak >> 20} MiB of memory")
        seconds = time.monotonic() - started
        self.outcome.numbers[name] = f"{seconds:.0f} s, {busy:.0f} s of the processor, {peak >> 20} MiB"
        return b"" if words[0] == "pack" else said.read_bytes()


def attack_many_files(count: int) -> Outcome:
    """So many files in a context: recorded, predicted and explained on both builders."""
    outcome = Outcome(what=f"a context of {count:,} files")
    with _place() as place, open_engine("private").start(os.environ, lambda line: None) as engine:
        context = place / "context"
        _many(context, count)
        measured = _Measured(
            outcome=outcome, place=place, may_take_bytes=BYTES_ANYWAY + count * BYTES_EACH_FILE
        )
        for builder in ("buildkit", "classic"):
            env = _environment(environment_of(builder, engine, place / "docker"), place, builder)
            _append(context / CHANGED, f"{builder}\n")
            measured.run(f"{builder}: why", (*WHY, *BUILD), env, (0,))
            _append(context / CHANGED, f"{builder} again\n")
            for name, words in (("predict", ("predict", ".")), ("why, one changed", (*WHY, *BUILD))):
                said = measured.run(f"{builder}: {name}", words, env, (0, 1))
                if CHANGED.encode() not in said:
                    outcome.failures.append(f"{builder}: {name}: does not name {CHANGED}: {said[:300]!r}")
            measured.run(f"{builder}: records", ("records",), env, (0,))
    return outcome


def attack_sparse_file(*, sent: bool) -> Outcome:
    """8 GiB of nothing in one file: ignored, and sent where there is time for it."""
    outcome = Outcome(what=f"a sparse file of {SPARSE_BYTES >> 30} GiB")
    with _place() as place, open_engine("private").start(os.environ, lambda line: None) as engine:
        context = place / "context"
        _many(context, 10)
        with (context / "src" / "sparse").open("wb") as file:
            file.truncate(SPARSE_BYTES)
        ignores = context / ".dockerignore"
        measured = _Measured(outcome=outcome, place=place, may_take_bytes=BYTES_ANYWAY)
        for builder in ("classic", "buildkit"):
            env = _environment(environment_of(builder, engine, place / "docker"), place, builder)
            for way in ("ignored", "sent") if sent else ("ignored",):
                ignores.write_text("src/sparse\n" if way == "ignored" else "")
                records = str(place / f"{builder}-{way}.records")
                name = f"{builder}, {way}:"
                measured.run(
                    f"{name} record", ("record", "--engine", "host", "-o", records, *BUILD), env, (0,)
                )
                measured.run(f"{name} predict", ("predict", "--against", records, "."), env, (0, 1))
        for way in ("ignored", "sent"):
            ignores.write_text("src/sparse\n" if way == "ignored" else "")
            measured.run(f"pack, {way}", ("pack", "."), env, (0,))
    return outcome


def _many(context: Path, count: int) -> None:
    """So many files in a tree, and a Dockerfile that copies them."""
    for number in range(count):
        directory = context / "src" / f"{number // EACH_DIRECTORY:04d}"
        if number % EACH_DIRECTORY == 0:
            directory.mkdir(parents=True)
        with open(directory / f"{number % EACH_DIRECTORY}.txt", "w") as file:  # noqa: PTH123 - many
            file.write(f"{number}\n")
    (context / "Dockerfile").write_text(DOCKERFILE)


def _append(file: Path, text: str) -> None:
    with file.open("a") as opened:
        opened.write(text)


@contextmanager
def _place() -> Iterator[Path]:
    """A directory on a disk, in which everything is written."""
    with tempfile.TemporaryDirectory(prefix="lfa-", dir="/var/tmp") as directory:
        place = Path(directory)
        (place / "context").mkdir()
        yield place


def _environment(env: Mapping[str, str], place: Path, builder: str) -> dict[str, str]:
    return {
        **env,
        "XDG_STATE_HOME": str(place / f"state-{builder}"),
        "XDG_CACHE_HOME": str(place / "cache"),
        "TMPDIR": str(place),
        "LAYERFORK_VERIFY": "1",
    }


def _peak_bytes(pid: int) -> int:
    """The most memory that a process had at once."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:")), 0)


def _busy_s(pid: int) -> float:
    """The processor's time that a process itself has taken."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
