"""`layerfork predict --cache-from`: what a builder with an empty cache would reuse of an exported one."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.builders.caches.layouts import VECTORS, Layout, config_of, digest_of, export

from layerfork.builders.caches.cacheconfig import read_cache
from layerfork.builders.caches.source import CacheSource
from layerfork.cli import call
from layerfork.errors import ExitCode
from layerfork.record.exportedcache import ExportedCache
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import RecordFile, read_records

Change = Callable[[dict[str, Any]], object]


def own_record(name: str, manifest: str, **changes: Any) -> BuildRecord:
    """The build as if it had exported this very manifest."""
    record = read_records(VECTORS / f"{name}.jsonl")[0]
    response = (("cache.manifest", json.dumps({"digest": manifest, "size": 1})),)
    return replace(record, result=replace(record.result, exporter=response), **changes)


def predict(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, record: BuildRecord, *words: str
) -> tuple[int, list[dict[str, Any]]]:
    with RecordFile(tmp_path / "record.jsonl") as file:
        file.add(record)
    code = call(["predict", "--record", str(tmp_path / "record.jsonl"), *words, "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "layerfork/predict/1"
    return code, document["steps"]


def states(steps: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(step["prediction"], step["cache"]["state"]) for step in steps]


def drop_layers(config: dict[str, Any]) -> None:
    """Of the first RUN."""
    del config["records"][4]["layers"]


def drop_all_but_the_last(config: dict[str, Any]) -> None:
    for number in (0, 2, 4):
        del config["records"][number]["layers"]


def another_last_command(config: dict[str, Any]) -> None:
    config["records"][3]["digest"] = digest_of(b"another")


def another_base(config: dict[str, Any]) -> None:
    config["records"][2]["digest"] = digest_of(b"another")


HIT, MISS = ("hit", "present"), ("miss", "absent")
CASES: dict[str, tuple[Change, list[tuple[str, str]], str]] = {
    "all of it": (lambda config: None, [HIT] * 4, ""),
    "a key without layers that nobody wants": (
        drop_layers,
        [HIT, ("hit", "not-exported"), HIT, HIT],
        "",
    ),
    "keys without layers below the result": (
        drop_all_but_the_last,
        [("hit", "not-exported")] * 3 + [HIT],
        "",
    ),
    "another last command": (
        another_last_command,
        [HIT, HIT, HIT, MISS],
        "the cache has another operation on top of what it builds on",
    ),
    "another base": (another_base, [MISS] * 4, "the cache has the same operation on another base"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_cache_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str) -> None:
    change, expected, reason = CASES[case]
    config = config_of("run-copy")
    change(config)
    record = own_record("run-copy", export(tmp_path / "cache", config))
    code, steps = predict(capsys, tmp_path, record, "--cache-from", f"type=local,src={tmp_path / 'cache'}")
    assert states(steps) == expected
    assert code == (ExitCode.AS_HOPED if all(each[0] == "hit" for each in expected) else ExitCode.FORKED)
    assert reason in (steps[-1]["reason"] or "")


def test_a_layer_that_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of one whose other layers are there."""
    config = config_of("run-copy")
    record = own_record("run-copy", export(tmp_path / "cache", config))
    for layer in (config["layers"][1], config["layers"][3]):
        Layout(tmp_path / "cache").blob(layer["blob"]).touch()
    code, steps = predict(capsys, tmp_path, record, "--cache-from", f"type=local,src={tmp_path / 'cache'}")
    assert states(steps) == [HIT, HIT, ("unknown", "blob-gone"), ("unknown", "blob-gone")]
    assert config["layers"][2]["blob"] in steps[2]["reason"]
    assert code == ExitCode.COULD_NOT_RUN


def test_an_edit_finds_nothing_though_its_content_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = own_record("run-copy", export(tmp_path / "cache", config_of("run-copy")))
    words = ("--changed", "important.txt", "--cache-from", f"type=local,src={tmp_path / 'cache'}")
    code, steps = predict(capsys, tmp_path, record, *words)
    assert states(steps) == [HIT, HIT, MISS, MISS]
    assert "the cache has it as it was recorded" in steps[2]["reason"]
    assert steps[2]["cache"]["nearest"].startswith("sha256:29c54f806d17")
    assert [cause["code"] for cause in steps[2]["causes"]] == ["content"]
    assert code == ExitCode.FORKED


