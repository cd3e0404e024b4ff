"""A relay on podman: docker's clients on the socket, podman's own beside it, every build recorded."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from layerfork.builders.process import run
from layerfork.diagnose import JudgedBuild, explain_pair
from layerfork.keys import keys_of
from layerfork.record.answer import CauseStatus
from layerfork.record.build import Builder, Command
from layerfork.record.context import EntryType, Transport
from layerfork.record.record import BuildRecord, StepStatus
from layerfork.record.store.recordfile import read_records

pytestmark = pytest.mark.engine

ON_THE_SOCKET = ("docker-build", "docker_py-build", "podman-remote-build", "podman_py-build")
BESIDE_IT = ("podman-build", "podman-context-build", "buildah-bud-layers", "podman_compose-build")
UNCACHED = "buildah-bud"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BuildRecord]:
    file = tmp_path_factory.mktemp("relay") / "records.jsonl"
    run_relay((*ON_THE_SOCKET, *BESIDE_IT, UNCACHED), "--no-controls", "-o", str(file))
    return {record.client.id: record for record in read_records(file)}


def run_relay(clients: Sequence[str], *words: str) -> str:
    """What a relay of these clients on podman prints."""
    argv = (sys.executable, "-c", "from layerfork.cli import main; main()", "run", "--engine", "podman")
    chosen = [word for client in clients for word in ("--client", client)]
    completed = run(Command(argv=(*argv, *chosen, *words), env=dict(os.environ)), timeout_s=280)
    assert completed.returncode in (0, 1), completed.stderr
    return completed.stdout


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
    names = [entry.name for entry in context.entries]
    if client == "podman-context-build":
        assert context.transport is Transport.TAR
        assert sorted(names) == ["./", "./Dockerfile", "./important.txt"]
    else:
        assert context.transport is Transport.DISK
        assert sorted(names) == ["Dockerfile", "important.txt"]
    assert all(entry.content for entry in context.entries if entry.type is EntryType.FILE)


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
    assert (fork.step, fork.consequences) == (2, (3, 4))


def test_a_tar_on_the_standard_input_is_what_was_built_from(tmp_path: Path) -> None:
    """podman unpacks it: what the tar does not hold, such as attributes, never was there."""
    (tmp_path / "Dockerfile").write_text("FROM alpine\nCOPY note /\nRUN true\n")
    (tmp_path / "note").write_text("text")
    try:
        os.setxattr(tmp_path / "note", "user.origin", b"here")
    except OSError:
        pytest.skip("the file system of temporary files has no user attributes")
    clients = ("podman-build", "podman-context-build", "podman_py-context-build")
    document = json.loads(run_relay(clients, str(tmp_path), "--format", "json"))
    assert document["classes"] == [["podman-build"], ["podman-context-build", "podman_py-context-build"]]
    (fork,) = document["forks"]
    assert (fork["step"], fork["miss_kind"]) == (2, "key-changed")
    assert [(cause["code"], cause["status"]) for cause in fork["causes"]] == [("xattr", "PROVEN")]
    assert [warning for warning in document["warnings"] if warning["code"] == "contradiction"] == []


def test_ids_are_those_that_podman_has(records: dict[str, BuildRecord]) -> None:
    """Facts, whole: a build that hits shows the very ids that the build before it stored."""
    writer, reader = records["podman-remote-build"], records["podman-build"]
    ids = [step.identity for step in writer.steps]
    assert all(len(each) == len("sha256:") + 64 for each in ids)
    assert ids == [step.identity for step in reader.steps]
    assert (ids[0], ids[-1]) == (dict(writer.base_images)["alpine"].image_id, writer.result.image_id)
