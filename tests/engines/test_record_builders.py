"""buildx builders that exist before the recorded command: seen, not replaced, and changed as without us."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from engines.bridges import BUILDER_IMAGE, CONTAINER_PORT, buildkit_at, make_builder_image
from engines.running import as_host, layerfork, user_of
from today import engines_of_today

from layerfork.builders.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module", params=engines_of_today("26.1", "28.5"))
def engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    with open_engine(f"private:{request.param}").start(os.environ, print) as running:
        yield running


@dataclass(frozen=True)
class User:
    """A user whose docker is the engine, with a configuration of their own."""

    engine: RunningEngine
    home: Path

    @property
    def settings(self) -> dict[str, str]:
        return {"DOCKER_CONFIG": str(self.home / "docker")}

    @property
    def store(self) -> Path:
        return self.home / "docker" / "buildx"

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Without a recorder."""
        env = user_of(self.engine, **self.settings)
        return subprocess.run(words, env=env, capture_output=True, text=True, timeout=120, check=False)

    def docker(self, *words: str) -> str:
        """Without a recorder, and well."""
        done = self.run("docker", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run_recorded(self, *words: "str | Path", **environment: str) -> "subprocess.CompletedProcess[str]":
        """With a recorder."""
        file, env = self.home / "builds.jsonl", {**self.settings, **environment}
        return as_host(self.engine, "record", "--engine", "host", "-o", file, "--", *words, **env)

    def record(self, *words: "str | Path", **environment: str) -> tuple[str, list[dict[str, Any]]]:
        """With a recorder, and well: what was printed to standard error, and the builds."""
        done = self.run_recorded(*words, **environment)
        assert done.returncode == 0, done.stderr
        shown = layerfork("show", self.home / "builds.jsonl", "--format", "json").stdout
        return done.stderr, [json.loads(line) for line in shown.splitlines()]

    def predicted(self, context: Path) -> list[str]:
        """What is said of each step of the last recorded build, made again."""
        words: list[str | Path] = [
            "predict",
            context,
            "--against",
            self.home / "builds.jsonl",
            "--format",
            "json",
        ]
        done = as_host(self.engine, *words, **self.settings)
        assert done.stdout, done.stderr
        return [step["prediction"] for step in json.loads(done.stdout)["steps"]]

    def history(self, **environment: str) -> dict[str, Any]:
        """What `layerfork history` lists."""
        done = as_host(self.engine, "history", "--format", "json", **environment)
        assert done.returncode == 0, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def choice(self) -> dict[str, Any]:
        chosen: dict[str, Any] = json.loads((self.store / "current").read_text())
        return chosen

    def nodes(self, name: str) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = json.loads((self.store / "instances" / name).read_text())["Nodes"]
        return nodes


@pytest.fixture
def user(engine: RunningEngine, tmp_path_factory: pytest.TempPathFactory) -> User:
    home = tmp_path_factory.mktemp("home")
    (home / "docker").mkdir()
    assert engine.toolchain is not None
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (home / "docker" / "config.json").write_text(json.dumps(plugins))
    return User(engine, home)


@pytest.fixture
def bridged(user: User) -> Iterator[Path]:
    """A socket with a real BuildKit behind it."""
    with buildkit_at(user.engine, f"unix:{user.home}/bk", user.home):
        yield user.home / "bk"


def instructions(build: dict[str, Any]) -> list[str]:
    return [step["instruction"].split()[0] for step in build["steps"]]


def test_a_remote_builder_that_was_chosen_is_recorded_and_stays_chosen(
    user: User, bridged: Path, context: Path
) -> None:
    user.docker("buildx", "create", "--name", "far", "--driver", "remote", "--use", f"unix://{bridged}")
    before = user.choice(), user.nodes("far")
    said, [build] = user.record("docker", "buildx", "build", "--progress=plain", context)
    assert '"far" instance using remote driver' in said
    assert said.index("also recording the buildx builders: far") < said.index('"far" instance')
    assert (build["engine"]["kind"], build["gaps"]) == ("buildkit", [])
    assert build["engine"]["architecture"] == "amd64"
    assert instructions(build) == ["FROM", "RUN", "COPY", "RUN"]
    assert (user.choice(), user.nodes("far")) == before
    shown = layerfork("show", user.home / "builds.jsonl").stdout
    assert "buildkit of BuildKit of unknown version without Docker" in shown
    what_is_predicted_happens(user, context)


def test_the_history_of_a_remote_builder_and_of_buildkit_host(
    user: User, bridged: Path, context: Path, tmp_path: Path
) -> None:
    """Both are the engine's own BuildKit, reached without its docker."""
    user.docker("buildx", "create", "--name", "far", "--driver", "remote", f"unix://{bridged}")
    user.docker("buildx", "build", "-q", "--builder", "far", "--build-arg", "ONE=1", str(context))
    (context / "data.txt").write_text("other\n")
    user.docker("buildx", "build", "-q", "--builder", "far", "--no-cache", str(context))
    elsewhere = {**user.settings, "DOCKER_HOST": f"unix://{tmp_path}/none", "XDG_STATE_HOME": str(tmp_path)}

    listed = user.history(**elsewhere)
    assert {build["where"] for build in listed["builds"]} == {"builder far"}
    newest = listed["builds"][0]["report"]["answers"][0]["points"][0]
    assert (newest["status"], newest["code"]) == ("PROVEN", "cache-off")
    assert [each.partition(":")[0] for each in listed["problems"]] == ["docker"]

    for path in (user.store / "instances").iterdir():
        path.unlink()
    again = user.history(**elsewhere, BUILDKIT_HOST=f"unix://{bridged}")
    assert [build["id"] for build in again["builds"]] == [build["id"] for build in listed["builds"]]
    assert {build["where"] for build in again["builds"]} == {f"unix://{bridged}"}


def what_is_predicted_happens(user: User, context: Path) -> None:
    """Of a build of the context that is recorded already; the file's new content no test has built."""
    for text, forecast in (("data\n", "hit"), (str(context), "miss")):
        (context / "data.txt").write_text(text)
        said = user.predicted(context)
        assert said == ["hit", "hit", forecast, forecast]
        _, [build] = user.record("docker", "buildx", "build", "--progress=plain", context)
        assert [step["status"] for step in build["steps"]] == said


@pytest.mark.parametrize("way", ["--builder=far", "BUILDX_BUILDER"])
def test_a_remote_builder_that_only_buildx_can_reach(
    user: User, bridged: Path, context: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an address that no recorder can connect to itself; for TLS and kubernetes it is the same way."""
    address = f"docker-container://unneeded?context=nowhere&socket={bridged}"
    user.docker("buildx", "create", "--name", "far", "--driver", "remote", f"unix://{bridged}")
    instance = user.store / "instances" / "far"
    instance.write_text(instance.read_text().replace(f"unix://{bridged}", address))
    shim = user.home / "shim"
    shim.mkdir()
    # `docker --context=nowhere exec …` is what BuildKit's connection helper starts
    (shim / "docker").write_text(
        "#!/bin/sh\n"
        'case "$*" in *"--context=nowhere exec"*) exec python3 -c \''
        "import os,socket,sys,threading\n"
        f's=socket.socket(socket.AF_UNIX);s.connect("{bridged}")\n'
        "def up():\n"
        "  while d:=os.read(0,65536): s.sendall(d)\n"
        "  s.shutdown(socket.SHUT_WR)\n"
        "threading.Thread(target=up,daemon=True).start()\n"
        "while d:=s.recv(65536): os.write(1,d)\n"
        "';; esac\n"
        f'exec {user.engine.toolchain and user.engine.toolchain.docker} "$@"\n'
    )
    (shim / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim}:{os.environ['PATH']}")
    named = ["--builder=far"] if way.startswith("--") else []
    extra = {} if named else {way: "far"}
    said, [build] = user.record("docker", "buildx", "build", *named, context, **extra)
    assert "also recording the buildx builders: far" in said
    assert (build["engine"]["kind"], instructions(build)) == ("buildkit", ["FROM", "RUN", "COPY", "RUN"])
    assert address in instance.read_text()


def test_a_container_builder_that_was_chosen_is_recorded(user: User, context: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(buildkit_at(user.engine, f"tcp:{CONTAINER_PORT}", user.home))
        env = user_of(user.engine, **user.settings)
        make_builder_image(["docker"], tmp_path / "image", env)
        create = ["create", "--name=ci", "--driver=docker-container", "--driver-opt=network=host"]
        image = f"--driver-opt=image={BUILDER_IMAGE}"
        user.docker("buildx", *create, image, "--use", "--bootstrap")
        stack.callback(user.docker, "buildx", "rm", "ci")
        before = user.choice(), user.nodes("ci")
        said, [build] = user.record("docker", "buildx", "build", "--progress=plain", context)
        assert '"ci" instance using docker-container driver' in said
        assert (build["engine"]["kind"], build["gaps"]) == ("host", [])
        assert instructions(build) == ["FROM", "RUN", "COPY", "RUN"]
        what_is_predicted_happens(user, context)
        listed = user.history(**user.settings, XDG_STATE_HOME=str(tmp_path / "state"))
        assert (listed["problems"], bool(listed["builds"])) == ([], True)
        assert (user.choice(), user.nodes("ci")) == before
        shown = user.docker("buildx", "inspect", "ci")
        assert f"Endpoint:         {user.engine.docker_host}" in shown or user.engine.docker_host in shown


def test_what_the_command_changes_is_as_without_a_recorder(user: User, bridged: Path, tmp_path: Path) -> None:
    """The same commands, recorded and not, by two users who differ in nothing else."""
    other = User(user.engine, tmp_path / "other")
    (other.home / "docker").mkdir(parents=True)
    config = (user.home / "docker" / "config.json").read_text()
    (other.home / "docker" / "config.json").write_text(config)
    (user.home / "link").symlink_to(bridged)
    for words in (
        "create --name one --driver docker-container --node first",
        f"create --name two --driver remote unix://{bridged} --use",
        "use one",
        "use --default one",
        "create --name one --append --node second unix:///nowhere",
        f"create --name two --append --node second --platform linux/386 unix://{user.home}/link",
        "create --name two --leave --node two0",
        "use --global two",
        "rm two",
        "rm two",
        "use default",
        "create --name three --driver docker-container --use",
        "rm --all-inactive --force",
    ):
        told = other.run("docker", "buildx", *words.split())
        recorded = user.run_recorded("docker", "buildx", *words.split())
        assert (recorded.returncode, recorded.stdout) == (told.returncode, told.stdout), recorded.stderr
        assert configuration(user) == configuration(other), words


def configuration(user: User) -> dict[str, str]:
    """What buildx keeps, but for times and random numbers."""
    return {
        str(path.relative_to(user.store)): path.read_text()
        for path in sorted(user.store.rglob("*"))
        if path.is_file() and path.name not in (".lock", ".buildNodeID") and "activity" not in path.parts
    }


def test_a_builder_of_two_nodes_is_recorded_on_the_node_that_builds(
    user: User, bridged: Path, context: Path
) -> None:
    (context / "Dockerfile").write_text("FROM scratch\nCOPY data.txt /\n")
    create = ("buildx", "create", "--name", "farm")
    user.docker(*create, "--driver", "remote", "--platform", "linux/amd64", f"unix://{bridged}")
    second = user.home / "second"
    with buildkit_at_second(user, second):
        user.docker(*create, "--append", "--platform", "linux/386", f"unix://{second}")
        words = ("docker", "buildx", "build", "--builder", "farm", "--platform")
        for platform in ("linux/amd64", "linux/386"):
            said, [build] = user.record(*words, platform, context)
            assert "also recording the buildx builders: farm" in said
            assert (build["request"]["platform"], build["gaps"]) == (platform, [])
    assert [node["Endpoint"] for node in user.nodes("farm")] == [f"unix://{bridged}", f"unix://{second}"]


def buildkit_at_second(user: User, path: Path) -> Any:
    directory = user.home / "again"
    directory.mkdir()
    return buildkit_at(user.engine, f"unix:{path}", directory)


def test_a_remote_builder_that_the_command_itself_makes_is_recorded(
    user: User, bridged: Path, context: Path
) -> None:
    script = (
        f"docker buildx create --name own --driver remote --use unix://{bridged} && "
        f"docker buildx build {context} && docker buildx build --builder own {context}"
    )
    said, builds = user.record("sh", "-c", script)
    assert "also recording the buildx builders: own" in said
    assert [instructions(build) for build in builds] == [["FROM", "RUN", "COPY", "RUN"]] * 2
    assert {build["engine"]["kind"] for build in builds} == {"buildkit"}
    assert [node["Endpoint"] for node in user.nodes("own")] == [f"unix://{bridged}"]
    assert user.choice()["Name"] == "own"


def test_a_container_builder_on_another_engine_is_recorded_there(
    user: User, context: Path, tmp_path: Path
) -> None:
    """A builder of two nodes, on two engines, neither of them the one that docker itself uses."""
    with ExitStack() as stack:
        others = []
        for number, generation in enumerate(("26.1", "28.5")):
            other = stack.enter_context(open_engine(f"private:{generation}").start(os.environ, print))
            place = tmp_path / f"other{number}"
            place.mkdir()
            stack.enter_context(buildkit_at(other, f"tcp:{CONTAINER_PORT}", place))
            env = {**user_of(user.engine, **user.settings), "DOCKER_HOST": other.docker_host}
            make_builder_image(["docker"], place / "image", env)
            others.append(other)
        create = ["create", "--name=farm", "--driver=docker-container", "--driver-opt=network=host"]
        first, second = (other.docker_host for other in others)
        user.docker("buildx", *create, "--node=one", "--platform=linux/amd64", "--bootstrap", first)
        user.docker(
            "buildx", *create, "--append", "--node=two", "--platform=linux/386", "--bootstrap", second
        )
        before = user.nodes("farm")
        (context / "Dockerfile").write_text("FROM scratch\nCOPY data.txt /\n")
        for platform, other in zip(("linux/amd64", "linux/386"), others, strict=True):
            words = ("docker", "buildx", "build", "--builder=farm", "--platform", platform, context)
            said, [build] = user.record(*words)
            assert "also recording the buildx builders: farm" in said
            assert (build["engine"]["version"], build["gaps"]) == (other.info.version, [])
        assert user.nodes("farm") == before


def test_a_container_builder_on_an_engine_over_ssh_is_recorded_there(
    user: User, context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The far end of ``ssh`` is a program that starts docker for the same engine by its socket."""
    with ExitStack() as stack:
        stack.enter_context(buildkit_at(user.engine, f"tcp:{CONTAINER_PORT}", user.home))
        make_builder_image(["docker"], tmp_path / "image", user_of(user.engine, **user.settings))
        shim = tmp_path / "shim"
        shim.mkdir()
        far_end = f"exec env DOCKER_HOST={user.engine.docker_host} docker system dial-stdio"
        (shim / "ssh").write_text(f"#!/bin/sh\n{far_end}\n")
        (shim / "ssh").chmod(0o755)
        monkeypatch.setenv("PATH", f"{shim}:{os.environ['PATH']}")
        create = ["create", "--name=far", "--driver=docker-container", "--driver-opt=network=host"]
        user.docker("buildx", *create, "--bootstrap", "ssh://me@there")
        stack.callback(user.docker, "buildx", "rm", "far")
        before = user.nodes("far")
        said, [build] = user.record("docker", "buildx", "build", "--builder=far", context)
        assert "also recording the buildx builders: far" in said
        assert (build["engine"]["version"], build["gaps"]) == (user.engine.info.version, [])
        assert instructions(build) == ["FROM", "RUN", "COPY", "RUN"]
        assert user.nodes("far") == before
