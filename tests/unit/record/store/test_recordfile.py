"""Record files: what is written is what is read, and damage is named."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from layerfork.errors import EvidenceError
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, ContextManifest, EntryType, Transport, display_name
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, StepRecord, StepStatus
from layerfork.record.store.recordfile import RecordFile, decode_record, read_records
from layerfork.record.store.schema import record_json_schema

SCHEMA = jsonschema.Draft202012Validator(record_json_schema())
text = st.text(max_size=20)


@st.composite
def entries(draw: st.DrawFn) -> ContextEntry:
    name, raw = display_name(draw(st.binary(min_size=1, max_size=30)))
    return ContextEntry(
        name=name,
        raw_name=raw,
        type=draw(st.sampled_from(EntryType)),
        mode=draw(st.integers(0, 0o177777)),
        uid=draw(st.integers(0, 2**40)),
        size=draw(st.integers(0, 2**62)),
        mtime_ns=draw(st.integers(-(2**62), 2**62)),
        xattrs=tuple(draw(st.lists(st.tuples(text, st.binary(max_size=8)), max_size=2))),
    )


@st.composite
def build_records(draw: st.DrawFn) -> BuildRecord:
    return BuildRecord(
        id=draw(text),
        recorded_at="2026-01-02T03:04:05Z",
        builder=draw(st.sampled_from(Builder)),
        context=ContextManifest(
            transport=draw(st.sampled_from(Transport)), entries=tuple(draw(st.lists(entries(), max_size=3)))
        ),
        steps=(StepRecord(index=1, instruction=draw(text), status=draw(st.sampled_from(StepStatus))),),
        result=BuildResult(outcome=draw(st.sampled_from(BuildOutcome)), error=draw(text)),
        seconds=draw(st.floats(0, 1e6)),
    )


def record() -> BuildRecord:
    return BuildRecord(
        id="one",
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.CLASSIC,
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


@given(records=st.lists(build_records(), max_size=3))
def test_reading_gives_what_was_written(tmp_path_factory: Any, records: list[BuildRecord]) -> None:
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    with RecordFile(path) as file:
        for one in records:
            file.add(one)
    assert read_records(path) == tuple(records)


@given(one=build_records())
def test_a_record_fits_its_published_schema(one: BuildRecord) -> None:
    SCHEMA.validate(msgspec.json.decode(msgspec.json.encode(one)))


def test_every_truncation_is_refused_and_what_is_whole_can_still_be_had(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with RecordFile(path) as file:
        file.add(record())
        file.add(record())
    whole = path.read_bytes()
    for end in range(len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(EvidenceError):
            read_records(path)
    last, second = frames(whole)[-1], frames(whole)[-2]
    path.write_bytes(whole[: last - 5])
    assert read_records(path, accept_truncated=True) == (record(),)
    path.write_bytes(whole[: second + 5])
    assert read_records(path, accept_truncated=True) == (record(),)


def frames(whole: bytes) -> list[int]:
    """Where each frame begins. Source: RFC 8878, 3.1.1 (the magic number)."""
    return [match.start() for match in re.finditer(re.escape(bytes.fromhex("28b52ffd")), whole)]


def test_a_run_that_dies_leaves_a_file_without_its_last_line(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    file = RecordFile(path)
    file.add(record())
    file.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    with pytest.raises(EvidenceError, match="truncated"):
        read_records(path)
    assert read_records(path, accept_truncated=True) == (record(),)


def test_a_file_that_lost_a_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with RecordFile(path) as file:
        file.add(record())
        file.add(record())
    with path.open("rb") as packed:
        lines = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True).read()
    header, first, _, footer = lines.splitlines(keepends=True)
    path.write_bytes(header + first + footer)
    with pytest.raises(EvidenceError, match="holds 2 records, but holds 1"):
        read_records(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a layerfork record file"),
        (b"\xff\xfe\n", "not a layerfork record file"),
        (b'{"schema":"other/1"}\n', "is not a layerfork record file but other/1"),
        (b'{"schema":"layerfork/records/3","layerfork":"9.9"}\n', "has the schema layerfork/records/3"),
        (b'{"schema":"layerfork/records/2"}\n{"block":{"context":0},"entries":[]}\n', "truncated"),
        (bytes.fromhex("28b52ffd") + b"no zstandard at all", "damaged"),
        (b'{"schema":"layerfork/records/1"}\n{"id":1}\n', "line 2"),
    ],
)
def test_what_is_no_record_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(content)
    with pytest.raises(EvidenceError, match=message):
        read_records(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="nowhere"):
        read_records(tmp_path / "nowhere")


def test_newer_fields_are_passed_over_and_newer_schemas_refused() -> None:
    plain = msgspec.json.decode(msgspec.json.encode(record()))
    assert decode_record(msgspec.json.encode({**plain, "later": {"x": 1}})) == record()
    with pytest.raises(EvidenceError, match="layerfork/record/2"):
        decode_record(msgspec.json.encode({**plain, "schema": "layerfork/record/2"}))


def test_names_that_are_no_text_are_written_readably(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    odd = replace(record(), result=BuildResult(outcome=BuildOutcome.FAILED, error="no caf\udce9"))
    with RecordFile(path) as file:
        file.add(odd)
    assert read_records(path)[0].result.error == "no caf\\xe9"


def test_what_a_file_held_stays_until_there_is_something_to_write(tmp_path: Path) -> None:
    path, new = tmp_path / "records.jsonl", tmp_path / "new.jsonl"
    with RecordFile(path) as file:
        file.add(record())
    before = path.read_bytes()
    for each in (path, new):
        RecordFile(each).__exit__(RuntimeError, RuntimeError(), None)
    assert path.read_bytes() == before
    assert not new.exists()
