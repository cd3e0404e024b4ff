"""A podman service as the user's own engine: known by what it says of itself."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.running import layerfork

from layerfork.builders.api.engineapi import EngineApi
from layerfork.builders.api.engineimages import image_ids
from layerfork.builders.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def podman() -> Iterator[RunningEngine]:
    with open_engine("podman").start(os.environ, print) as engine:
        yield engine


def variables(podman: RunningEngine) -> dict[str, str]:
    assert podman.toolchain is not None
    return {
        "DOCKER_HOST": podman.docker_host,
        "PATH": f"{podman.toolchain.docker.parent}:{os.environ['PATH']}",
    }


def test_it_is_listed_with_its_builder(podman: RunningEngine) -> None:
    rows = json.loads(layerfork("engines", "--format", "json", **variables(podman)).stdout)["engines"]
    (host,) = (row for row in rows if row["id"] == "host")
    assert host["builders"] == ["buildah"]


def test_plan_and_run_agree_on_the_builder(context: Path, podman: RunningEngine) -> None:
    clients = ("--client=docker-build", "--client=docker_py-build", "--client=buildx-build")
    words = ("run", context, "--engine=host", "--format=json", *clients)
    before = image_ids(EngineApi(podman.docker_host))
    (planned,) = json.loads(layerfork(*words, "--plan", **variables(podman)).stdout)["engines"]
    done = layerfork(*words, **variables(podman))
    assert done.stdout, done.stderr
    document = json.loads(done.stdout)
    assert (
        [(row["client"], row["builder"]) for row in planned["rows"] if row["runs"]]
        == [
            (build["client"], build["builder"])
            for build in document["builds"]
            if build["outcome"] == "succeeded"
        ]
        == [("docker-build", "buildah"), ("docker_py-build", "buildah")]
    )
    (left_out,) = (build for build in document["builds"] if build["client"] == "buildx-build")
    assert left_out["outcome"] == "unsupported"
    assert "no BuildKit" in left_out["reason"]
    assert [build["control"] for build in document["builds"]][:2] == ["hit", "hit"]
    assert not [each for each in document["warnings"] if each["code"] == "contradiction"]
    assert document["engine"]["kind"] == "host"
    assert image_ids(EngineApi(podman.docker_host)) == before


def test_a_service_that_has_no_cache_for_dockers_clients(context: Path) -> None:
    """podman 3.0 as the user's own: a second build of docker-py misses, and no lost cache is suspected."""
    client = "--client=docker_py-build"
    with open_engine("podman:3.0").start(os.environ, print) as old:
        words = ("run", context, "--engine=host", "--format=json", client, f"{client}@6.1.3")
        done = layerfork(*words, **variables(old))
    document = json.loads(done.stdout)
    causes = [cause for fork in document["forks"] for cause in fork["causes"]]
    assert {(cause["status"], cause["code"]) for cause in causes} == {("PROVEN", "cache-off")}
    assert all("podman's service before 4.0 has no cache" in cause["text"] for cause in causes)
