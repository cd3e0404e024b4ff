"""A run of many clients, held against what their records say by the key model alone."""

import json
import os
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

from engines.running import LAYERFORK

from layerfork.keys import keys_of
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord

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
