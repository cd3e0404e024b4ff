"""Clients that are given packed contexts of checkouts that differ share every layer; without it they do not.

Every client builds from a checkout of its own: made under another umask, by another owner, in another order.
The last layer holds a random number, so whose image has it has taken it from the cache.
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from engines.running import LAYERFORK
from today import part_of_today

from layerfork.builders.clients import BuildClient, find_client
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.installing import ensure_environment, find_interpreter
from layerfork.builders.process import run
from layerfork.context.packing.plan import plan_directory
from layerfork.context.packing.stream import tar_pieces
from layerfork.errors import ClientError
from layerfork.record.build import Builder, BuildRequest, Endpoint

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM alpine
COPY src /src
COPY . /all
RUN cat /proc/sys/kernel/random/uuid > /id
"""
FILES = {
    "src/app.py": "print()\n",
    "src/deep/er/data": "x" * 5000,
    "src/deep/" + "long" * 30: "long\n",
    "src/na\u00efve": "\n",
    "notes.md": "ignored\n",
}
IN_TAR = {
    Builder.CLASSIC: ("docker-context-build", "docker_py-context-build", "dockerode-context-build",
                      "aiodocker-context-build", "docker_node_sdk-context-build"),
    Builder.BUILDKIT: ("docker-context-build", "buildx-context-build", "dockerode-context-build",
                       "docker_node_sdk-context-build"),
    Builder.BUILDAH: ("docker-context-build", "docker_py-context-build", "dockerode-context-build",
                      "aiodocker-context-build"),
}  # fmt: skip
ENGINES = {Builder.CLASSIC: "private:26.1", Builder.BUILDKIT: "private:26.1", Builder.BUILDAH: "podman"}
MAKERS = ((0o022, 0, 1), (0o002, 1000, -1), (0o077, 1234, 1))
"""umask, owner, and the order in which files are made."""
DOCKER_PY = """
import sys, docker, layerfork
client = docker.APIClient(base_url=sys.argv[1])
fileobj = layerfork.context_tar(sys.argv[2])
for message in client.build(fileobj=fileobj, custom_context=True, tag=sys.argv[3], rm=True, decode=True):
    if "error" in message:
        sys.exit(message["error"])
"""


@pytest.fixture(scope="module")
def open_once() -> Iterator[Callable[[str], RunningEngine]]:
    with contextlib.ExitStack() as stack:
        yield functools.cache(lambda name: stack.enter_context(open_engine(name).start(os.environ, print)))


@pytest.fixture(params=part_of_today(ENGINES, 2))
def builder(request: pytest.FixtureRequest) -> Builder:
    chosen: Builder = request.param
    return chosen


@pytest.fixture
def engine(builder: Builder, open_once: Callable[[str], RunningEngine]) -> RunningEngine:
    running = open_once(ENGINES[builder])
    running.reset()
    return running


def check_out(place: Path, umask: int, owner: int, order: int) -> Path:
    """The same project, as another person's machine would have it."""
    before = os.umask(umask)
    try:
        place.mkdir()
        for name, text in list(FILES.items())[::order]:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        (place / "src" / "run").write_text("#!/bin/sh\n")
        (place / "src" / "run").chmod(0o777 & ~umask)
        (place / "src" / "link").symlink_to("deep/er")
        (place / ".dockerignore").write_text("*.md\n")
        (place / "Dockerfile").write_text(DOCKERFILE)
    finally:
        os.umask(before)
    for path in (place, *place.rglob("*")):
        os.chown(path, owner, owner, follow_symlinks=False)
        os.utime(path, (owner, owner), follow_symlinks=False)
    return place


def packed(checkout: Path, tar: Path) -> None:
    subprocess.run([LAYERFORK, "pack", checkout, "-o", tar], check=True, timeout=60)


def tarred(checkout: Path, tar: Path) -> None:
    subprocess.run(["tar", "-C", checkout, "-cf", tar, "."], check=True, timeout=60)


Done = subprocess.CompletedProcess[bytes]


