"""Every client, every generation: controls hit, and classes are what the records predict."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from layerfork.cachekey import keys_of
from layerfork.harness.records.evidence import read_records
from layerfork.model.build import Builder
from layerfork.model.record import BuildRecord

pytestmark = pytest.mark.engine
LAYERFORK = Path(sys.executable).with_name("layerfork")
GENERATIONS = ["20.10.5", "20.10", "26.1", "26.1+containerd", "28.5", "28.5+containerd"]
NOT_HERE = {"build with podman only", "plugin here", "engine has no git"}
"""Reasons for which a client may be left out on a Docker Engine."""


def run_all(records: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [LAYERFORK, "run", "--format", "json", "-o", records, *words],
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=900,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr + done.stdout
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def predicted_classes(records: list[BuildRecord]) -> set[frozenset[str]]:
    """Clients whose steps have equal keys, by the model alone; labels that a client adds are left out."""
    groups: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for record in records:
        digests = keys_of(record).chain_digests()
        steps = [step for step in record.steps if not step.instruction.upper().startswith("LABEL ")]
        groups[(record.builder, *(digests.get(step.index, "") for step in steps))].add(record.client.id)
    return {frozenset(members) for members in groups.values()}


def check(document: dict[str, Any], records: tuple[BuildRecord, ...]) -> None:
    for build in document["builds"]:
        if build["outcome"] == "unsupported":
            assert any(reason in build["reason"] for reason in NOT_HERE), build
            continue
        assert build["outcome"] == "succeeded", build
        assert build["control"] == "hit", build
    assert [caution for caution in document["warnings"] if caution["code"] == "contradiction"] == []
    assert all(cause["status"] == "PROVEN" for fork in document["forks"] for cause in fork["causes"])
    modelled = [record for record in records if record.builder is Builder.CLASSIC or record.definition]
    known = {record.client.id for record in modelled}
    seen = {frozenset(members) & known for members in document["classes"]} - {frozenset()}
    assert predicted_classes(modelled) == seen


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_generation_builds_the_seed(tmp_path: Path, generation: str, builder: str) -> None:
    records = tmp_path / "records.jsonl"
    document = run_all(records, "--engine", f"private:{generation}", "--builder", builder, *five(builder))
    name, _, store = generation.partition("+")
    assert document["engine"]["version"].startswith(name)
    assert document["engine"]["image_store"] == (store or "graphdriver")
    check(document, read_records(records))


def five(builder: str) -> list[str]:
    """The five of 2015, as far as they can use a builder."""
    clients = ["docker-build", "docker-context-build", "docker-compose-build"]
    clients += ["docker_py-build", "docker_py-context-build"] if builder == "classic" else []
    return [word for client in clients for word in ("--client", client)]


def test_every_client_that_can_be_installed_lands_in_its_class(tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    document = run_all(records, "--engine", "private", "--client", "all")
    built = [build["client"] for build in document["builds"] if build["outcome"] == "succeeded"]
    assert len(built) >= 35, built
    check(document, read_records(records))
