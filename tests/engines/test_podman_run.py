"""A relay on podman: docker's clients on the socket, podman's own beside it, every build recorded."""

import os
import sys

import pytest

from layerfork.cachekey import keys_of
from layerfork.explain import JudgedBuild, explain_pair
from layerfork.harness.records.evidence import read_records
from layerfork.model.build import Builder, Command
from layerfork.model.context import Transport
from layerfork.model.judgement import CauseStatus
from layerfork.model.record import BuildRecord, StepStatus
from layerfork.process import run

pytestmark = pytest.mark.engine

ON_THE_SOCKET = ("docker-build", "docker_py-build", "podman-remote-build", "podman_py-build")
BESIDE_IT = ("podman-build", "podman-context-build", "buildah-bud-layers", "podman_compose-build")
UNCACHED = "buildah-bud"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BuildRecord]:
    file = tmp_path_factory.mktemp("relay") / "records.jsonl"
    chosen = [word for client in (*ON_THE_SOCKET, *BESIDE_IT, UNCACHED) for word in ("--client", client)]
    argv = (sys.executable, "-c", "from layerfork.cli import main; main()", "run", "--engine", "podman")
    words = (*argv, "--no-controls", "-o", str(file), *chosen)
    completed = run(Command(argv=words, env=dict(os.environ)), timeout_s=280)
    assert completed.returncode in (0, 1), completed.stderr
    return {record.client.id: record for record in read_records(file)}


def test_every_client_is_recorded_as_a_complete_build_of_buildah(records: dict[str, BuildRecord]) -> None:
    assert set(records) == {*ON_THE_SOCKET, *BESIDE_IT, UNCACHED}
    for record in records.values():
        assert record.builder is Builder.BUILDAH
        assert record.result.outcome == "succeeded"
        assert record.complete, record.gaps
        assert [step.instruction.split()[0] for step in record.steps] == ["FROM", "RUN", "COPY", "RUN"]
        assert record.request.dockerfile is not None
        assert record.result.image is not None
        assert len({other.builder_instance for other in records.values()}) == 1


@pytest.mark.parametrize("client", BESIDE_IT)
def test_context_of_a_build_without_a_socket_is_read_from_disk(
    records: dict[str, BuildRecord], client: str
) -> None:
    context = records[client].context
    assert context is not None
    assert context.transport is Transport.DISK
    assert {entry.name for entry in context.entries} == {"Dockerfile", "important.txt"}
    assert all(entry.content for entry in context.entries)


@pytest.mark.parametrize("client", [*ON_THE_SOCKET, *BESIDE_IT])
def test_key_model_writes_what_the_engine_wrote(records: dict[str, BuildRecord], client: str) -> None:
    record = records[client]
    forms = {key.index: key.key.engine_form for key in keys_of(record).steps}
    written = {step.index: step.created_by for step in record.steps if step.created_by}
    assert len(written) == 3
    # The digest of what a COPY brings in takes the contents themselves, which no record has.
    assert {index: forms[index] or written[index] for index in written} == written
    assert [index for index in written if not forms[index]] == [3]


def test_builds_of_one_image_format_share_every_step(records: dict[str, BuildRecord]) -> None:
    """The socket's docker clients write Docker's format, all others OCI's."""
    hits = {
        client: all(step.status is StepStatus.HIT for step in record.steps)
        for client, record in records.items()
    }
    first = {client for client, hit in hits.items() if not hit}
    assert first == {"docker-build", "podman-remote-build", UNCACHED}


def test_build_without_layers_says_that_its_cache_is_off(records: dict[str, BuildRecord]) -> None:
    assert records[UNCACHED].request.no_cache
    assert not any(record.request.no_cache for client, record in records.items() if client != UNCACHED)


def test_other_image_format_is_the_proven_cause(records: dict[str, BuildRecord]) -> None:
    writer, reader = (
        JudgedBuild(client=client, record=records[client], keys=keys_of(records[client]), control="hit")
        for client in ("docker-build", "podman-remote-build")
    )
    (fork,) = explain_pair(writer, reader)
    assert [(cause.code, cause.status) for cause in fork.causes] == [("image-format", CauseStatus.PROVEN)]
    assert fork.consequences == (2, 3, 4)
