"""Files of any form, whole, broken, packed: a record, a gap or an error, and never more than is known."""

import gzip
import json
import random
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from layerfork.builders.imports import recognition
from layerfork.builders.imports.recognition import import_bytes, import_file
from layerfork.errors import EvidenceError, ExitCode, LayerforkError, UsageError
from layerfork.record.record import BuildOutcome, BuildRecord

LEFT = Path(__file__).parents[3] / "imports" / "left"
EXPORT, METADATA = "engine-28.5-meta.dockerbuild", "engine-28.5-meta.json"
KEY = b"0" * 32


def read(data: bytes) -> tuple[BuildRecord, ...]:
    return import_bytes(data, KEY, 0.0)


def left(name: str) -> bytes:
    return (LEFT / name).read_bytes()


def places(record: BuildRecord) -> set[str]:
    return {gap.where for gap in record.gaps}


def test_a_file_is_told_by_its_content(tmp_path: Path) -> None:
    for name in (EXPORT, METADATA, "engine-28.5-plain.log", "engine-28.5-raw.log", "podman-5.4-ok.log"):
        path = tmp_path / "download.bin"
        path.write_bytes(left(name))
        (renamed,), (record,) = import_file(path, KEY), import_file(LEFT / name, KEY)
        assert renamed.imported_from == record.imported_from
        assert renamed.steps == record.steps


def test_what_is_packed_is_opened() -> None:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("0_build.txt", left("engine-28.5-plain.log"))
        archive.writestr("readme.txt", "nothing")
        archive.writestr("app.dockerbuild", left(EXPORT))
    forms = [record.imported_from for record in read(packed.getvalue())]
    assert forms == ["BuildKit log (plain)", "build history export (.dockerbuild)"]
    (record,) = read(gzip.compress(left("engine-28.5-plain.log")))
    assert record.imported_from == "BuildKit log (plain)"


def test_an_archive_that_is_not_compressed_is_read_too() -> None:
    (record,) = read(gzip.decompress(left(EXPORT)))
    assert record.definition is not None


def test_text_of_powershell_is_read() -> None:
    text = left("engine-28.5-plain.log").decode()
    (record,) = read(text.encode("utf-16"))
    assert len(record.steps) == 10


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"hello", b"{}", b"[]", b"null", b"{", b"\x1f\x8b", b"PK\x03\x04", bytes(600)]
)
def test_what_is_nothing_of_this_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(LayerforkError) as error:
        import_file(path, KEY)
    assert error.value.exit_code is ExitCode.USAGE
    assert str(path) in error.value.message
    assert error.value.hint


def test_an_image_is_no_export(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    packed = BytesIO()
    import tarfile

    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("manifest.json"))
    path.write_bytes(packed.getvalue())
    with pytest.raises(EvidenceError, match="no record of BuildKit's history"):
        import_file(path, KEY)


def test_an_export_without_its_end_says_that_the_end_is_missing() -> None:
    """Its index comes last, so a download that was cut never looks like a smaller export."""
    whole = gzip.decompress(left(EXPORT))
    for end in range(512, len(whole) - 20_480, 512):
        with pytest.raises(EvidenceError, match=r"which comes last|damaged before its first") as error:
            read(whole[:end])
        assert "too large" not in error.value.message
    packed = left(EXPORT)
    for end in range(400, len(packed) - 700, 331):
        with pytest.raises(EvidenceError, match="damaged before its first"):
            read(packed[:end])


def test_a_directory_and_a_missing_file_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(EvidenceError, match="cannot read"):
            import_file(path, KEY)


def test_records_are_not_imported_again() -> None:
    for name in ("engine-28.5-plain.records.jsonl", "engine-28.5+containerd-platforms.records.jsonl"):
        with pytest.raises(EvidenceError, match="records already"):
            read(left(name))


def test_metadata_without_provenance_says_what_is_missing() -> None:
    with pytest.raises(EvidenceError, match="without provenance") as error:
        read(b'{"buildx.build.ref": "default/default/x", "containerimage.digest": "sha256:1"}')
    assert "BUILDX_METADATA_PROVENANCE" in error.value.hint


@pytest.mark.parametrize("name", [EXPORT, "engine-28.5-plain.log", "engine-28.5-raw.log", METADATA])
def test_every_beginning_of_a_file_is_a_record_with_gaps_or_an_error(name: str) -> None:
    data = left(name)
    for end in range(0, len(data), max(1, len(data) // 60)):
        try:
            records = read(data[:end])
        except LayerforkError:
            continue
        for record in records:
            assert record.result.outcome is not BuildOutcome.SUCCEEDED or len(record.steps) >= 6


def test_a_log_that_ends_early_does_not_say_how_the_build_ended() -> None:
    lines = left("engine-28.5-plain.log").split(b"\n")
    for end in range(10, len(lines) - 20, 5):
        records = read(b"\n".join(lines[:end]))
        assert all(record.result.outcome is BuildOutcome.UNKNOWN for record in records), end
        assert all("result" in places(record) for record in records)


def test_a_file_that_is_too_large_gives_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "LIMIT_BYTES", 1200)
    with monkeypatch.context() as patch:
        patch.setattr(recognition, "LIMIT_OF_LOGS_BYTES", 2400)
        patch.setattr(recognition, "_CHUNK_BYTES", 600)
        (record,) = import_file(LEFT / "engine-28.5-plain.log", KEY)
    assert "log" in places(record)
    with pytest.raises(EvidenceError):
        read(left(EXPORT))


def long_log(lines: int) -> bytes:
    """A log whose RUN prints very much, and which ends well."""
    begin = b"#1 [1/2] FROM alpine\n#1 CACHED\n#2 [2/2] RUN make\n"
    said = b"".join(b"#2 %d.5 line %d\n" % (number, number) for number in range(lines))
    return begin + said + b"#2 DONE 9.0s\n#3 exporting to image\n#3 DONE 0.1s\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_log_is_read_to_its_end_however_long_it_is(
    pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognition, "LIMIT_BYTES", 10_000)
    (record,) = read(pack(long_log(20_000)))
    assert record.result.outcome is BuildOutcome.SUCCEEDED
    assert [step.seconds for step in record.steps] == [None, 9.0]
    assert "log" not in places(record)


def test_a_long_log_in_a_zip_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w", compression=8) as archive:
        archive.writestr("0_build.txt", long_log(20_000))
    monkeypatch.setattr(recognition, "LIMIT_BYTES", len(packed.getvalue()))
    (record,) = read(packed.getvalue())
    assert record.result.outcome is BuildOutcome.SUCCEEDED
    monkeypatch.setattr(recognition, "LIMIT_BYTES", 1 << 16)
    with pytest.raises(EvidenceError, match="a zip of more than 0 MiB") as error:
        read(packed.getvalue())
    assert "unpack" in error.value.hint


def test_a_gzip_of_several_parts_is_one_text() -> None:
    log = long_log(10)
    packed = gzip.compress(log[:100]) + gzip.compress(log[100:]) + bytes(512)
    (record,) = read(packed)
    assert record.result.outcome is BuildOutcome.SUCCEEDED
    assert "log" not in places(record)


@pytest.mark.parametrize("damage", ["cut", "changed", "no end"])
def test_a_damaged_gzip_gives_what_came_before(damage: str) -> None:
    packed = gzip.compress(long_log(20_000))
    half = len(packed) // 2
    damaged = {"cut": packed[:half], "changed": packed[:half] + bytes(99), "no end": packed[:-4]}[damage]
    (record,) = read(damaged)
    assert "log" in places(record)


def test_a_gzip_that_is_damaged_at_once_is_refused() -> None:
    with pytest.raises(EvidenceError, match="gzip is damaged"):
        read(gzip.compress(long_log(10))[:12] + b"\xff" * 90)


@pytest.mark.parametrize("end", [0.3, 0.9])
def test_a_cut_zip_is_refused(end: float) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w", compression=8) as archive:
        archive.writestr("0_build.txt", long_log(20_000))
    with pytest.raises(EvidenceError, match="zip is damaged") as error:
        read(packed.getvalue()[: int(len(packed.getvalue()) * end)])
    assert error.value.hint


