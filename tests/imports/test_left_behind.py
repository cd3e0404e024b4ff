"""Real files that builds left behind: what each must lead to, and the record of the build itself."""

import io
import json
import os
import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from imports.agreement import KEY, disagreements
from imports.expected import EXPECTED, Expected

from layerfork.builders.imports.recognition import import_file
from layerfork.record.record import BuildOutcome, BuildRecord, StepStatus
from layerfork.record.store.blocks import numbered_lines
from layerfork.record.store.recordfile import read_records

LEFT = Path(__file__).parent / "left"
LETTERS = {StepStatus.HIT: "h", StepStatus.MISS: "m", StepStatus.UNKNOWN: "u"}
SEVERAL = ("engine-28.5-bake.log", "engine-28.5-all.dockerbuild")
"""Files of several builds."""
SECRET = b"tok-very-secret"

every_file = pytest.mark.parametrize("name", sorted(EXPECTED))


def imported(name: str) -> BuildRecord:
    (record,) = import_file(LEFT / name, KEY)
    return record


def live(name: str) -> BuildRecord | None:
    path = LEFT / f"{name.removesuffix(Path(name).suffix)}.records.jsonl"
    return read_records(path)[-1] if path.exists() else None


@every_file
def test_it_leads_to_what_was_written_down(name: str) -> None:
    record, expected = imported(name), EXPECTED[name]

    assert record.imported_from == expected.form
    assert record.result.outcome is expected.outcome
    assert record.result.error == expected.error
    assert "".join(LETTERS.get(step.status, "?") for step in record.steps) == expected.statuses
    assert {gap.where for gap in record.gaps} == set(expected.gaps.split())
    assert (record.definition is not None) is expected.definition
    assert _matches(record, expected)


def _matches(record: BuildRecord, expected: Expected) -> bool:
    shown = [f"{name}={value}" for name, value in record.request.build_args]
    return len(shown) == len(expected.build_args) and all(
        each.startswith(begins) for each, begins in zip(shown, expected.build_args, strict=True)
    )


@pytest.mark.parametrize("name", [name for name in sorted(EXPECTED) if live(name) is not None])
def test_it_agrees_with_the_record_of_the_build_itself(name: str) -> None:
    """What podman's own programs print has none beside it: they pass no recorder."""
    known = live(name)
    assert known is not None
    assert disagreements(imported(name), known) == []


def test_agreement_can_fail() -> None:
    record, other = imported("engine-28.5-meta.dockerbuild"), live("engine-28.5-plain.log")
    assert other is not None
    assert len(disagreements(record, other)) > 5


def test_several_targets_are_several_builds() -> None:
    records = import_file(LEFT / "engine-28.5-bake.log", KEY)
    builds = read_records(LEFT / "engine-28.5-bake.records.jsonl")

    assert len(records) == len(builds) == 2
    for target in ("web", "jobs"):
        (record,), (build,) = (
            [each for each in several if any(f"building {target}" in step.instruction for step in each.steps)]
            for several in (records, builds)
        )
        assert disagreements(record, build) == []
        assert "log" in {gap.where for gap in record.gaps}


def test_an_export_of_all_builds_is_a_record_of_each() -> None:
    """Those that `make.sh` had had BuildKit make by then."""
    records = import_file(LEFT / "engine-28.5-all.dockerbuild", KEY)

    assert len({record.recorded_at for record in records}) == len(records) == 11
    assert [record.result.outcome for record in records].count(BuildOutcome.FAILED) == 3
    for name in ("engine-28.5-small-5.records.jsonl", "engine-28.5-small-6.records.jsonl"):
        (build,) = read_records(LEFT / name)
        assert [each for each in records if disagreements(each, build) == []], name


def test_every_file_is_used_and_holds_no_other_secret() -> None:
    """Live records hide what provenance and archives show; that is theirs to show, and ours to hide."""
    for path in sorted(LEFT.iterdir()):
        name = path.name
        if name.endswith(".records.jsonl"):
            stem = name.removesuffix(".records.jsonl")
            assert any(other.startswith(f"{stem}.") for other in (*EXPECTED, *SEVERAL)), name
            assert SECRET.decode() not in "".join(line.decode() for _, line in numbered_lines(path)), name
        else:
            assert name in EXPECTED or name in SEVERAL, name


@every_file
def test_no_secret_reaches_a_record(name: str) -> None:
    assert SECRET.decode() not in repr(imported(name))


def _with_times_as_text(archive: bytes) -> bytes:
    """An export as builders of 2024 wrote it: times of a record in RFC 3339, everything else as it is."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        members = {each.name: file.extractfile(each) for each in file if each.isfile()}
        blobs = {name: member.read() for name, member in members.items() if member is not None}
    made: dict[str, bytes] = {}

    def changed(value: Any) -> Any:
        if isinstance(value, list):
            return [changed(each) for each in value]
        if not isinstance(value, dict):
            return value
        if value.keys() <= {"seconds", "nanos"} and "seconds" in value:
            text = datetime.fromtimestamp(value["seconds"], UTC).strftime("%Y-%m-%dT%H:%M:%S")
            return f"{text}.{value.get('nanos', 0):09}Z"
        fresh = {key: changed(each) for key, each in value.items()}
        name = f"blobs/{str(fresh.get('digest')).replace(':', '/')}"
        if name in blobs:
            data = rewritten(blobs[name])
            fresh |= {"digest": f"sha256:{sha256(data).hexdigest()}", "size": len(data)}
            made[f"blobs/{fresh['digest'].replace(':', '/')}"] = data
        return fresh

    def rewritten(data: bytes) -> bytes:
        try:
            value = json.loads(data)
        except ValueError:
            return data
        fresh = changed(value)
        return data if fresh == value else json.dumps(fresh).encode()

    made["index.json"] = rewritten(blobs["index.json"])
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as file:
        for name, data in made.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return packed.getvalue()


@pytest.mark.parametrize("path", sorted(LEFT.glob("*.dockerbuild")), ids=lambda path: path.name)
def test_an_export_of_2024_is_read_as_one_of_today(path: Path, tmp_path: Path) -> None:
    """Old and new form side by side: the same records, times included."""
    old = tmp_path / path.name
    old.write_bytes(_with_times_as_text(path.read_bytes()))
    os.utime(old, (0, 0))
    assert b'"CreatedAt": "20' in old.read_bytes()
    before, after = import_file(path, KEY), import_file(old, KEY)
    assert before
    assert [replace(each, id="") for each in after] == [replace(each, id="") for each in before]
