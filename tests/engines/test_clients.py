"""Every build client of the table builds for real.

Half of them, drawn by the date, with everything that they say they can pass on, and a build that fails.
"""

import json
import os
import tarfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from today import part_of_today

from layerfork.builders.clients import CLIENTS, BuildClient, ContextForm, Interpreter, freeze
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.installing import ensure_environment, find_interpreter
from layerfork.builders.process import find_program, run
from layerfork.errors import ClientError
from layerfork.record.build import Builder, BuildRequest, Command, Completed, Endpoint, Feature, Toolchain

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM alpine AS wanted
ARG GREETING
ENV GREETING=$GREETING
COPY important.txt /
FROM wanted
ENV STAGE=last
"""
COMPOSE_GREETING = 'h ello "q"'
"""For compose: from the version on that builds with bake, it hands ``$`` on as a template."""
GREETING = 'h$ello ${X} %{y} "q"'
LABEL = "c $d ${e}"
SERVED = (ContextForm.URL, ContextForm.GIT)
DOCKERS = [client for client in CLIENTS if Builder.BUILDAH not in client.builders]
CASES = [
    (client, builder)
    for client in DOCKERS
    if client.context_form not in SERVED
    for builder in client.builders
]
OUTSIDE = [
    (client, builder) for client, builder in CASES if Feature.DOCKERFILE_OUTSIDE not in dict(client.lacks)
]


def cases(pairs: Sequence[tuple[BuildClient, Builder]]) -> pytest.MarkDecorator:
    """One test for each pair, under the id that a person would type."""
    ids = [f"{client.id}+{builder}" for client, builder in pairs]
    return pytest.mark.parametrize(("client", "builder"), pairs, ids=ids)


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    """``LAYERFORK_TEST_ENGINE=private:20.10`` runs these tests on another generation."""
    with open_engine(os.environ.get("LAYERFORK_TEST_ENGINE", "private")).start(os.environ, print) as running:
        yield running


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the context, its tar, and a Dockerfile outside. Each test has its own."""
    project = tmp_path_factory.mktemp("project")
    context = project / "context"
    (context / "sub").mkdir(parents=True)
    (context / "important.txt").write_text("This is an important file\n")
    (context / "Dockerfile").write_text("FROM alpine\nRUN true\nCOPY important.txt /\n")
    (context / "sub" / "Other").write_text(DOCKERFILE)
    (project / "Outside").write_text("FROM alpine\nCOPY important.txt /outside\n")
    pack(context, project / "context.tar")
    return project


def pack(context: Path, target: Path) -> None:
    """As ``tar -cf`` does. With a PAX header in front the docker CLI takes a tar for a Dockerfile."""
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(context, arcname=".")


@pytest.fixture
def endpoint(engine: RunningEngine, tmp_path: Path) -> Endpoint:
    toolchain = engine.toolchain
    assert toolchain is not None
    directory = toolchain.cli_plugins
    plugins = tuple(path.name.removeprefix("docker-") for path in directory.iterdir()) if directory else ()
    return Endpoint(
        docker_host=engine.docker_host,
        home=tmp_path / "home",
        toolchain=replace(toolchain, plugins=plugins),
        api_version=engine.info.api_version,
    )


@pytest.fixture
def request_(project: Path, tmp_path: Path) -> BuildRequest:
    (tmp_path / "home").mkdir()
    return BuildRequest(
        context=project / "context",
        context_tar=project / "context.tar",
        dockerfile=project / "context" / "Dockerfile",
        tag="layerfork-test/trial:1",
        scratch=tmp_path,
    )


def environment_of(client: BuildClient) -> Path | None:
    if client.environment is None:
        return None
    try:
        find_interpreter(client.environment)
    except ClientError as error:
        pytest.skip(str(error))
    return ensure_environment(client.environment, print)


def skip_if_it_cannot_run_there(client: BuildClient, endpoint: Endpoint) -> None:
    if reason := client.choose(None, endpoint).why_not:
        pytest.skip(reason)


def build(client: BuildClient, builder: Builder, request: BuildRequest, endpoint: Endpoint) -> Completed:
    assert client.why_not(request) == ()
    skip_if_it_cannot_run_there(client, endpoint)
    completed = run(client.build_command(request, endpoint, builder, environment_of(client)), timeout_s=120)
    assert completed.ok, completed.stdout + completed.stderr
    return completed


def docker(toolchain: Toolchain, docker_host: str, *words: str) -> Completed:
    argv = (str(toolchain.docker), "-H", docker_host, *words)
    return run(Command(argv=argv, env={"HOME": "/nonexistent"}), timeout_s=60)


def forget(engine: RunningEngine, client: BuildClient, request: BuildRequest) -> None:
    engine.remove_images([client.image_ref(request)])


@cases(CASES)
def test_builds_the_context(
    client: BuildClient, builder: Builder, request_: BuildRequest, endpoint: Endpoint, engine: RunningEngine
) -> None:
    forget(engine, client, request_)
    build(client, builder, request_, endpoint)
    rows = [step.created_by for step in engine.image_facts(client.image_ref(request_)).history]
    assert any("important.txt" in row for row in rows) or any("file:" in row for row in rows)


