"""Every client on one engine, drawn by the date, as in the evidence of `docs/current-state.md`."""

import random
from pathlib import Path
from typing import Any

import pytest
from engines.clientclasses import check, run_all
from today import DAY

from layerfork.app.experiment.fromfiles import read_reports
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildOutcome
from layerfork.record.run import RunReport
from layerfork.record.store.recordfile import read_records
from research.currentstate.evidence import SEED
from research.currentstate.threads import notes_of_client

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]
ENGINES = (
    *("private:20.10.5", "private:20.10", "private:26.1", "private:26.1+containerd"),
    *("private:28.5", "private:28.5+containerd"),
    *("podman:3.0", "podman:4.3", "podman:5.4", "podman:5.8"),
)


def test_every_client_of_the_seed_on_one_engine(tmp_path: Path) -> None:
    """One of the ten: each client builds where it built then, and shares with whom it shared."""
    engine = random.Random(DAY).choice(ENGINES)
    records = tmp_path / "records.jsonl"
    document = run_all(records, "--engine", engine, "--client", "all")
    if engine == "private:26.1":
        check(document, read_records(records))
    built = {
        build["client"]: build["control"] or ""
        for build in document["builds"]
        if build["outcome"] == "succeeded"
    }
    assert len(built) >= (8 if engine == "podman:3.0" else 35), built
    then = evidence_of(document["engine"])
    if then is None:
        return  # Debian's suite has moved on: nothing was measured of this version
    asked = {build["client"] for build in document["builds"]}
    known = {
        build.client: build.control
        for build in then.builds
        if build.outcome is BuildOutcome.SUCCEEDED and build.client in asked
    }
    for client in set(known):
        # Chance decides whether some second builds miss: research/currentstate/notes.toml says why.
        if "miss" in (known[client], built.get(client)) and any(n.chance for n in notes_of_client(client)):
            assert built[client] in ("hit", "miss")
            known[client] = built[client]
    assert {client: built.get(client, "not built") for client in known} == known, f"TEST_DAY={DAY}"
    assert partition(document["classes"], set(known)) == partition(then.judgement.classes, set(known))


def evidence_of(engine: dict[str, Any]) -> RunReport | None:
    """What was measured of this very version; None where a Debian suite has moved on."""
    for report in read_reports([str(SEED)]).runs:
        assert isinstance(report.engine, EngineInfo)
        if (report.engine.version, report.engine.image_store) == (engine["version"], engine["image_store"]):
            return report
    return None


def partition(classes: Any, known: set[str]) -> set[frozenset[str]]:
    """Who shares a cache with whom, of these clients."""
    return {frozenset(members) & known for members in classes} - {frozenset()}
