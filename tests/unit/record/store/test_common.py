"""Leaving out what two builds have in common changes nothing that is said of them.

Pairs of records of real builds, drawn by the date, are compared whole and with as much left out as can be,
with directories of alike files added; and so are made-up builds of random contexts with links, wildcards and
duplicates.
"""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from corpus.make import RECORDS
from fakes.copyaction import copy_action
from hypothesis import given, settings
from hypothesis import strategies as st
from today import part_of_today

from layerfork.app.compare import samefiles as common
from layerfork.app.compare.comparison import diff_records, diff_stored
from layerfork.app.compare.samefiles import read_pair
from layerfork.keys.classic.tarsum import tarsum
from layerfork.record.build import Builder
from layerfork.record.context import (
    TYPEFLAGS,
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    EntryType,
    Transport,
)
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.llb import Definition, LLBInput, LLBOp, SourceOp
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)
from layerfork.record.store.recordfile import RecordFile, read_records, read_stored, stored

REGRESSIONS = Path(__file__).parents[2] / "research" / "mutations" / "regressions"
LEFT_OUT_OF_REAL: list[int] = []
LEFT_OUT: list[int] = []
PAIRS = part_of_today(sorted((*RECORDS.glob("*.jsonl"), *REGRESSIONS.glob("*.jsonl"))), 4)
TRANSPORTS = {
    Builder.CLASSIC: Transport.TAR,
    Builder.BUILDKIT: Transport.FILE_SYNC,
    Builder.BUILDAH: Transport.DISK,
}


def digest(text: str) -> Digest:
    return Digest("sha256:" + sha256(text.encode()).hexdigest())


def file(path: str, text: str, tar: bool) -> ContextEntry:
    entry = ContextEntry(
        name=path,
        type=EntryType.FILE,
        typeflag=TYPEFLAGS[EntryType.FILE] if tar else "",
        mode=0o644,
        size=len(text),
        mtime_ns=17,
        content=digest(text),
        content_source=ContentSource.SENT,
    )
    return replace(entry, tarsum=tarsum(entry, [text.encode()])) if tar else entry


def directory(path: str, tar: bool) -> ContextEntry:
    flag = TYPEFLAGS[EntryType.DIRECTORY] if tar else ""
    entry = ContextEntry(
        name=path + "/" * tar, type=EntryType.DIRECTORY, typeflag=flag, mode=0o755, mtime_ns=1
    )
    return replace(entry, tarsum=tarsum(entry)) if tar else entry


def bulk(record: BuildRecord, *, changed: str = "") -> BuildRecord:
    """The record with directories of alike files beside what its main context holds."""
    if record.context is None or not record.context.entries:
        return record
    tar = any(entry.typeflag for entry in record.context.entries)
    added = [directory("zz", tar), directory("zz/more", tar)]
    for number in range(3):
        top = f"zz/more/part-{number}"
        added.append(directory(top, tar))
        added += [
            file(f"{top}/{each}.bulk", changed if number == each == 1 else "same", tar) for each in range(4)
        ]
    return replace(record, context=replace(record.context, entries=(*record.context.entries, *added)))


def agree(writer: BuildRecord, reader: BuildRecord) -> int:
    """Compare in both ways; gives how many entries of the reader's were left out."""
    with pytest.MonkeyPatch.context() as patch:
        whole = diff_records(writer, reader, "ci", "laptop")
        assert diff_stored(stored(writer), stored(reader), "ci", "laptop") == whole
        patch.setattr(common, "WORTH_CUTTING", 0)
        assert diff_records(writer, reader, "ci", "laptop") == whole
    left = read_pair(stored(writer), stored(reader)).reader.context
    return len(reader.context.entries) - len(left.entries) if reader.context and left else 0


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_real_builds_are_judged_alike(path: Path) -> None:
    records = read_records(path)
    other = bulk(records[-1], changed="other")
    LEFT_OUT_OF_REAL.append(agree(bulk(records[0]), other))


def test_much_was_left_out_of_real_builds() -> None:
    assert sum(each >= 6 for each in LEFT_OUT_OF_REAL) >= len(LEFT_OUT_OF_REAL) / 4


SOURCES = (
    ".",
    "a",
    "a/b",
    "a/deep",
    "*.txt",
    "a/*.txt",
    "*/deep",
    "link",
    "link/deep",
    "b/c.txt",
    "$X",
    "a*",
)