@cases(part_of_today(CASES, 2))
def test_passes_on_what_it_says_it_can(
    client: BuildClient, builder: Builder, request_: BuildRequest, endpoint: Endpoint, engine: RunningEngine
) -> None:
    can = {feature for feature in Feature if feature not in dict(client.lacks)}
    compose = client.name == "docker-compose-build"
    greeting, label = (COMPOSE_GREETING, "plain") if compose else (GREETING, LABEL)
    request = replace(
        request_,
        dockerfile=request_.context / "sub" / "Other",
        target="wanted" if Feature.TARGET in can else "",
        build_args=(("GREETING", greeting),) if Feature.BUILD_ARG in can else (),
        labels=(("a.b", label),) if Feature.LABEL in can else (),
        platform="linux/amd64" if Feature.PLATFORM in can and engine.info.architecture == "amd64" else "",
        no_cache=Feature.NO_CACHE in can,
    )
    named = Feature.DOCKERFILE_NAME in can
    if Feature.TARGET not in can or not named:
        place = request.context / "sub" / "First" if named else request.context / "Dockerfile"
        place.write_text(DOCKERFILE if Feature.TARGET in can else DOCKERFILE.partition("FROM wanted")[0])
        request = replace(request, dockerfile=place)
        pack(request.context, request.context_tar)
    forget(engine, client, request)
    build(client, builder, request, endpoint)
    asked = docker(
        endpoint.toolchain,
        endpoint.docker_host,
        *("inspect", "-f", "{{json .Config}}", client.image_ref(request)),
    )
    config = json.loads(asked.stdout)
    assert "STAGE=last" not in config["Env"]
    if Feature.BUILD_ARG in can:
        assert f"GREETING={greeting}" in config["Env"]
    if Feature.LABEL in can:
        assert config["Labels"]["a.b"] == label


@cases(part_of_today(OUTSIDE, 2))
def test_reads_a_dockerfile_outside_if_it_says_so(
    client: BuildClient,
    builder: Builder,
    request_: BuildRequest,
    endpoint: Endpoint,
    engine: RunningEngine,
    project: Path,
) -> None:
    request = replace(request_, dockerfile=project / "Outside")
    forget(engine, client, request)
    build(client, builder, request, endpoint)
    rows = [step.created_by for step in engine.image_facts(client.image_ref(request)).history]
    assert any("/outside" in row for row in rows)


@pytest.mark.parametrize(
    "client", [client for client in DOCKERS if client.context_form in SERVED], ids=lambda client: client.id
)
def test_fetches_a_context_that_is_served(
    client: BuildClient, request_: BuildRequest, endpoint: Endpoint, engine: RunningEngine, server: str
) -> None:
    """With the classic builder, where the CLI fetches: BuildKit would look in the engine's own network."""
    request = replace(
        request_,
        context_url=f"{server}/context.tar",
        context_git=f"{server}/context/.git",
        tag="layerfork-test/u:1",
    )
    if client.context_form is ContextForm.GIT:
        commit_all(request.context, endpoint)
    forget(engine, client, request)
    build(client, Builder.CLASSIC, request, endpoint)
    assert len(engine.image_facts(client.image_ref(request)).history) >= 3


def commit_all(context: Path, endpoint: Endpoint) -> None:
    if find_program("git") is None:
        pytest.skip("git is not installed")
    author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for words in (
        ("init", "-q"),
        ("add", "-A"),
        (*author, "commit", "-qm", "context"),
        ("update-server-info",),
    ):
        env = {"HOME": str(endpoint.home), "PATH": endpoint.path}
        completed = run(Command(argv=("git", *words), env=env, cwd=context), timeout_s=30)
        assert completed.ok, completed.stderr


@pytest.fixture
def server(project: Path) -> Iterator[str]:
    """Serves the project directory on the loopback interface."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(project))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


@cases(part_of_today(CASES, 2))
def test_a_failing_build_fails_with_the_builders_words(
    client: BuildClient, builder: Builder, request_: BuildRequest, endpoint: Endpoint, engine: RunningEngine
) -> None:
    """On a tag that is free: testcontainers for Node calls a build good when the tag's image exists."""
    named = Feature.DOCKERFILE_NAME not in dict(client.lacks)
    request = replace(request_, dockerfile=request_.context / ("Broken" if named else "Dockerfile"))
    forget(engine, client, request)
    skip_if_it_cannot_run_there(client, endpoint)
    request.dockerfile.write_text("FROM alpine\nRUN false\n")
    pack(request.context, request.context_tar)
    completed = run(client.build_command(request, endpoint, builder, environment_of(client)), timeout_s=120)
    assert not completed.ok
    assert not completed.timed_out
    assert "returned a non-zero code: 1" in completed.stdout + completed.stderr or (
        "exit code: 1" in completed.stdout + completed.stderr
    )


@pytest.mark.parametrize("client", DOCKERS, ids=lambda client: client.id)
def test_says_its_version(client: BuildClient, endpoint: Endpoint) -> None:
    skip_if_it_cannot_run_there(client, endpoint)
    environment = environment_of(client)
    completed = run(client.version_command(endpoint, environment), timeout_s=60)
    version = client.read_version(completed.stdout)
    assert version, completed.stdout + completed.stderr
    if client.environment is not None:
        assert version == client.environment.version
    elif client.name in ("docker-build", "docker-context-build"):
        assert version == endpoint.toolchain.version


@pytest.mark.parametrize("client", [c for c in DOCKERS if c.environment], ids=lambda client: client.id)
def test_freeze_lists_its_library(client: BuildClient) -> None:
    environment = environment_of(client)
    assert client.environment is not None
    assert environment is not None
    sign = "@" if client.environment.interpreter is Interpreter.NODE else "=="
    wanted = f"{client.environment.package}{sign}{client.environment.version}"
    assert wanted in [each.replace("_", "-") for each in freeze(environment)] or wanted in freeze(environment)