def test_binary_junk_tells_of_no_build() -> None:
    assert read(random.Random(1).randbytes(3 << 20)) == ()


def test_two_logs_in_one_file_are_two_builds() -> None:
    log = left("engine-28.5-plain.log")
    one, other = read(log + left("engine-28.5+containerd-plain-again.log"))
    assert (one.result, other.result) == (
        read(log)[0].result,
        read(left("engine-28.5+containerd-plain-again.log"))[0].result,
    )


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "LIMIT_BYTES", 1 << 20)
    assert read(gzip.compress(bytes(1 << 26))) == ()
    packed = BytesIO()
    with ZipFile(packed, "w", compression=8) as archive:
        for number in range(20):
            archive.writestr(str(number), bytes(1 << 22))
    assert read(packed.getvalue()) == ()


def provenance() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(left(METADATA))
    return value


def test_an_operation_that_is_not_what_its_digest_says_counts_as_unknown() -> None:
    value = provenance()
    steps = value["buildx.build.provenance"]["buildConfig"]["llbDefinition"]
    run = next(each for each in steps if "exec" in each["op"]["Op"])
    run["op"]["Op"]["exec"]["meta"]["args"][-1] = "true"
    (record,) = read(json.dumps(value).encode())
    assert [gap.where.split()[0] for gap in record.gaps if "digest" in gap.what] == ["llb"]


def test_an_operation_that_no_instruction_names_is_no_step() -> None:
    """A trigger of a base image lies where its FROM does."""
    value = provenance()
    source = value["buildx.build.provenance"]["metadata"]["https://mobyproject.org/buildkit@v1#metadata"][
        "source"
    ]
    steps = value["buildx.build.provenance"]["buildConfig"]["llbDefinition"]
    image = next(
        each["id"]
        for each in steps
        if each["op"]["Op"].get("source", {}).get("identifier", "").startswith("docker-image")
    )
    run = next(each["id"] for each in steps if "exec" in each["op"]["Op"])
    source["locations"][run] = source["locations"][image]

    (record,), (whole,) = read(json.dumps(value).encode()), read(left(METADATA))

    assert "triggers" in places(record)
    assert len(record.steps) == len(whole.steps) - 1
    assert record.steps[0].vertices == whole.steps[0].vertices


def test_fields_that_are_newer_than_this_program_are_named() -> None:
    value = provenance()
    steps = value["buildx.build.provenance"]["buildConfig"]["llbDefinition"]
    run = next(each for each in steps if "exec" in each["op"]["Op"])
    run["op"]["Op"]["exec"]["cdiDevices"] = [{"name": "vendor.com/gpu=0"}]
    (record,) = read(json.dumps(value).encode())
    assert any("cdiDevices" in gap.what for gap in record.gaps)


def test_provenance_is_found_in_everything_that_wraps_it() -> None:
    predicate = provenance()["buildx.build.provenance"]
    from base64 import b64encode

    statement = {"_type": "https://in-toto.io/Statement/v0.1", "predicate": predicate}
    payload = b64encode(json.dumps(statement).encode()).decode()
    wrapped: tuple[Any, ...] = (
        predicate,
        statement,
        {"payloadType": "application/vnd.in-toto+json", "payload": payload},
        {"SLSA": predicate},
        {"linux/amd64": {"SLSA": predicate}},
        {"web": provenance()},
    )
    for value in wrapped:
        (record,) = read(json.dumps(value).encode())
        assert len(record.steps) == 6, value


def test_provenance_of_another_builder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"buildType": "https://actions.github.io/buildtypes/workflow/v1"}))
    with pytest.raises(UsageError, match="tells of no build"):
        import_file(path, KEY)


def test_an_argument_that_looks_secret_is_hidden_wherever_it_turns_up() -> None:
    (record,) = read(left(EXPORT))
    assert dict(record.request.build_args)["API_TOKEN"].startswith("hidden:")
    assert "tok-very-secret" not in repr(record)