@st.composite
def contexts(draw: st.DrawFn, tar: bool) -> tuple[ContextEntry, ...]:
    """Directories three deep with files, perhaps a link, a duplicate, a directory without an entry."""
    entries = []
    for top in ("a", "b"):
        for below in ("", "/deep", "/deep/er"):
            path = top + below
            if draw(st.integers(0, 9)):
                entries.append(directory(path, tar))
            entries += [file(f"{path}/{name}", "same", tar) for name in ("c.txt", "d.txt", "e", "f")]
    kind = EntryType.SYMLINK
    if draw(st.integers(0, 3)) == 0:
        link = ContextEntry(
            name=draw(st.sampled_from(("link", "a/link", "b/deep/link"))),
            type=kind,
            typeflag=TYPEFLAGS[kind] if tar else "",
            mode=0o777,
            linkname=draw(st.sampled_from(("a", "b/deep", "a/deep/c.txt", "../a", "../../b/deep/er"))),
        )
        entries.append(replace(link, tarsum=tarsum(link)) if tar else link)
    if draw(st.integers(0, 9)) == 0:
        entries.append(file("a/deep/c.txt", "twice", tar))
    return tuple(entries)


@st.composite
def changed(draw: st.DrawFn, entries: tuple[ContextEntry, ...], tar: bool) -> tuple[ContextEntry, ...]:
    """The entries with a few others: changed, missing, moved, added."""
    found = list(entries)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(found) - 1))
        entry = found[place]
        match draw(st.integers(0, 4)):
            case 0 if entry.type is EntryType.FILE:
                found[place] = file(entry.name, draw(st.sampled_from(("x", "y"))), tar)
            case 1:
                mode = replace(entry, mode=entry.mode ^ 0o100, tarsum=None)
                found[place] = mode
            case 2:
                del found[place]
            case 3:
                found.append(found.pop(place))
            case _:
                found.append(file(draw(st.sampled_from(("a/deep/new", "new", "b/deep/er/c2.txt"))), "n", tar))
    return tuple(found)


def build(
    builder: Builder, source: str, entries: tuple[ContextEntry, ...], status: StepStatus, name: str
) -> BuildRecord:
    """A build of one COPY."""
    text = f"COPY {source} /srv/"
    base = LLBOp(
        digest=digest("base"),
        kind="source",
        source=SourceOp(identifier="docker-image://docker.io/library/alpine:latest"),
    )
    local = LLBOp(digest=digest("local"), kind="source", source=SourceOp(identifier="local://context"))
    action = copy_action(source, "/srv/")
    inputs = (LLBInput(digest=base.digest), LLBInput(digest=local.digest))
    copy = LLBOp(digest=digest("copy" + source), kind="file", file=(action,), inputs=inputs)
    kit = builder is Builder.BUILDKIT
    return BuildRecord(
        id=name,
        recorded_at="2026-01-01T00:00:00Z",
        engine=EngineInfo(
            kind="private", version="26.1.5", api_version="1.45", image_store="graphdriver", instance="e"
        ),
        builder=builder,
        request=RecordedRequest(dockerfile=f"FROM alpine\n{text}\n", dockerfile_name="Dockerfile"),
        context=ContextManifest(transport=TRANSPORTS[builder], entries=entries),
        definition=Definition(ops=(base, local, copy)) if kit else None,
        steps=(
            StepRecord(
                index=1,
                instruction="FROM alpine",
                line=1,
                status=StepStatus.HIT,
                identity=digest("i"),
                vertices=(base.digest,) if kit else (),
            ),
            StepRecord(
                index=2, instruction=text, line=2, status=status, vertices=(copy.digest,) if kit else ()
            ),
        ),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
        base_images=(("alpine", ImageFacts(image_id=digest("i"), history=(), diff_ids=())),),
    )


def test_a_build_at_hand_shares_its_blocks_with_one_in_a_file(tmp_path: Path) -> None:
    writer, reader = (bulk(read_records(REGRESSIONS / path.name)[0]) for path in [_with_context()] * 2)
    with RecordFile(tmp_path / "records") as out:
        out.add(writer)
    (kept,) = read_stored(tmp_path / "records")
    assert kept == stored(writer)
    left = read_pair(kept, stored(reader)).reader.context
    assert left is not None
    assert reader.context is not None
    assert len(left.entries) < len(reader.context.entries)


def _with_context() -> Path:
    return next(
        path for path in sorted(REGRESSIONS.glob("*.jsonl")) if agree(*[bulk(read_records(path)[0])] * 2)
    )


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_random_builds_are_judged_alike(data: st.DataObject) -> None:
    builder = data.draw(st.sampled_from(Builder))
    tar = builder is Builder.CLASSIC
    entries = data.draw(contexts(tar))
    others = data.draw(changed(entries, tar))
    sources = [data.draw(st.sampled_from(SOURCES))] * 2
    if data.draw(st.integers(0, 5)) == 0:
        sources[1] = data.draw(st.sampled_from(SOURCES))
    status = data.draw(st.sampled_from((StepStatus.HIT, StepStatus.MISS)))
    writer = build(builder, sources[0], entries, StepStatus.MISS, "w")
    reader = build(builder, sources[1], others, status, "r")
    LEFT_OUT.append(agree(writer, reader))


def test_random_builds_had_something_to_leave_out() -> None:
    assert sum(each > 0 for each in LEFT_OUT) >= len(LEFT_OUT) / 10
