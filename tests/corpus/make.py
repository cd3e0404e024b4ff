"""Builds the corpus's pairs on real engines and writes their records.

    PYTHONPATH=tests .venv/bin/python -m corpus.make [NAME...]

Without a name every pair whose records are missing is built. A name is a pair's, or the beginning of some.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
from corpus.building import BuildFailedError, Workplace
from corpus.pairs import PAIRS
from corpus.subjects import DEFAULT_CLIENTS, DEFAULT_ENGINES, Build, Pair

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.errors import LayerforkError
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import RecordFile

RECORDS = Path(__file__).parent / "records"
LIMIT_BYTES = 30_000


@dataclass(slots=True)
class Engines:
    """Engines that run, each started when a pair needs it."""

    stack: ExitStack
    running: dict[str, RunningEngine] = field(default_factory=dict)

    def get(self, spec: str) -> RunningEngine:
        """The engine of that name. Raises: LayerforkError."""
        if spec not in self.running:
            # What follows # tells two engines of one kind apart.
            start = open_engine(spec.partition("#")[0]).start(
                os.environ, lambda text: click.echo(text, err=True)
            )
            self.running[spec] = self.stack.enter_context(start)
        return self.running[spec]


def main(names: list[str]) -> int:
    """Build what is asked for; 1 when a pair could not be built."""
    wanted = list(choose(names))
    failed = 0
    for engine in sorted({engine_of(pair) for pair in wanted}):
        with ExitStack() as stack:
            engines = Engines(stack)
            for pair in wanted:
                if engine_of(pair) == engine:
                    failed += not make(pair, engines)
    return int(bool(failed))


def choose(names: Iterable[str]) -> Iterator[Pair]:
    """The pairs that are to be built."""
    starts = tuple(names)
    for pair in PAIRS:
        missing = not starts and not path_of(pair).exists()
        if missing or (starts and pair.name.startswith(starts)):
            yield pair


def path_of(pair: Pair) -> Path:
    return RECORDS / f"{pair.name}.jsonl"


def engine_of(pair: Pair) -> str:
    return pair.engine or DEFAULT_ENGINES[pair.builder]


def make(pair: Pair, engines: Engines) -> bool:
    """Build one pair on clean caches and keep its records."""
    try:
        writer, reader = build_both(pair, engines)
    except (BuildFailedError, LayerforkError) as error:
        click.echo(f"{pair.name}: {error}")
        return False
    path = path_of(pair)
    path.unlink(missing_ok=True)
    with RecordFile(path) as out:
        out.add(writer)
        out.add(reader)
    path.chmod(0o644)
    size = path.stat().st_size
    click.echo(f"{pair.name}: {size:,} bytes{' TOO LARGE' if size > LIMIT_BYTES else ''}")
    return True


def build_both(pair: Pair, engines: Engines) -> tuple[BuildRecord, BuildRecord]:
    """The writer's record and the reader's. Raises: BuildFailedError, LayerforkError."""
    used = {build.engine or engine_of(pair) for build in (pair.writer, pair.reader)}
    for spec in used:
        engines.get(spec).reset()
    with tempfile.TemporaryDirectory(prefix="lf-", dir="/tmp") as base:
        shared = Path(base) / "shared"
        shared.mkdir()

        def built(build: Build, name: str = "work") -> BuildRecord:
            place = Path(base) / name
            place.mkdir()
            engine = engines.get(build.engine or engine_of(pair))
            workplace = Workplace(engine=engine, directory=place, shared=shared)
            try:
                record = workplace.build(build, build.client or DEFAULT_CLIENTS[pair.builder])
                return without_place(record, base)
            finally:
                shutil.rmtree(place)

        if pair.at_once:
            with ThreadPoolExecutor() as pool:
                first = pool.submit(built, pair.writer, "first")
                time.sleep(1)
                reader = built(pair.reader)
                return first.result(), reader
        writer = built(pair.writer)
        for request in pair.between:
            Workplace(engine=engines.get(engine_of(pair)), directory=Path(base), shared=shared).ask(request)
        return writer, built(pair.reader)


def without_place(record: BuildRecord, base: str) -> BuildRecord:
    """The record without the temporary directory in which it was made: caches lie in ``/shared``."""
    imported, exported = (
        tuple(each.replace(base, "") for each in caches)
        for caches in (record.request.cache_from, record.request.cache_to)
    )
    return replace(record, request=replace(record.request, cache_from=imported, cache_to=exported))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
