"""Builds that printed their steps and passed no socket: what is recorded of them, and from where."""

import tarfile
from pathlib import Path

import pytest
from fakes.engines import Obliging

from layerfork.builders.recording.printed import read_printed_build
from layerfork.builders.recording.recorder import Recorder
from layerfork.record.build import Builder, BuildRequest, Completed
from layerfork.record.context import ContentSource, Transport
from layerfork.record.record import BuildOutcome, BuildRecord, ClientInfo, StepStatus

IMAGE = "b" * 64
PRINTED = f"""\
STEP 1/3: FROM alpine
STEP 2/3: ARG API_TOKEN
--> Using cache {"c" * 64}
--> {"c" * 12}
STEP 3/3: RUN login --token very-secret-value
COMMIT tag
--> {IMAGE[:12]}
Successfully tagged localhost/tag:latest
{IMAGE}
"""
DOCKERFILE = "FROM alpine\nARG API_TOKEN\nRUN login --token very-secret-value\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def request_(tmp_path: Path) -> BuildRequest:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "here").write_text("only in the directory")
    return BuildRequest(
        context=context,
        context_tar=tmp_path / "context.tar",
        dockerfile=context / "Dockerfile",
        tag="tag",
        scratch=tmp_path,
        build_args=(("API_TOKEN", "very-secret-value"),),
        labels=(("team", "infra"),),
        target="last",
    )


def read(
    request: BuildRequest,
    *argv: str,
    stdout: str = PRINTED,
    stderr: str = "",
    code: int = 0,
    tar: Path | None = None,
) -> BuildRecord | None:
    recorder = Recorder(Obliging(), Path("/nowhere/socket"), b"key")
    completed = Completed(
        argv=argv or ("podman", "build"), returncode=code, stdout=stdout, stderr=stderr, seconds=1.5
    )
    return read_printed_build(recorder, request, ClientInfo(id="podman-build"), completed, tar)


def recorded(request: BuildRequest, *argv: str, **said: str | int | Path) -> BuildRecord:
    record = read(request, *argv, **said)  # type: ignore[arg-type]
    assert record is not None
    return record


def test_the_steps_are_those_that_it_printed(request_: BuildRequest) -> None:
    record = recorded(request_)
    assert record.builder is Builder.BUILDAH
    assert (record.client.id, record.seconds, record.gaps) == ("podman-build", 1.5, ())
    assert [step.status for step in record.steps] == [StepStatus.HIT, StepStatus.HIT, StepStatus.MISS]
    assert (record.result.outcome, record.result.image_id) == (BuildOutcome.SUCCEEDED, f"sha256:{IMAGE}")
    asked = record.request
    assert (asked.tags, asked.target, asked.labels) == (("tag",), "last", (("team", "infra"),))
    assert not asked.no_cache


def test_the_context_is_the_directory_as_it_lies_there(request_: BuildRequest) -> None:
    context = recorded(request_).context
    assert context is not None
    assert context.transport is Transport.DISK
    assert {entry.name: entry.content_source for entry in context.entries} == {
        "Dockerfile": ContentSource.DISK,
        "here": ContentSource.DISK,
    }


def test_with_a_tar_the_context_and_the_dockerfile_are_the_tars(
    request_: BuildRequest, tmp_path: Path
) -> None:
    """What lies in the directory was never seen by the builder."""
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    for name, text in {
        "Dockerfile": "FROM other\n",
        "there": "only in the tar",
        ".dockerignore": "one\n",
        ".containerignore": "# podman's own file wins\ntwo\n",
    }.items():
        (unpacked / name).write_text(text)
    with tarfile.open(request_.context_tar, "w") as tar:
        tar.add(unpacked, ".")
    record = recorded(request_, tar=request_.context_tar)
    context = record.context
    assert context is not None
    assert context.transport is Transport.TAR
    assert "./there" in {entry.name for entry in context.entries}
    assert "here" not in {entry.name.removeprefix("./") for entry in context.entries}
    assert {entry.content_source for entry in context.entries if entry.content} == {ContentSource.DISK}
    assert context.excludes == ("two",)
    assert record.request.dockerfile == "FROM other\n"


def test_a_tar_that_ends_early_leaves_a_gap(request_: BuildRequest) -> None:
    with tarfile.open(request_.context_tar, "w") as tar:
        tar.add(request_.context, ".")
    whole = request_.context_tar.read_bytes()
    request_.context_tar.write_bytes(whole[:1100])
    record = recorded(request_, tar=request_.context_tar)
    assert record.context is not None
    assert not record.context.complete
    assert record.gaps


def test_secrets_are_hidden_wherever_they_stand(request_: BuildRequest) -> None:
    record = recorded(request_, stderr="Error: very-secret-value is wrong\n", code=1, stdout=PRINTED[:-130])
    assert "very-secret-value" not in repr(record)
    assert dict(record.request.build_args)["API_TOKEN"].startswith("hidden:")
    assert record.request.dockerfile is not None
    assert record.request.dockerfile.startswith("FROM alpine\nARG API_TOKEN\nRUN login --token ")
    assert record.steps[-1].instruction.startswith("RUN login --token ")


@pytest.mark.parametrize(
    ("argv", "cached"),
    [
        (("podman", "build"), True),
        (("buildah", "bud"), False),
        (("buildah", "bud", "--layers"), True),
    ],
)
def test_buildah_has_a_cache_only_with_layers(
    request_: BuildRequest, argv: tuple[str, ...], cached: bool
) -> None:
    record = recorded(request_, *argv)
    assert record.request.no_cache is not cached
    assert dict(record.request.options)["layers"] == ("true" if cached else "false")
    assert record.steps[1].status is (StepStatus.HIT if cached else StepStatus.MISS)


@pytest.mark.parametrize(
    ("code", "outcome"), [(125, BuildOutcome.FAILED), (-9, BuildOutcome.CUT), (0, BuildOutcome.FAILED)]
)
def test_a_build_without_an_image_did_not_succeed(
    request_: BuildRequest, code: int, outcome: BuildOutcome
) -> None:
    record = recorded(request_, stdout="STEP 1/3: FROM alpine\n", stderr="Error: no space\n", code=code)
    assert (record.result.outcome, record.result.error) == (outcome, "no space")


def test_what_printed_no_steps_was_no_build(request_: BuildRequest) -> None:
    assert read(request_, stdout="Error: unknown flag\n", code=125) is None


def test_output_whose_beginning_is_lost_says_so(request_: BuildRequest) -> None:
    (gap,) = recorded(request_, stdout=PRINTED[PRINTED.index("STEP 2") :]).gaps
    assert (gap.where, gap.what) == ("output", "the output was too long: its beginning is missing")


def test_a_context_that_is_gone_leaves_a_gap_and_no_dockerfile(request_: BuildRequest) -> None:
    for path in request_.context.iterdir():
        path.unlink()
    request_.context.rmdir()
    record = recorded(request_)
    assert (record.context, record.request.dockerfile) == (None, None)
    assert [gap.where for gap in record.gaps] == ["context"]