def test_another_platform_is_recognised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The record's engine is one for arm64: its RUNs are no others, but have their platform in the key."""
    manifest = export(tmp_path / "cache", config_of("run-copy"))
    record = own_record("run-copy", manifest)
    assert record.definition is not None
    assert record.engine is not None
    ops = tuple(
        replace(op, platform="linux/arm64") if op.exec is not None else op for op in record.definition.ops
    )
    moved = replace(record, definition=replace(record.definition, ops=ops))
    _, steps = predict(capsys, tmp_path, moved, "--cache-from", f"type=local,src={tmp_path / 'cache'}")
    assert states(steps)[1] == MISS
    assert steps[1]["reason"] == "the cache has it for another platform: linux/amd64"
    assert steps[1]["cache"]["nearest"].startswith("sha256:b94f89e81344")


def test_another_export_took_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "cache"
    mine = export(place, config_of("run-copy"))
    export(place, config_of("args-env"))
    record = own_record("run-copy", mine)
    request = replace(record.request, cache_to=(f"type=local,dest={place},mode=max",))
    _, steps = predict(
        capsys, tmp_path, replace(record, request=request), "--cache-from", f"type=local,src={place}"
    )
    assert steps[1]["prediction"] == "miss"
    assert "another export took the place of the recorded build's own" in steps[1]["reason"]


def test_several_caches_are_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is in one of them is found; that no build exported all of them leaves the archive unknown."""
    export(tmp_path / "one", config_of("args-env"))
    record = own_record("run-copy", export(tmp_path / "two", config_of("run-copy")))
    words = [f"type=local,src={tmp_path / name}" for name in ("one", "two")]
    _, steps = predict(capsys, tmp_path, record, "--cache-from", words[0], "--cache-from", words[1])
    assert {step["cache"]["state"] for step in steps} == {"unknown"}
    _, steps = predict(capsys, tmp_path, record, "--cache-from", words[0])
    assert [step["cache"]["state"] for step in steps] == ["unknown", "absent", "absent", "absent"]


def test_a_classic_build_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    golden = Path(__file__).parents[3] / "golden" / "records" / "seed-classic.jsonl"
    export(tmp_path, config_of("run-copy"))
    words = ["predict", "--record", f"{golden}#1", "--cache-from", f"type=local,src={tmp_path}"]
    assert call(words) == ExitCode.USAGE
    assert "caches that are exported are BuildKit's" in capsys.readouterr().err


def test_a_cache_that_cannot_be_reached(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["predict", "--record", str(VECTORS / "run-copy.jsonl"), "--cache-from", "127.0.0.1:1/cache"]
    assert call(words) == ExitCode.COULD_NOT_RUN
    assert "cannot read 127.0.0.1:1/cache:latest" in capsys.readouterr().err


def test_a_cache_of_its_own_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the recorded build stored is there whatever the imported cache lacks."""
    config = config_of("run-copy")
    another_last_command(config)
    drop_layers(config)
    place = f"type=local,src={tmp_path / 'cache'}"
    record = own_record("run-copy", export(tmp_path / "cache", config))
    assert predict(capsys, tmp_path, record, "--cache-from", place)[0] == ExitCode.FORKED
    code, steps = predict(capsys, tmp_path, record, "--cache-from", place, "--own-cache")
    assert code == ExitCode.AS_HOPED
    assert [step["prediction"] for step in steps] == ["hit"] * 4
    assert [step["cache"]["state"] for step in steps] == ["present", "not-exported", "present", "absent"]


def test_its_own_cache_goes_with_an_imported_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["predict", str(tmp_path), "--own-cache"]) == ExitCode.USAGE
    assert "--own-cache needs --cache-from" in capsys.readouterr().err


def test_an_inline_cache_that_the_engine_may_not_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Engine 27.0 and 27.1 do not: moby/buildkit#5242."""
    config = config_of("run-copy")
    record = own_record("run-copy", export(tmp_path / "cache", config))
    assert record.engine is not None
    engine = replace(record.engine, kind="private", version="27.1.0")
    monkeypatch.setattr("layerfork.app.predict.fromcache.read_cache", inline)
    place = f"type=local,src={tmp_path / 'cache'}"
    code, steps = predict(capsys, tmp_path, replace(record, engine=engine), "--cache-from", place)
    assert code == ExitCode.COULD_NOT_RUN
    assert [step["prediction"] for step in steps] == ["unknown"] * 4
    assert "issues/5242" in steps[0]["reason"]
    healed = replace(record, engine=replace(engine, version="27.2.0"))
    assert predict(capsys, tmp_path, healed, "--cache-from", place)[0] == ExitCode.AS_HOPED


def inline(source: CacheSource) -> ExportedCache:
    """What lies there, as if it lay in the config of an image."""
    return replace(read_cache(source), inline=True)
