"""Which client's rules a recorded context was sent by: records of every client, and what each is by hand."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.app.experiment.fromfiles import read_reports
from layerfork.builders.clients import find_client
from layerfork.builders.clients.clientsender import sender_of_client
from layerfork.context.senders import sender_of
from layerfork.record.build import Builder
from layerfork.record.context import EntryType
from layerfork.record.record import BuildRecord, ClientInfo

RECORDS = Path(__file__).parents[2] / "golden" / "records"
DOCKER_PY = {f"docker_py-build@{version}": "docker-py" for version in ("1.6.0", "1.10.6", "2.7.0", "7.2.0")}
ON_20_10: Mapping[str, str] = {
    **DOCKER_PY,
    "docker-build": "docker-cli-20.10",
    "docker-context-build": "tar",
    "docker-compose-build@1.5.2": "docker-py",
    "docker-compose-build@1.29.2": "docker-cli-20.10",
    "docker-compose-python-build": "docker-py",
    "aiodocker-context-build": "tar",
    "python_on_whales-build": "docker-cli-20.10",
    "testcontainers_py-build": "docker-py",
    "ansible-docker_image": "docker-py",
    "dockerode-build": "dockerode",
    "dockerode-context-build": "tar",
    "dockerode-tar_fs-build": "tar-fs",
    "docker_node_sdk-context-build": "tar",
    "testcontainers_node-build": "",
}
ON_28_5: Mapping[str, str] = {
    **DOCKER_PY,
    "docker-build": "buildkit",
    "docker-compose-build": "buildkit",
    "docker-context-build": "tar",
    "buildx-build": "buildkit",
    "buildx-bake": "buildkit",
    "buildx-context-build": "tar",
    "docker-git-build": "",
    "ansible-docker_image_build": "buildkit",
}


def _records(place: int) -> Mapping[str, BuildRecord]:
    run = read_reports([str(RECORDS / "seed-engines.run.jsonl")]).runs[place]
    return {build.client: build.record for build in run.builds if build.record is not None}


@pytest.mark.parametrize(("place", "expected"), [(0, ON_20_10), (1, ON_28_5)], ids=["20.10", "28.5"])
def test_the_sender_of_a_recorded_context(place: int, expected: Mapping[str, str]) -> None:
    records = _records(place)
    found = {client: sender_of(records[client]) for client in expected}
    assert {client: each.rules.id if each else "" for client, each in found.items()} == expected
    assert found["docker_py-build@1.10.6"] is not None
    assert found["docker_py-build@1.10.6"].docker_py == (1, 10)


def test_what_a_client_calls_itself_counts_only_if_it_sent_like_that() -> None:
    """``docker build -`` sends a tar that something else made."""
    record = _records(0)["docker-context-build"]
    assert record.client.user_agent.startswith("Docker-Client/")
    assert record.context is not None
    entries = record.context.entries
    mixed = (replace(entries[0], name="./x"), replace(entries[0], name="y"))
    assert sender_of(replace(record, context=replace(record.context, entries=mixed))) is None


def test_podmans_remote_client_has_the_name_of_its_library() -> None:
    record = _records(0)["docker-build"]
    assert record.context is not None
    directory = replace(record.context.entries[0], name="d", type=EntryType.DIRECTORY, mode=0o755)
    file = replace(record.context.entries[0], mode=0o644)
    context = replace(record.context, entries=(file, directory))
    podman = replace(
        record,
        builder=Builder.BUILDAH,
        context=context,
        client=ClientInfo(user_agent="Go-http-client/1.1", argv=("podman", "--remote", "build", ".")),
    )
    found = sender_of(podman)
    assert found is not None
    assert found.rules.id == "podman-remote"


@pytest.mark.parametrize(
    ("client", "builder", "rules"),
    [
        ("docker-build", Builder.CLASSIC, "docker-cli"),
        ("docker-build@23.0.6", Builder.CLASSIC, "docker-cli-23"),
        ("docker-build@20.10.24", Builder.BUILDKIT, "buildkit-20.10"),
        ("docker-compose-build", Builder.CLASSIC, "docker-cli"),
        ("docker-compose-build@1.5.2", Builder.CLASSIC, "docker-py"),
        ("buildx-build@0.13.1", Builder.BUILDKIT, "buildkit"),
        ("python_on_whales-build", Builder.BUILDKIT, "buildkit"),
        ("dockerode-tar_fs-build", Builder.BUILDKIT, "tar-fs"),
        ("dockerode_compose-build", Builder.CLASSIC, "tar-fs"),
        ("node_docker_api-build", Builder.BUILDKIT, "tar-fs"),
        ("resin_docker_build-build", Builder.CLASSIC, ""),
        ("docker_compose_npm-build", Builder.CLASSIC, "docker-cli"),
        ("docker_cli_js-build", Builder.BUILDKIT, "buildkit"),
        ("dolphin-build", Builder.CLASSIC, "docker-cli"),
        ("pytest_docker_tools-build", Builder.CLASSIC, "docker-py"),
        ("podman-build", Builder.BUILDAH, "buildah"),
        ("podman_py-build", Builder.BUILDAH, "podman-py"),
        ("docker-git-build", Builder.CLASSIC, ""),
        ("testcontainers_node-build", Builder.CLASSIC, ""),
    ],
)
def test_the_sender_of_a_client(client: str, builder: Builder, rules: str) -> None:
    found = sender_of_client(find_client(client), builder)
    assert (found.rules.id if found is not None else "") == rules
