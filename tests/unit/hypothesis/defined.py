"""Records of BuildKit builds that show their definitions, from wherever the repository has them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from transcripts import records as transcripts

from layerfork.record.build import Builder
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import read_records

TESTS = Path(__file__).parents[2]
CONSTRUCTS = TESTS / "vectors" / "constructs"
IMAGE_PATHS = {"29.7.2": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
"""``PATH`` of the base image that transcripts were recorded with, where it is not ``/bin``, by engine. It is
all that the image has, and what passed on the wire does not tell it."""


TRIGGERS = ("RUN echo triggered > /t", "COPY a.txt /ob")
"""ONBUILD lines of the image that they call ``onbase``."""


def stored_records() -> Iterator[tuple[str, BuildRecord]]:
    """Every BuildKit build below `tests/` that is kept as a record, but for those of `construct_records`."""
    yield from _records(file for file in sorted(TESTS.rglob("*.jsonl")) if file.parent != CONSTRUCTS)


def construct_records() -> Iterator[tuple[str, BuildRecord]]:
    """The builds of `corpus.constructs`, on every engine."""
    yield from _records(sorted(CONSTRUCTS.glob("*.jsonl")))


def _records(files: Iterable[Path]) -> Iterator[tuple[str, BuildRecord]]:
    for file in files:
        for number, record in enumerate(read_records(file), start=1):
            if record.builder is Builder.BUILDKIT and record.definition is not None:
                yield f"{file.relative_to(TESTS)}#{number}", record


def transcribed_records() -> Iterator[tuple[str, BuildRecord]]:
    """Every BuildKit build in a transcript that shows its definition. The engine is that of its name."""
    for transcript in sorted(transcripts.FOLDER.glob("buildkit-*.bin")):
        name = transcript.stem.removeprefix("buildkit-")
        if "20.10" in name:
            continue
        for number, record in enumerate(transcripts.records_of(name), start=1):
            if record.definition is None or record.request.dockerfile is None:
                continue
            assert record.engine is not None
            version = name.partition("engine-")[2].partition("-")[0]
            store = "containerd" if "containerd" in name else "graphdriver"
            engine = replace(record.engine, version=version, image_store=store)
            path = IMAGE_PATHS.get(version, "/bin")
            base = ImageFacts(image_id="", history=(), diff_ids=(), env=(f"PATH={path}",))
            triggered = replace(base, onbuild=TRIGGERS)
            bases = (("alpine", base), ("onbase", triggered))
            yield f"{name}#{number}", replace(record, engine=engine, base_images=bases)
