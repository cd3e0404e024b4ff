"""What `layerfork diff` costs on two records of big contexts that differ in one file.

    python research/benchmarks/diff_records.py [--repeats N] [--files N]

For each builder, two records with that many files are written to disk and the real command compares
them in a process of its own: start, reading and keys are all counted. Beside it a process that only
reads the two files whole. Prints medians of CPU seconds (limit 0.5), the ratio of the two, the largest
resident sizes (limit 150 MB), and the size of a file (limit 2 MB; 3 MB for the classic builder, whose
records hold two digests of each file). Ends with 1 when a limit is broken.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from layerfork.keys.classic.tarsum import tarsum
from layerfork.record.build import Builder
from layerfork.record.context import (
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    EntryType,
    Transport,
)
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.llb import Definition, FileAction, LLBInput, LLBOp, SourceOp
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)
from layerfork.record.store.recordfile import RecordFile

CPU_LIMIT_S = 0.5
MEMORY_LIMIT_MB = 150.0
DISK_LIMIT_MB = {Builder.CLASSIC: 3.0, Builder.BUILDKIT: 2.0, Builder.BUILDAH: 2.0}
CHANGED = 777
DOCKERFILE = "FROM alpine\nCOPY . /src\n"
TRANSPORTS = {
    Builder.CLASSIC: Transport.TAR,
    Builder.BUILDKIT: Transport.FILE_SYNC,
    Builder.BUILDAH: Transport.DISK,
}
PLAIN_LOAD = """
import gc
import sys
from pathlib import Path
gc.disable()
from layerfork.record.store.recordfile import read_records
for path in sys.argv[1:]:
    read_records(Path(path))
"""


def main(arguments: Sequence[str]) -> int:
    """Measure every builder; 1 when a limit is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, default=40_000)
    options = parser.parse_args(arguments)
    print(
        f"{'records':<12}{'diff cpu':>10}{'plain load':>12}{'ratio':>8}{'memory':>10}{'plain':>10}"
        f"{'file':>10}"
    )
    good = True
    for builder in Builder:
        with tempfile.TemporaryDirectory() as directory:
            paths = write_pair(Path(directory), builder, options.files)
            good &= show(builder, paths, options.repeats)
    return 0 if good else 1


def show(builder: Builder, paths: Sequence[str], repeats: int) -> bool:
    """Print one row of medians; whether the limits hold."""
    layerfork = str(Path(sys.executable).with_name("layerfork"))
    diffs = [measure([layerfork, "diff", *paths], expected=1) for _ in range(repeats)]
    loads = [measure([sys.executable, "-c", PLAIN_LOAD, *paths], expected=0) for _ in range(repeats)]
    cpu, plain_cpu = (statistics.median(row[0] for row in rows) for rows in (diffs, loads))
    memory, plain_memory = (statistics.median(row[1] for row in rows) for rows in (diffs, loads))
    size = max(Path(path).stat().st_size for path in paths) / 1e6
    print(
        f"{builder.value:<12}{cpu:>9.2f}s{plain_cpu:>11.2f}s{cpu / plain_cpu:>8.2f}"
        f"{memory:>7.0f} MB{plain_memory:>7.0f} MB{size:>7.1f} MB"
    )
    return cpu < CPU_LIMIT_S and memory < MEMORY_LIMIT_MB and size < DISK_LIMIT_MB[builder]