class Relay:
    """Builds one after the other on one engine, each from a checkout of its own."""

    def __init__(self, engine: RunningEngine, builder: Builder, place: Path) -> None:
        self.engine, self.place = engine, place
        self.asked = Builder.CLASSIC if builder is Builder.BUILDAH else builder
        self.layers: dict[str, tuple[str, ...]] = {}
        assert engine.toolchain is not None
        directory = engine.toolchain.cli_plugins
        plugins = (
            tuple(path.name.removeprefix("docker-") for path in directory.iterdir()) if directory else ()
        )
        (place / "home").mkdir()
        self.endpoint = Endpoint(
            docker_host=engine.docker_host,
            home=place / "home",
            toolchain=replace(engine.toolchain, plugins=plugins),
            api_version=engine.info.api_version,
            builders=engine.builders,
            podman=engine.podman,
        )

    def checkout(self) -> Path:
        number = len(self.layers)
        return check_out(self.place / f"checkout{number}", *MAKERS[number % len(MAKERS)])

    def request(self, checkout: Path) -> BuildRequest:
        return BuildRequest(
            context=checkout,
            context_tar=checkout.with_name(f"{checkout.name}.tar"),
            dockerfile=checkout / "Dockerfile",
            tag=f"layerfork-test/pack:{checkout.name}",
            scratch=self.place,
        )

    def build(self, client: BuildClient, make_tar: Callable[[Path, Path], None]) -> None:
        request = self.request(self.checkout())
        make_tar(request.context, request.context_tar)
        asked = Builder.BUILDAH if Builder.BUILDAH in client.builders else self.asked
        command = client.build_command(request, self.endpoint, asked, environment_of(client))
        done = run(command, timeout_s=120)
        assert done.ok, done.stdout + done.stderr
        self.keep(client.id, client.image_ref(request))

    def build_piped(self, program: str) -> None:
        """As docs/pack.md has it."""
        request = self.request(self.checkout())
        programs = [
            self.endpoint.toolchain.docker,
            *([self.engine.podman.podman] if self.engine.podman else []),
        ]
        environment = {
            "DOCKER_HOST": self.engine.docker_host,
            "DOCKER_BUILDKIT": "1" if self.asked is Builder.BUILDKIT else "0",
            "PATH": ":".join([*(str(each.parent) for each in programs), str(LAYERFORK.parent), os.defpath]),
            "HOME": str(self.place / "home"),
        }
        script = f"layerfork pack {request.context} | {program} build -t {request.tag} -"
        shell = subprocess.run(
            ["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert shell.returncode == 0, shell.stderr
        local = "localhost/" if "podman" in program else ""
        self.keep(f"{program}, piped", local + request.tag)

    def build_docker_py(self) -> None:
        """docker-py with `layerfork.context_tar`."""
        request = self.request(self.checkout())
        arguments = (self.engine.docker_host, str(request.context), request.tag)
        done = subprocess.run(
            [sys.executable, "-c", DOCKER_PY, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.keep("docker-py, context_tar", request.tag)

    def keep(self, name: str, image: str) -> None:
        self.layers[name] = self.engine.image_facts(image).diff_ids
        assert len(self.layers[name]) == 4, self.layers


@functools.cache
def environment_of(client: BuildClient) -> Path | None:
    if client.environment is None:
        return None
    try:
        find_interpreter(client.environment)
    except ClientError as error:
        pytest.skip(str(error))
    return ensure_environment(client.environment, print)


def test_clients_share_every_layer_of_packed_contexts_and_part_without(
    engine: RunningEngine, builder: Builder, tmp_path: Path
) -> None:
    clients = [find_client(name) for name in IN_TAR[builder]]
    relays = []
    for make_tar in (tarred, packed):
        (tmp_path / make_tar.__name__).mkdir()
        relay = Relay(engine, builder, tmp_path / make_tar.__name__)
        for client in clients if make_tar is packed else clients[: len(MAKERS)]:
            relay.build(client, make_tar)
        relays.append(relay)
    without, together = relays
    together.build_piped("docker")
    if builder is Builder.BUILDAH:
        together.build_piped("BUILDAH_FORMAT=docker podman")
    if builder is not Builder.BUILDKIT:
        together.build_docker_py()

    assert len(set(together.layers.values())) == 1, together.layers
    assert len(set(without.layers.values())) == len(MAKERS), without.layers


def docker_build(engine: RunningEngine, builder: Builder, home: Path, data: bytes) -> Done:
    assert engine.toolchain is not None
    environment = {
        "DOCKER_HOST": engine.docker_host,
        "DOCKER_BUILDKIT": "1" if builder is Builder.BUILDKIT else "0",
        "HOME": str(home),
    }
    (home / ".docker").mkdir(parents=True, exist_ok=True)
    config = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (home / ".docker" / "config.json").write_text(json.dumps(config))
    argv = [str(engine.toolchain.docker), "build", "-"]
    return subprocess.run(argv, input=data, env=environment, capture_output=True, timeout=120, check=False)


@pytest.mark.parametrize("name", ["A" * 120, "BZhelper.java"])
def test_awkward_first_names_are_built(
    engine: RunningEngine, builder: Builder, tmp_path: Path, name: str
) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / name).write_text("x")
    # Not its directory: for that the classic builder makes a tar of its own, and takes BZh for bzip2.
    (tmp_path / "context" / "Dockerfile").write_text(f"FROM alpine\nCOPY {name} /one\nRUN test -f /one\n")
    packed(tmp_path / "context", tmp_path / "tar")

    done = docker_build(engine, builder, tmp_path, (tmp_path / "tar").read_bytes())

    assert done.returncode == 0, done.stderr


def test_what_ended_early_is_not_built(engine: RunningEngine, builder: Builder, tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM alpine\nCOPY . /all\n")
    for number in range(30):
        (context / f"file{number}").write_bytes(bytes(number * 1024))
    pieces = [bytes(piece) for piece in tar_pieces(plan_directory(context), print)]
    cuts = [sum(map(len, pieces[: count + 1])) for count in range(len(pieces) - 1)]
    data = b"".join(pieces)

    assert len(cuts) == 2
    whole = docker_build(engine, builder, tmp_path / "home", data)
    assert whole.returncode == 0, whole.stderr
    for cut in cuts:
        assert docker_build(engine, builder, tmp_path / "home", data[:cut]).returncode != 0, cut


def test_packed_checkouts_are_the_same_to_the_byte(tmp_path: Path) -> None:
    tars = []
    for number, maker in enumerate(MAKERS):
        packed(check_out(tmp_path / f"{number}", *maker), tmp_path / f"{number}.tar")
        tars.append((tmp_path / f"{number}.tar").read_bytes())

    assert tars[0] == tars[1] == tars[2]
