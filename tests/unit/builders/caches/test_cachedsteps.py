"""`layerfork cache inspect` on caches that BuildKit 0.32.2 wrote: which record is which step.

Expectations are read off the daemon's own dump of what it hashed for each digest (``--save-cache-debug``).
"""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.builders.caches.layouts import (
    CONFIG_TYPE,
    DOCKER,
    OCI,
    VECTORS,
    Layout,
    config_of,
    export,
    layers_of,
)

from layerfork.cli import call
from layerfork.errors import ExitCode
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import RecordFile, read_records

STEPS = {
    "run-copy": {
        "29c54f806d17": (3, "operation"),
        "416cc6f8d7f4": (3, "content"),
        "4ed1d3663e8c": (1, "operation"),
        "a1b2acf29b32": (4, "operation"),
        "b94f89e81344": (2, "operation"),
        "e57a48fddfb8": (1, "content"),
    },
    "copy-forms": {
        "0b7ec3a16061": (8, "operation"),
        "0d8034384b45": (6, "operation"),
        "0fe267dad01a": (4, "content"),
        "33820e5fe796": (8, "content"),
        "3a95a46c39a3": (3, "operation"),
        "416cc6f8d7f4": (5, "content"),
        "4b52f3752698": (5, "operation"),
        "4ed1d3663e8c": (1, "operation"),
        "5dbfbafede47": (6, "operation"),
        "807b3e8722c6": (7, "operation"),
        "84ee50e4dc63": (3, "content"),
        "8ed91ee8c114": (2, "content"),
        "9a966afe1d0c": (2, "operation"),
        "dd8075663eec": (4, "operation"),
        "e57a48fddfb8": (1, "content"),
    },
}
FILES = {
    "important.txt": b"This is an important file\n",
    "d/x.txt": b"x",
    "d/y.md": b"y",
    "d/sub/z": b"z",
}
"""Of the contexts; what the archives held was not kept."""


def inspect(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert call(["cache", "inspect", *words, "--format", "json"]) == ExitCode.AS_HOPED
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["schema"] == "layerfork/cache/1"
    return document


def steps_in(document: dict[str, Any]) -> dict[str, tuple[int, str]]:
    records = document["records"]
    return {
        each["digest"][7:19]: (each["step"], each["use"]["role"])
        for each in records
        if each["step"] is not None
    }


def recorded(name: str) -> BuildRecord:
    return read_records(VECTORS / f"{name}.jsonl")[0]


def write(path: Path, record: BuildRecord) -> str:
    with RecordFile(path) as writer:
        writer.add(record)
    return str(path)


@pytest.mark.parametrize("name", STEPS)
def test_each_record_is_its_step(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    export(tmp_path / "cache", config_of(name))
    document = inspect(capsys, str(tmp_path / "cache"), "--record", str(VECTORS / f"{name}.jsonl"))
    assert steps_in(document) == STEPS[name]
    assert document["missing"] == []
    # The archive of the first step is nowhere any more, so nobody can say for certain that it is the same.
    assert not any(each["use"]["certain"] for each in document["records"])


def test_the_build_that_exported_a_cache_knows_its_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = export(tmp_path / "cache", config_of("run-copy"))
    response = (("cache.manifest", json.dumps({"digest": manifest, "size": 1})),)
    record = recorded("run-copy")
    own = replace(record, result=replace(record.result, exporter=response))
    document = inspect(capsys, str(tmp_path / "cache"), "--record", write(tmp_path / "own.jsonl", own))
    assert document["manifest"] == manifest
    assert all(each["use"]["certain"] for each in document["records"])


def test_records_have_links_layers_and_dates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(tmp_path / "cache", config_of("run-copy"))
    document = inspect(capsys, str(tmp_path / "cache"))
    copy = document["records"][0]
    assert copy["created_at"] == "2026-11-25T11:10:59.248433469Z"
    assert [[each["digest"][7:19] for each in links] for links in copy["inputs"]] == [
        ["b94f89e81344"],
        ["416cc6f8d7f4"],
    ]
    assert [blob[7:19] for blob in copy["layers"]] == ["63d6f1438950", "d1a2e3f334ad", "8c01ee6262ff"]
    assert "step" not in copy
    assert {each["size_bytes"] for each in document["layers"]} == {100, 101, 102, 103}


def test_a_digest_under_other_inputs_is_no_hit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last RUN is in the cache, but on the first RUN and not on the COPY."""
    config = config_of("run-copy")
    config["records"][3]["inputs"][0][0]["link"] = 4
    export(tmp_path / "cache", config)
    document = inspect(capsys, str(tmp_path / "cache"), "--record", str(VECTORS / "run-copy.jsonl"))
    assert "a1b2acf29b32" not in steps_in(document)
    assert [(each["step"], each["reason"]) for each in document["missing"]] == [
        (4, "the cache has the same operation on another base")
    ]


def test_a_link_with_another_selector_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of("run-copy")
    config["records"][3]["inputs"][0][0]["selector"] = "sha256:" + "0" * 64
    export(tmp_path / "cache", config)
    document = inspect(capsys, str(tmp_path / "cache"), "--record", str(VECTORS / "run-copy.jsonl"))
    assert "a1b2acf29b32" not in steps_in(document)


def context_on_disk(directory: Path, changed: str = "") -> str:
    for name, data in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data + (b"!" if name == changed else b""))
    return str(directory)


def test_files_that_still_are_what_was_sent_make_it_certain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a COPY on scratch nothing but the files decides."""
    export(tmp_path / "cache", config_of("copy-forms"))
    record = recorded("copy-forms")
    place = replace(record.place, directory=context_on_disk(tmp_path / "context"))
    words = write(tmp_path / "r.jsonl", replace(record, place=place))
    document = inspect(capsys, str(tmp_path / "cache"), "--record", words)
    known = {each["digest"][7:19] for each in document["records"] if each["use"]["certain"]}
    assert "0d8034384b45" in known
    assert "29c54f806d17" not in known


def test_another_content_is_no_hit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of("copy-forms")
    linked = config["records"][1]["inputs"][0][0]
    linked["link"] = 11  # the content of d, not of important.txt
    export(tmp_path / "cache", config)
    record = recorded("copy-forms")
    place = replace(record.place, directory=context_on_disk(tmp_path / "context"))
    words = write(tmp_path / "r.jsonl", replace(record, place=place))
    document = inspect(capsys, str(tmp_path / "cache"), "--record", words)
    assert "0d8034384b45" not in steps_in(document)
    assert (6, "the cache has the same operation with different content of the files that it reads") in [
        (each["step"], each["reason"]) for each in document["missing"]
    ]


def test_a_file_that_changed_since_proves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(tmp_path / "cache", config_of("copy-forms"))
    record = recorded("copy-forms")
    directory = context_on_disk(tmp_path / "context", changed="important.txt")
    words = write(tmp_path / "r.jsonl", replace(record, place=replace(record.place, directory=directory)))
    document = inspect(capsys, str(tmp_path / "cache"), "--record", words)
    (linked,) = (each for each in document["records"] if each["digest"].startswith("sha256:0d8034384b45"))
    assert linked["step"] == 6
    assert not linked["use"]["certain"]


def test_keys_without_layers_were_not_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As ``mode=min`` leaves them out."""
    config = config_of("run-copy")
    del config["records"][4]["layers"]
    manifest = export(tmp_path / "cache", config)
    record = recorded("run-copy")
    response = (("cache.manifest", json.dumps({"digest": manifest, "size": 1})),)
    own = replace(record, result=replace(record.result, exporter=response))
    document = inspect(capsys, str(tmp_path / "cache"), "--record", write(tmp_path / "r.jsonl", own))
    ((step, reason),) = [(each["step"], each["reason"]) for each in document["missing"]]
    assert step == 2
    assert "without layers" in reason
    assert document["records"][4]["layers"] == []
    assert document["records"][4]["step"] == 2


def test_a_layer_that_the_manifest_lacks_is_dropped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = config_of("run-copy")
    export(tmp_path / "cache", config, [each for each in layers_of(config) if "8c01ee" not in each["digest"]])
    document = inspect(capsys, str(tmp_path / "cache"))
    assert [len(each["layers"]) for each in document["records"]] == [0, 0, 1, 0, 2, 0]
    assert any("the manifest lacks sha256:8c01ee" in note for note in document["notes"])


@pytest.mark.parametrize("family", [OCI, DOCKER])
def test_caches_as_older_versions_export_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], family: str
) -> None:
    """An index of blobs, or Docker's list of manifests."""
    config = config_of("run-copy")
    layout = Layout(tmp_path)
    entry = layout.add(json.dumps(config).encode(), CONFIG_TYPE)
    top = f"{OCI}.index.v1+json" if family == OCI else f"{DOCKER}.manifest.list.v2+json"
    layout.tag({"schemaVersion": 2, "mediaType": top, "manifests": [*layers_of(config), entry]})
    document = inspect(capsys, str(tmp_path), "--record", str(VECTORS / "run-copy.jsonl"))
    assert steps_in(document) == STEPS["run-copy"]
    assert len(document["layers"]) == 4


def test_an_inline_cache_in_an_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its records count the image's layers, the lowest first."""
    config = config_of("run-copy")
    chain = [1, 3, 2, 0]
    for record in config["records"]:
        for result in record.get("layers", ()):
            result["layer"] = chain.index(result["layer"])
    layout = Layout(tmp_path)
    image = {
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{number:064}" for number in range(4)]},
        "history": [{"created": "2026-11-25T00:00:00Z"}, {"empty_layer": True}],
        "moby.buildkit.cache.v0": base64.b64encode(json.dumps(config["records"]).encode()).decode(),
    }
    listed = layers_of(config)
    layers = [listed[place] for place in chain]
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": layout.add(json.dumps(image).encode(), f"{OCI}.config.v1+json"),
        "layers": layers,
    }
    below = layout.add(json.dumps(manifest).encode(), f"{OCI}.manifest.v1+json")
    layout.tag({"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": [below]})
    document = inspect(capsys, str(tmp_path), "--record", str(VECTORS / "run-copy.jsonl"))
    assert document["inline"]
    assert steps_in(document) == STEPS["run-copy"]
    assert document["records"][3]["layers"] == [each["digest"] for each in layers]
    assert document["layers"][0]["created_at"] == "2026-11-25T00:00:00Z"


def test_a_copy_of_a_bucket(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of("run-copy")
    for number, layer in enumerate(config["layers"]):
        layer["annotations"] = {
            "diffID": f"sha256:{number:064}",
            "size": 7,
            "createdAt": "2026-11-25T00:00:00Z",
        }
    (tmp_path / "manifests").mkdir()
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / config["layers"][0]["blob"]).touch()
    (tmp_path / "manifests" / "buildkit").write_text(json.dumps(config))
    document = inspect(capsys, str(tmp_path), "--blobs", "--record", str(VECTORS / "run-copy.jsonl"))
    assert steps_in(document) == STEPS["run-copy"]
    assert [(each["size_bytes"], each["gone"]) for each in document["layers"]] == [
        (7, False),
        (7, True),
        (7, True),
        (7, True),
    ]
    assert inspect(capsys, f"type=s3,bucket=b,src={tmp_path}")["records"]


def test_text_names_steps_and_what_nothing_uses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of("run-copy")
    config["records"][3] = {"digest": "sha256:" + "0" * 64, "inputs": config["records"][3]["inputs"]}
    export(tmp_path / "cache", config)
    words = ["cache", "inspect", str(tmp_path / "cache"), "--record", str(VECTORS / "run-copy.jsonl")]
    assert call(words) == ExitCode.AS_HOPED
    out = capsys.readouterr().out
    assert "possibly step 3: COPY important.txt /" in out
    assert f"layers without a record: {config['layers'][0]['blob']}" in out
    assert "  4 RUN echo two > /two: the cache has another operation on top of what it builds on" in out


def test_a_record_without_a_definition_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(tmp_path / "cache", config_of("run-copy"))
    words = write(tmp_path / "r.jsonl", replace(recorded("run-copy"), builder=Builder.CLASSIC))
    assert call(["cache", "inspect", str(tmp_path / "cache"), "--record", words]) == ExitCode.USAGE
    assert "no definition of BuildKit" in capsys.readouterr().err


def test_ages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A date before any test, one after every test, and one that is none."""
    config = config_of("run-copy")
    for number, created in ((0, "2001-01-01T00:00:00.123456789Z"), (2, "2999-01-01T00:00:00Z"), (3, "soon")):
        config["records"][number]["layers"][0]["createdAt"] = created
    export(tmp_path, config)
    records = inspect(capsys, str(tmp_path), "--max-age", "7d")["records"]
    assert [record["over_age"] for record in records[:4]] == [True, False, False, False]
    assert records[2]["age_s"] == 0
    assert records[3]["age_s"] is None
    assert call(["cache", "inspect", str(tmp_path), "--max-age", "7d"]) == ExitCode.AS_HOPED
    assert "! older than --max-age" in capsys.readouterr().out


def test_a_second_export_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "cache"
    mine = export(place, config_of("run-copy"))
    export(place, config_of("args-env"))
    record = recorded("run-copy")
    response = (("cache.manifest", json.dumps({"digest": mine, "size": 1})),)
    own = replace(
        record,
        result=replace(record.result, exporter=response),
        request=replace(record.request, cache_to=("type=local,dest=cache,mode=max",)),
        place=replace(record.place, ran_in=str(tmp_path)),
    )
    notes = inspect(capsys, str(place), "--record", write(tmp_path / "r.jsonl", own))["notes"]
    assert any(f"exported {mine} here: another export took its place" in note for note in notes)