def measure(command: Sequence[str], expected: int) -> tuple[float, float]:
    """CPU seconds and the largest resident size in MB of one process."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == expected, (command, process.returncode)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def write_pair(directory: Path, builder: Builder, files: int) -> tuple[str, str]:
    """Two record files of builds that sent the same files but for one."""
    entries = tuple(make_entries(files, builder))
    changed = list(entries)
    place = next(index for index, entry in enumerate(entries) if entry.name.endswith(f"/file-{CHANGED}.txt"))
    changed[place] = with_content(entries[place], "changed", builder)
    paths = []
    for name, sent in (("writer", entries), ("reader", tuple(changed))):
        path = directory / f"{name}.jsonl"
        with RecordFile(path) as file:
            file.add(make_record(name, builder, sent))
        paths.append(str(path))
    return paths[0], paths[1]


def make_entries(files: int, builder: Builder) -> Iterator[ContextEntry]:
    """Files in directories of about a hundred, as a client would send them."""
    times = iter(range(1_700_000_000, 1_700_000_000 + 2 * files))
    yield ContextEntry(name="Dockerfile", type=EntryType.FILE, mode=0o644, mtime_ns=next(times) * 10**9)
    for number in range(files):
        directory = f"packages/module-{number // 1000:03}/part-{number // 100:04}"
        if number % 100 == 0:
            yield ContextEntry(
                name=directory, type=EntryType.DIRECTORY, mode=0o755, mtime_ns=next(times) * 10**9
            )
        entry = ContextEntry(
            name=f"{directory}/file-{number}.txt",
            type=EntryType.FILE,
            mode=0o755 if number % 50 == 0 else 0o644,
            mtime_ns=next(times) * 10**9,
        )
        yield with_content(entry, f"file {number}", builder)


def with_content(entry: ContextEntry, text: str, builder: Builder) -> ContextEntry:
    """The entry with another content, and what the recorder would have computed of it."""
    entry = replace(
        entry,
        size=len(text),
        content=Digest("sha256:" + sha256(text.encode()).hexdigest()),
        content_source=ContentSource.SENT,
        typeflag="0" if builder is Builder.CLASSIC else "",
    )
    return replace(entry, tarsum=tarsum(entry, [text.encode()])) if builder is Builder.CLASSIC else entry


def make_record(name: str, builder: Builder, entries: tuple[ContextEntry, ...]) -> BuildRecord:
    """A build of `DOCKERFILE`; the reader missed the COPY."""
    base, copy = make_ops()
    status = StepStatus.MISS
    steps = (
        StepRecord(
            index=1,
            instruction="FROM alpine",
            line=1,
            status=StepStatus.HIT,
            identity="sha256:" + "a" * 64 if builder is Builder.CLASSIC else "",
            vertices=(base.digest,) if builder is Builder.BUILDKIT else (),
        ),
        StepRecord(
            index=2,
            instruction="COPY . /src",
            line=2,
            status=status,
            vertices=(copy.digest,) if builder is Builder.BUILDKIT else (),
            seconds=1.5,
        ),
    )
    source = SourceOp(identifier="local://context")
    local = LLBOp(digest=digest_of("local"), kind="source", source=source)
    return BuildRecord(
        id=name,
        recorded_at="2026-01-01T00:00:00Z",
        engine=EngineInfo(
            kind="private",
            version="26.1.5",
            api_version="1.45",
            image_store="graphdriver",
            architecture="amd64",
            instance="engine-1",
        ),
        builder=builder,
        request=RecordedRequest(dockerfile=DOCKERFILE, dockerfile_name="Dockerfile"),
        context=ContextManifest(transport=TRANSPORTS[builder], entries=entries),
        definition=Definition(ops=(base, local, copy)) if builder is Builder.BUILDKIT else None,
        steps=steps,
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
        base_images=(
            ("alpine", ImageFacts(image_id="sha256:" + "a" * 64, history=(), diff_ids=(digest_of("layer"),))),
        ),
    )


def make_ops() -> tuple[LLBOp, LLBOp]:
    """The base image and the COPY of `DOCKERFILE` as BuildKit operations."""
    base = LLBOp(
        digest=digest_of("base"),
        kind="source",
        source=SourceOp(identifier="docker-image://docker.io/library/alpine:latest"),
    )
    action = FileAction(
        kind="copy",
        input=0,
        secondary_input=1,
        output=0,
        src="/",
        dest="/src/",
        follow_symlink=True,
        dir_copy_contents=True,
        create_dest_path=True,
        allow_wildcard=True,
        allow_empty_wildcard=True,
    )
    inputs = (LLBInput(digest=base.digest), LLBInput(digest=digest_of("local")))
    return base, LLBOp(digest=digest_of("copy"), kind="file", file=(action,), inputs=inputs)


def digest_of(text: str) -> Digest:
    """A digest that stands for something."""
    return Digest("sha256:" + sha256(text.encode()).hexdigest())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
