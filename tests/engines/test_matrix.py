"""Every generation of Docker Engine: controls hit, and classes are what the records predict."""

from pathlib import Path

import pytest
from engines.clientclasses import check, run_all

from layerfork.harness.records.evidence import read_records

pytestmark = pytest.mark.engine
GENERATIONS = ["20.10.5", "20.10", "26.1", "26.1+containerd", "28.5", "28.5+containerd"]


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
