"""The recorder between real clients and a real engine: transparent, complete, and silent about secrets."""

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from layerfork.app.experiment.clientbuild import Bench, make_endpoint
from layerfork.app.experiment.measure import make_bench
from layerfork.builders.clients import find_client
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.installing import ensure_environment
from layerfork.builders.process import run
from layerfork.builders.recording.recorder import Recorder
from layerfork.record.build import Builder, BuildRequest, Command
from layerfork.record.context import ContentSource
from layerfork.record.record import BuildOutcome, BuildRecord, ClientInfo, StepStatus
from layerfork.record.scenario import RunOptions

pytestmark = pytest.mark.engine

CASES = [
    ("docker-build", Builder.CLASSIC),
    ("docker-context-build", Builder.CLASSIC),
    ("docker-compose-build", Builder.CLASSIC),
    ("docker_py-build", Builder.CLASSIC),
    ("docker_py-context-build", Builder.CLASSIC),
    ("docker-build", Builder.BUILDKIT),
    ("docker-context-build", Builder.BUILDKIT),
    ("docker-compose-build", Builder.BUILDKIT),
    ("buildx-build", Builder.BUILDKIT),
    ("buildx-context-build", Builder.BUILDKIT),
    ("buildx-bake", Builder.BUILDKIT),
]
SECRET = "planted-4f1c9e77d2-secret"


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


@pytest.fixture
def bench(engine: RunningEngine, tmp_path: Path) -> Bench:
    engine.reset()
    sockets = tmp_path / "s"
    sockets.mkdir()
    return make_bench(engine, sockets, RunOptions())


@pytest.fixture
def request_(tmp_path: Path) -> BuildRequest:
    context = tmp_path / "context"
    (context / "sub").mkdir(parents=True)
    (context / "sub" / "data.txt").write_text("some data\n")
    (context / "Dockerfile").write_text(
        "FROM alpine AS first\nARG API_TOKEN\nRUN echo $API_TOKEN > /dev/null\nCOPY sub /sub/\n"
        "FROM first\nCOPY --from=first /sub /again/\n"
    )
    with tarfile.open(tmp_path / "context.tar", "w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(context, ".")
    scratch = tmp_path / "scratch"
    (scratch / "home").mkdir(parents=True)
    return BuildRequest(
        context=context,
        context_tar=tmp_path / "context.tar",
        dockerfile=context / "Dockerfile",
        tag="recorded:1",
        scratch=scratch,
        build_args=(("API_TOKEN", SECRET),),
    )


def record_one(
    bench: Bench, client_id: str, builder: Builder, request: BuildRequest
) -> tuple[Recorder, tuple[BuildRecord, ...]]:
    client = find_client(client_id)
    environment = ensure_environment(client.environment, print) if client.environment else None
    recorder = Recorder(bench.engine, bench.socket_dir / "r.sock", b"key")
    with recorder:
        endpoint = make_endpoint(bench, request, recorder.docker_host)
        completed = run(client.build_command(request, endpoint, builder, environment), timeout_s=120)
    assert completed.ok, completed.stderr
    return recorder, recorder.records(ClientInfo(id=client_id, argv=completed.argv))


@pytest.mark.parametrize(("client_id", "builder"), CASES, ids=[f"{name}+{kind}" for name, kind in CASES])
def test_every_byte_is_forwarded_and_every_build_recorded(
    bench: Bench, request_: BuildRequest, client_id: str, builder: Builder
) -> None:
    recorder, records = record_one(bench, client_id, builder, request_)
    connections = recorder.proxy.connections
    assert connections
    assert all(facts.client_received is not None for facts in connections)
    assert [facts for facts in connections if not facts.transparent] == []
    problems = {facts.problem for facts in connections if facts.problem}
    assert all("reset" in problem for problem in problems), problems  # clients end without reading all
    (record,) = records
    assert record.complete, record.gaps
    assert record.builder is builder
    assert record.result.outcome is BuildOutcome.SUCCEEDED
    assert request_.tag in record.request.tags
    assert any(step.status is StepStatus.MISS for step in record.steps)
    entries = (
        {entry.name.removeprefix("./"): entry for entry in record.context.entries} if record.context else {}
    )
    assert entries["sub/data.txt"].content_source is ContentSource.SENT
    assert entries["sub/data.txt"].size == len("some data\n")
    if builder is Builder.BUILDKIT:
        assert record.definition is not None
        assert record.definition.digests_verified
        assert {line for op in record.definition.ops for line in op.lines} >= {1, 3, 4, 6}
    text = msgspec.json.encode(record).decode()
    assert SECRET not in text
    assert "hidden:" in text


def test_secrets_of_a_session_leave_no_trace(bench: Bench, request_: BuildRequest, tmp_path: Path) -> None:
    (request_.context / "Dockerfile").write_text(
        "FROM alpine\nRUN --mount=type=secret,id=deploy cat /run/secrets/deploy | wc -c\n"
    )
    (tmp_path / "deploy").write_text(SECRET)
    config = request_.scratch / "home" / ".docker"
    config.mkdir()
    auth = {"auths": {"registry.example": {"auth": "cGxhbnRlZDpwbGFudGVk"}}}
    plugins = {"cliPluginsExtraDirs": [str(bench.toolchain.cli_plugins)]}
    (config / "config.json").write_text(json.dumps({**auth, **plugins}))
    recorder = Recorder(bench.engine, bench.socket_dir / "r.sock", b"key")
    with recorder:
        env = {
            "DOCKER_HOST": recorder.docker_host,
            "HOME": str(request_.scratch / "home"),
            "PATH": os.defpath,
        }
        secret = f"id=deploy,src={tmp_path / 'deploy'}"
        argv = (str(bench.toolchain.docker), "build", "--secret", secret, str(request_.context))
        completed = run(Command(argv=argv, env=env), timeout_s=120)
        argv = (str(bench.toolchain.docker), "build", "-t", "classic", str(request_.context))
        (request_.context / "Dockerfile").write_text("FROM alpine\nRUN true\n")
        classic = run(Command(argv=argv, env={**env, "DOCKER_BUILDKIT": "0"}), timeout_s=120)
    assert completed.ok, completed.stderr
    assert classic.ok, classic.stderr
    records = recorder.records(ClientInfo(argv=completed.argv))
    assert len(records) == 2
    for record in records:
        text = msgspec.json.encode(record).decode()
        assert SECRET not in text
        assert "cGxhbnRlZDpwbGFudGVk" not in text
        assert "planted:planted" not in text
    mounts = [
        mount
        for op in (records[0].definition.ops if records[0].definition else ())
        for mount in (op.exec.mounts if op.exec else ())
    ]
    assert any(mount.secret_id == "deploy" for mount in mounts)
