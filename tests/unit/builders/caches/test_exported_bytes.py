"""How large a cache in a registry is: one question, and no answer that is waited for."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from unit.builders.caches.layouts import Layout, config_of, export
from unit.builders.caches.registryserver import BASIC, Behaviour, serving
from unit.builders.caches.test_registry import docker_config, ends, helper

from layerfork.builders.caches.exported import exported_bytes
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, RecordedRequest

__all__ = ["docker_config", "helper"]


@pytest.fixture
def behaviour(tmp_path: Path) -> Behaviour:
    return Behaviour(layout=tmp_path / "cache")


def exporting(tmp_path: Path) -> tuple[BuildRecord, int]:
    """A build that exported a cache, without the place; and how large the cache is."""
    digest = export(tmp_path / "cache", config_of("run-copy"))
    manifest = Layout(tmp_path / "cache").blob(digest).read_bytes()
    listed = json.loads(manifest)
    sizes = {each["digest"]: each["size"] for each in (listed["config"], *listed["layers"])}
    said = json.dumps({"digest": digest, "size": len(manifest), "mediaType": listed["mediaType"]})
    record = BuildRecord(
        id="b",
        recorded_at="2026-01-01T00:00:00Z",
        builder=Builder.BUILDKIT,
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED, exporter=(("cache.manifest", said),)),
    )
    return record, len(manifest) + sum(sizes.values())


def to(record: BuildRecord, *places: str) -> BuildRecord:
    return replace(record, request=RecordedRequest(cache_to=places))


def test_one_question_about_the_manifest(behaviour: Behaviour, tmp_path: Path) -> None:
    record, size = exporting(tmp_path)
    with serving(behaviour) as address:
        assert exported_bytes(to(record, f"type=registry,mode=max,ref={address}/app:old"), 5) == size
    digest = json.loads(dict(record.result.exporter)["cache.manifest"])["digest"]
    assert behaviour.asked == ["GET /v2/", f"GET /v2/app/manifests/{digest}"]


def test_with_a_login(behaviour: Behaviour, tmp_path: Path, docker_config: Path) -> None:
    record, size = exporting(tmp_path)
    behaviour.login = "token"
    with serving(behaviour) as address:
        place = f"type=registry,ref={address}/app:x"
        assert exported_bytes(to(record, place), 5) is None
        auth = BASIC.removeprefix("Basic ")
        assert base64.b64decode(auth)
        docker_config.write_text(json.dumps({"auths": {address: {"auth": auth}}}))
        assert exported_bytes(to(record, place), 5) == size


@pytest.mark.parametrize("drips", ["head", "body"])
def test_a_registry_that_does_not_answer_in_time(behaviour: Behaviour, tmp_path: Path, drips: str) -> None:
    record, _ = exporting(tmp_path)
    behaviour.drips = drips
    with serving(behaviour) as address:
        began = time.monotonic()
        assert exported_bytes(to(record, f"type=registry,ref={address}/app:x"), 1.0) is None
    assert time.monotonic() - began < 5


def test_a_helper_that_hangs_is_ended_before(
    behaviour: Behaviour, tmp_path: Path, docker_config: Path, helper: Callable[[str], None]
) -> None:
    record, _ = exporting(tmp_path)
    helper(f"sleep 600 & echo $! >{tmp_path}/child; wait")
    with serving(behaviour) as address:
        docker_config.write_text(json.dumps({"credHelpers": {address: "mine"}}))
        assert exported_bytes(to(record, f"type=registry,ref={address}/app:x"), 1.0) is None
    assert ends(int((tmp_path / "child").read_text()))


def test_what_is_not_known_is_none(behaviour: Behaviour, tmp_path: Path) -> None:
    record, _ = exporting(tmp_path)
    with serving(behaviour) as address:
        place = f"type=registry,ref={address}/app:x"
        assert exported_bytes(to(record, place, "type=inline"), 5) is None
        assert exported_bytes(to(record, "type=local,dest=/x"), 5) is None
        assert exported_bytes(to(record), 5) is None
        silent = replace(record, result=replace(record.result, exporter=()))
        assert exported_bytes(to(silent, place), 5) is None
        assert behaviour.asked == []
        odd = (("cache.manifest", '{"digest":"x"}'),)
        other = replace(record, result=replace(record.result, exporter=odd))
        assert exported_bytes(to(other, place), 5) is None
    assert exported_bytes(to(record, "type=registry,ref=127.0.0.1:9/app:x"), 2) is None
