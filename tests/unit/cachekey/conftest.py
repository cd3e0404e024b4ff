"""Measured vectors, and context entries made from them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from layerfork.cachekey.filesum import tarsum
from layerfork.dockerfile import parse_dockerfile
from layerfork.model.build import Builder
from layerfork.model.context import (
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    EntryType,
    Transport,
)
from layerfork.model.engine import EngineInfo, ImageFacts
from layerfork.model.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "cache-key-vectors.json"
TYPES = {
    "0": EntryType.FILE,
    "1": EntryType.HARDLINK,
    "2": EntryType.SYMLINK,
    "5": EntryType.DIRECTORY,
}


@pytest.fixture(scope="session")
def vectors() -> Any:
    """The whole file: every hash in it was printed or exported by a real engine."""
    return json.loads(VECTORS.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def entry_of() -> Callable[[dict[str, Any]], ContextEntry]:
    """Makes a tar entry of a vector's description, digests included as the recorder does."""
    return _entry_of


def _entry_of(vector: dict[str, Any]) -> ContextEntry:
    data = vector.get("data", "").encode()
    typeflag = vector.get("typeflag") or vector.get("type", "0")
    entry = ContextEntry(
        name=vector["name"],
        type=TYPES[typeflag],
        typeflag=typeflag,
        mode=vector["mode"],
        uid=vector["uid"],
        gid=vector["gid"],
        size=len(data),
        linkname=vector.get("linkname", ""),
        mtime_ns=vector.get("mtime", 0) * 10**9,
        content=Digest("sha256:" + sha256(data).hexdigest()) if typeflag == "0" else None,
        content_source=ContentSource.SENT if typeflag == "0" else ContentSource.NONE,
    )
    return replace(entry, tarsum=tarsum(entry, [data]))


BASE = ImageFacts(image_id="sha256:" + "b" * 64, history=(), diff_ids=(), env=("PATH=/bin",))


@pytest.fixture(scope="session")
def classic_record() -> Callable[..., BuildRecord]:
    """Makes the record of a classic build, its steps as the builder numbers and prints them."""
    return _classic_record


def _classic_record(
    dockerfile: str,
    entries: Sequence[ContextEntry] = (),
    created_by: Sequence[str] = (),
    bases: Mapping[str, ImageFacts] | None = None,
    engine: str = "26.1.5",
    excludes: tuple[str, ...] = (),
    request: RecordedRequest | None = None,
) -> BuildRecord:
    asked = replace(request or RecordedRequest(), dockerfile=dockerfile)
    parsed = parse_dockerfile(dockerfile)
    target = parsed.find_stage(asked.target) if asked.target else None
    kept = [i for i in parsed.instructions if target is None or i.stage <= target.index]
    lines = [(i.text, i.stage, i.stage_name) for i in kept]
    last = lines[-1]
    lines += [(f"LABEL {name}={value}", *last[1:]) for name, value in sorted(asked.labels)]
    steps = tuple(
        StepRecord(
            index=index,
            stage=stage,
            stage_name=name,
            instruction=text,
            status=StepStatus.MISS,
            created_by=created_by[index - 1] if index <= len(created_by) else "",
        )
        for index, (text, stage, name) in enumerate(lines, start=1)
    )
    known = {"base": BASE} if bases is None else bases
    return BuildRecord(
        id="test",
        recorded_at="2026-01-01T00:00:00Z",
        builder=Builder.CLASSIC,
        engine=EngineInfo(kind="private", version=engine, api_version="", image_store="graphdriver"),
        request=asked,
        context=ContextManifest(transport=Transport.TAR, entries=tuple(entries), excludes=excludes),
        steps=steps,
        base_images=tuple(known.items()),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )
