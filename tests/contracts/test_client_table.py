"""What holds for every build client in the table."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.builders.clients import CLIENTS, SEED_CLIENTS, BuildClient, ContextForm, find_client
from layerfork.builders.clients.clientsender import sender_of_client
from layerfork.errors import ClientError, UsageError
from layerfork.record.build import (
    DOCKER,
    Builder,
    BuildRequest,
    Command,
    Endpoint,
    Feature,
    PodmanTools,
    ServedBuilders,
    Toolchain,
)

ENVIRONMENT_DIR = Path("/cache/environment")
REQUEST = BuildRequest(
    context=Path("/project/context"),
    context_tar=Path("/project/context.tar"),
    context_url="http://127.0.0.1:8000/context.tar",
    context_git="http://127.0.0.1:8000/context.git",
    dockerfile=Path("/project/context/Dockerfile"),
    tag="layerfork/trial:1",
    scratch=Path("/scratch/build"),
)
ENDPOINT = Endpoint(
    docker_host="unix:///scratch/recorder.sock",
    home=Path("/scratch/home"),
    toolchain=Toolchain(
        docker=Path("/toolchain/docker"), cli_plugins=Path("/toolchain/plugins"), version="26.1.5"
    ),
    api_version="1.45",
    builders=ServedBuilders(executes=tuple((builder, builder) for builder in Builder), refuses=()),
    podman=PodmanTools(podman=Path("/toolchain/podman"), buildah=Path("/toolchain/buildah")),
)
ASKING: dict[Feature, BuildRequest] = {
    Feature.DOCKERFILE_NAME: replace(REQUEST, dockerfile=Path("/project/context/sub/Other.docker")),
    Feature.DOCKERFILE_OUTSIDE: replace(REQUEST, dockerfile=Path("/elsewhere/Other.docker")),
    Feature.BUILD_ARG: replace(REQUEST, build_args=(("GREETING", "good-day"),)),
    Feature.LABEL: replace(REQUEST, labels=(("org.example.colour", "blue-green"),)),
    Feature.TARGET: replace(REQUEST, target="final-stage"),
    Feature.PLATFORM: replace(REQUEST, platform="linux/riscv64"),
    Feature.NO_CACHE: replace(REQUEST, no_cache=True),
}
VISIBLE: dict[Feature, tuple[str, ...]] = {
    Feature.DOCKERFILE_NAME: ("sub/Other.docker",),
    Feature.DOCKERFILE_OUTSIDE: ("Other.docker",),
    Feature.BUILD_ARG: ("GREETING", "good-day"),
    Feature.LABEL: ("org.example.colour", "blue-green"),
    Feature.TARGET: ("final-stage",),
    Feature.PLATFORM: ("linux/riscv64",),
    Feature.NO_CACHE: (),
}

every_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.id)


def command_of(
    client: BuildClient, request: BuildRequest = REQUEST, builder: Builder | None = None, **endpoint: object
) -> Command:
    where = replace(ENDPOINT, **endpoint)  # type: ignore[arg-type]
    return client.build_command(request, where, builder, ENVIRONMENT_DIR if client.environment else None)


def everything_said(command: Command) -> str:
    """All text that the command hands on, with JSON's and templates' escapes undone."""
    return "\n".join((*command.argv, str(command.stdin), *(text for _, text in command.files)))


def test_ids_are_unique() -> None:
    ids = [client.id for client in CLIENTS]
    assert len(ids) == len(set(ids))


def test_the_five_of_2015_lead_in_their_printed_order() -> None:
    assert [client.id for client in SEED_CLIENTS] == [
        "docker_py-context-build",
        "docker_py-build",
        "docker-compose-build",
        "docker-context-build",
        "docker-build",
    ]
    assert CLIENTS[:5] == SEED_CLIENTS


@every_client
def test_id_reads_as_name_version_builder(client: BuildClient) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*(-[a-z0-9_]+)+", client.name)
    assert re.fullmatch(r"(\d+\.\d+\.\d+)?", client.version)
    assert find_client(client.id) == client
    assert client.title


@every_client
def test_every_builder_can_be_insisted_on(client: BuildClient) -> None:
    assert client.builders
    for builder in client.builders:
        assert find_client(f"{client.id}+{builder}").choose(None, ENDPOINT).expected is builder
    for builder in set(Builder) - set(client.builders):
        assert client.why_not_builder(builder)
        with pytest.raises(ClientError, match=client.name):
            command_of(client, builder=builder)
        with pytest.raises(UsageError, match=client.name):
            find_client(f"{client.id}+{builder}")


@every_client
def test_default_builder_is_one_of_its_own(client: BuildClient) -> None:
    for version, api in (("20.10.24", "1.41"), ("20.10.24", "1.45"), ("26.1.5", "1.41"), ("", "")):
        endpoint = replace(ENDPOINT, api_version=api, toolchain=replace(ENDPOINT.toolchain, version=version))
        assert client.choose(None, endpoint).expected in client.builders


@every_client
def test_reasons_are_for_builders_that_it_cannot_use(client: BuildClient) -> None:
    assert not {builder for builder, _ in client.refuses} & set(client.builders)
    assert all(len(reason) > 15 for _, reason in client.refuses)


@every_client
@pytest.mark.parametrize("feature", list(ASKING), ids=str)
def test_feature_is_passed_on_or_refused_with_a_reason(client: BuildClient, feature: Feature) -> None:
    request = ASKING[feature]
    reasons = client.why_not(request)
    lacks = dict(client.lacks)
    if feature in lacks:
        assert reasons == (lacks[feature],)
        assert len(reasons[0]) > 15
        return
    assert reasons == ()
    command = command_of(client, request)
    said, said_without = everything_said(command), everything_said(command_of(client))
    assert said != said_without
    for words in VISIBLE[feature]:
        assert words in said
        assert words not in said_without


@every_client
def test_plain_request_needs_nothing_special(client: BuildClient) -> None:
    assert client.why_not(REQUEST) == ()


@every_client
def test_tag_and_context_are_passed_on(client: BuildClient) -> None:
    command = command_of(client)
    other = command_of(client, replace(REQUEST, tag="layerfork/trial:2"))
    assert everything_said(command) != everything_said(other)
    assert client.context_of(REQUEST) in everything_said(command)


@every_client
def test_context_that_nobody_serves_is_a_reason(client: BuildClient) -> None:
    reasons = client.why_not(replace(REQUEST, context_url="", context_git=""))
    assert bool(reasons) == (client.context_form in (ContextForm.URL, ContextForm.GIT))


@every_client
def test_environment_is_explicit_and_private(client: BuildClient) -> None:
    env = command_of(client).env
    assert env["HOME"] == "/scratch/home"
    assert env["DOCKER_CONFIG"] == "/scratch/home/.docker"
    assert env["DOCKER_HOST"] == "unix:///scratch/recorder.sock"
    assert env["LC_ALL"] == "C.UTF-8"
    assert env["PATH"] in (ENDPOINT.path, f"/toolchain:{ENDPOINT.path}")
    assert "DOCKER_BUILDKIT" not in env


@every_client
def test_builder_is_explicit_when_asked_for(client: BuildClient) -> None:
    for builder, value in ((Builder.CLASSIC, "0"), (Builder.BUILDKIT, "1")):
        if builder in client.builders:
            env = command_of(client, builder=builder, inherit={"DOCKER_BUILDKIT": "surprise"}).env
            assert env["DOCKER_BUILDKIT"] == value


@every_client
def test_engine_of_the_wrong_kind_is_refused(client: BuildClient) -> None:
    docker = replace(ENDPOINT, podman=None, builders=DOCKER)
    assert client.choose(None, ENDPOINT).why_not == ""
    assert bool(client.choose(None, docker).why_not) == (client.builders == (Builder.BUILDAH,))
    if client.choose(None, docker).why_not:
        with pytest.raises(ClientError, match="podman"):
            client.build_command(REQUEST, docker, None, ENVIRONMENT_DIR)


@every_client
def test_missing_plugin_is_said(client: BuildClient) -> None:
    bare = replace(ENDPOINT, toolchain=replace(ENDPOINT.toolchain, plugins=()))
    full = replace(ENDPOINT, toolchain=replace(ENDPOINT.toolchain, plugins=("buildx", "compose")))
    assert client.choose(None, full).why_not == ""
    expected = f"docker 26.1.5 has no {client.plugin} plugin here" if client.plugin else ""
    assert client.choose(Builder.BUILDKIT if client.plugin else None, bare).why_not == expected


@every_client
def test_inherited_environment_never_moves_the_engine(client: BuildClient) -> None:
    users = {
        "HOME": "/home/ada",
        "DOCKER_HOST": "tcp://elsewhere:2375",
        "DOCKER_CONTEXT": "elsewhere",
        "DOCKER_TLS_VERIFY": "1",
        "CONTAINER_HOST": "unix:///elsewhere",
        "BUILDX_BUILDER": "elsewhere",
        "BUILDKIT_HOST": "tcp://elsewhere",
        "https_proxy": "proxy.example:3128",
    }
    command = command_of(client, inherit=users)
    assert command.env["DOCKER_HOST"] == "unix:///scratch/recorder.sock"
    assert not {name for name, value in command.env.items() if "elsewhere" in value}
    assert "DOCKER_TLS_VERIFY" not in command.env
    assert command.env["https_proxy"] == "proxy.example:3128"
    assert command.env["DOCKER_CONFIG"] == "/home/ada/.docker"
    assert not any(path.is_relative_to("/home/ada") for path, _ in command.files)


@every_client
def test_files_go_into_the_scratch_and_the_private_home_only(client: BuildClient) -> None:
    for path, _ in command_of(client).files:
        assert path.is_relative_to(REQUEST.scratch) or path.is_relative_to(ENDPOINT.home)


@every_client
def test_secret_build_arguments_are_named_as_such(client: BuildClient) -> None:
    value = 's3cr$t "quoted" ${and} %{more}'
    request = replace(REQUEST, build_args=(("API_TOKEN", value), ("GREETING", "good-day")))
    if client.why_not(request):
        return
    command = command_of(client, request)
    assert value in command.secrets
    assert "good-day" not in command.secrets
    shown = "\n".join(command.argv)
    for secret in command.secrets:
        shown = shown.replace(secret, "***")
    assert "quoted" not in shown


@every_client
def test_commands_are_the_same_every_time(client: BuildClient) -> None:
    assert command_of(client) == command_of(client)


@every_client
def test_version_can_be_asked(client: BuildClient) -> None:
    command = client.version_command(ENDPOINT, ENVIRONMENT_DIR if client.environment else None)
    assert command.argv[0].startswith("/")
    assert client.read_version("Some program version 12.3.4+ds1, build abc\n") == "12.3.4"
    assert client.read_version("no number here") == ""


def test_docs_list_every_client() -> None:
    """The table of docs/clients.md: id, what runs, context, builders, pinned versions."""
    rows = {}
    for line in (Path(__file__).parents[2] / "docs" / "clients.md").read_text().splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            rows[cells[0].strip("`")] = cells[1:5]
    expected: dict[str, list[str]] = {}
    for client in CLIENTS:
        same_name = [c for c in CLIENTS if c.name == client.name]
        toolchains = ["the toolchain's"] if any(c.toolchain_version for c in same_name) else []
        pinned = [c.environment.version for c in same_name if c.environment is not None]
        versions = ", ".join(toolchains + sorted(set(pinned), key=lambda v: [int(n) for n in v.split(".")]))
        builders = ", ".join(client.builders)
        row = [client.title, client.context_form, builders, versions]
        expected.setdefault(client.name, row)
    assert rows == expected


@every_client
def test_environment_is_locked_with_hashes(client: BuildClient) -> None:
    environment = client.environment
    assert (environment is None) == client.toolchain_version
    assert client.programs or environment
    if environment is None:
        return
    with pytest.raises(ClientError):
        client.build_command(REQUEST, ENDPOINT, None, None)
    lock = environment.lock.read_text()
    if environment.lock.suffix == ".txt":
        assert re.search(
            rf"^{re.escape(environment.package)}=={re.escape(environment.version)}\b", lock, re.M
        )
        pins = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
        assert all(re.match(r"[\w.-]+==[\w.]+.* \\$", line) for line in pins)
        assert lock.count("--hash=sha256:") >= len(pins)
        assert "://" not in lock
    else:
        packages = json.loads(lock)["packages"]
        assert packages[f"node_modules/{environment.package}"]["version"] == environment.version
        assert all("integrity" in entry for path, entry in packages.items() if path)
        assert "://" not in "".join(str(entry.get("resolved", "")) for entry in packages.values())


def test_unknown_client_names_near_matches() -> None:
    with pytest.raises(UsageError, match="there is no client 'docker-biuld'") as caught:
        find_client("docker-biuld")
    assert "docker-build" in caught.value.hint


def test_unknown_version_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"docker_py-build is not pinned in version '0\.1'") as caught:
        find_client("docker_py-build@0.1")
    assert "4.4.4" in caught.value.hint


def test_toolchain_clients_take_any_version() -> None:
    client = find_client("docker-build@20.10.24+classic")
    assert (client.name, client.version, client.builder) == ("docker-build", "20.10.24", Builder.CLASSIC)
    assert client.id == "docker-build@20.10.24+classic"


@pytest.mark.parametrize("text", ["", "@1", "docker-build@", "docker-build+", "a+b+c"])
def test_malformed_ids_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        find_client(text)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.id)
def test_its_row_says_how_it_sends_a_context(client: BuildClient) -> None:
    """What is sent as a tar has the tar's rules, what reads no directory has none."""
    for builder in client.builders:
        sender = sender_of_client(client, builder)
        if client.context_form is ContextForm.TAR:
            assert sender is not None
            assert sender.rules.id == "tar"
        if client.context_form in (ContextForm.URL, ContextForm.GIT):
            assert sender is None
