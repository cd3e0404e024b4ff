"""Classes of clients on BuildKit, also of those that show no definition, against the layers of images."""

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest
from engines.running import layerfork

from layerfork.record.store.recordfile import read_records

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM alpine AS base
RUN cat /proc/sys/kernel/random/uuid > /base
FROM alpine AS side
RUN cat /proc/sys/kernel/random/uuid > /base
COPY dir /dir
FROM base
COPY plain.txt open.txt /
COPY --from=side /dir /dir
RUN cat /proc/sys/kernel/random/uuid > /last
"""
SHOW_NONE = ("dockerode-context-build", "dockerode-build", "docker_node_sdk-context-build")
SHOW = ("docker-build", "docker-context-build")


@pytest.fixture(scope="module", autouse=True)
def _libraries() -> None:
    for client in SHOW_NONE:
        done = layerfork("clients", "get", client)
        if done.returncode:
            pytest.skip(f"{client} cannot run here: {done.stderr}")


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """Owners that only a directory's transfer hides, and modes that a umask changes."""
    root = tmp_path / "context"
    (root / "dir").mkdir(parents=True)
    for name, mode, owner in (("plain.txt", 0o644, 0), ("open.txt", 0o666, 1000), ("dir/a", 0o664, 1000)):
        (root / name).write_text(name)
        (root / name).chmod(mode)
        os.chown(root / name, owner, owner)
    (root / "Dockerfile").write_text(DOCKERFILE)
    return root


@pytest.mark.parametrize(
    "clients",
    [(*SHOW, *SHOW_NONE), (*SHOW_NONE[::-1], *SHOW[::-1]), SHOW_NONE],
    ids=["definition first", "definition last", "no definition"],
)
@pytest.mark.parametrize("engine", ["private:26.1", "private:28.5+containerd"])
def test_classes_are_those_of_the_layers(
    context: Path, tmp_path: Path, clients: tuple[str, ...], engine: str
) -> None:
    file = tmp_path / "records.jsonl"
    chosen = [word for client in clients for word in ("--client", client)]
    words = ("--builder", "buildkit", "--engine", engine, "--no-controls", "-o", file, "--format", "json")
    done = layerfork("run", context, *chosen, *words)
    if done.returncode not in (0, 1):
        pytest.skip(done.stderr)
    document = json.loads(done.stdout)

    last_layers = defaultdict(set)
    for record in read_records(file):
        assert record.result.image is not None
        last_layers[record.result.image.diff_ids[-1]].add(record.client.id)

    assert {client for members in last_layers.values() for client in members} == set(clients)
    assert sorted(map(sorted, document["classes"])) == sorted(map(sorted, last_layers.values()))
    assert document["class_unknown"] == []
    causes = {cause["code"] for fork in document["forks"] for cause in fork["causes"]}
    statuses = {cause["status"] for fork in document["forks"] for cause in fork["causes"]}
    assert causes == ({"mode"} if clients == SHOW_NONE else {"uid", "gid", "mode"})
    assert statuses == {"PROVEN"}
