"""Real commands with and without a recorder: the same exit code, output, terminal, signals and files.

What differs between any two runs (ids, times, durations) is replaced by its kind, and bytes are compared.
"""

import hashlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from engines.running import FROM_A_TERMINAL, LAYERFORK, user_of
from today import engines_of_today

from layerfork.builders.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine
OURS = re.compile(rb"layerfork: [^\n]*\n")
VOLATILE = (
    (re.compile(rb"\b(?:sha256:)?[0-9a-f]{12,64}\b"), b"ID"),
    (re.compile(rb"\b\d+(?:\.\d+)?m?s\b"), b"TIME"),
    (re.compile(rb"\b\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z| [+-]\d{4} \w+)?"), b"DATE"),
    (
        re.compile(rb"\x1b\[2K"),
        b"",
    ),  # compose clears a line before or after another's output, as its threads run
)
SIZE = (33, 99)
"""Rows and columns of the terminal."""
BAKE = {
    "group": {"default": {"targets": ["one", "two"]}},
    "target": {
        name: {
            "dockerfile-inline": f"FROM scratch\nCOPY data {name}\n",
            "output": [f"type=local,dest=out/{name}"],
        }
        for name in ("one", "two")
    },
}
COMPOSE = {
    "services": {
        "app": {
            "build": {"context": ".", "dockerfile_inline": "FROM alpine\nCOPY data /\n"},
            "command": ["sh", "-c", "wc -c < /data; echo oops >&2; exit 3"],
            "network_mode": "none",
        }
    }
}
COMMANDS = {
    "no docker at all": "echo out; echo err >&2; exit 7",
    "run": "docker run --rm alpine sh -c 'echo out; echo err >&2; exit 5'",
    "run with input": "head -c 3000000 data | docker run --rm -i alpine wc -c",
    "run with output": "docker run --rm -i alpine cat < data > back; cmp data back && wc -c < back",
    "run detached": "docker run -d --name dd alpine sh -c 'echo hi; exit 4'; docker wait dd; docker logs dd;"
    " docker rm dd",
    "exec": "docker run -d --name ee alpine sleep 60; docker exec ee sh -c 'echo out; echo err >&2; exit 6';"
    " code=$?; docker exec -i ee wc -c < data; docker rm -f ee; exit $code",
    "cp": "docker create --name cc alpine true; docker cp -q data cc:/data; docker cp -q cc:/data back;"
    " docker cp cc:/data - | tar -t; cmp data back; docker rm cc",
    "save and load": "docker save alpine | tee saved.tar | docker load; tar -tf saved.tar; rm saved.tar",
    "export and import": "docker create --name xx alpine true; docker export xx | docker import - made:1;"
    " docker rm xx; docker image inspect -f '{{.RootFS.Layers}}' made:1 | wc -l",
    "events": "since=$(date +%s.%N); docker run --rm --name vv alpine true; until=$(date +%s.%N);"
    " docker events --since $since --until $until --filter container=vv --format '{{.Type}} {{.Action}}'",
    "no such image": "docker run --rm --pull never nowhere:1; docker image inspect nowhere:1",
    "build": "docker build -q --iidfile id . && test -s id && docker build --progress plain -q .",
    "classic build": "DOCKER_BUILDKIT=0 docker build --iidfile id . && DOCKER_BUILDKIT=0 docker build -q .",
    "a build that fails": "docker build -q --build-arg CODE=8 .; echo $?; DOCKER_BUILDKIT=0 docker build"
    " --build-arg CODE=8 . > /dev/null",
    "build from a pipe": "tar -c Dockerfile data | docker build -q -",
    "bake": "docker buildx bake 2> /dev/null; cmp data out/one/one && cmp data out/two/two && echo same",
    "buildx create, use, rm": "docker buildx create --name b --driver docker-container; docker buildx use b;"
    " docker buildx use default; docker buildx rm b; docker buildx rm b",
    "compose": "docker compose -p t build -q && docker compose -p t --progress quiet up --no-log-prefix"
    " --exit-code-from app; code=$?; docker compose -p t --progress quiet down; exit $code",
    "version and info": "docker version; docker info -f '{{.ServerVersion}} {{.Containers}}'",
}
IN_A_TERMINAL = {
    "run -it": ("docker run --rm -it alpine sh -c 'stty size; read x; echo got $x; exit 5'", b"word\n"),
    "exec -it": (
        (
            "docker run -d --name ii alpine sleep 60 > /dev/null; docker exec -it ii sh -c"
            " 'tty; read x; echo $x; exit 6'; code=$?; docker rm -f ii; exit $code"
        ),
        b"word\n",
    ),
    "Ctrl-C in a container": (
        "docker run --rm -it alpine sh -c 'trap \"echo caught; exit 9\" INT; echo ready; sleep 20'",
        b"\x03",
    ),
    "Ctrl-C without one": ("echo ready; sleep 20", b"\x03"),
    "a detached terminal": (
        "docker run -it --name kk --detach-keys a alpine sh -c 'echo ready; sleep 9'; docker rm -f kk",
        b"a",
    ),
}


@pytest.fixture(scope="module", params=engines_of_today("26.1", "28.5+containerd"))
def engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    with open_engine(f"private:{request.param}").start(os.environ, print) as running:
        yield running


@dataclass(frozen=True)
class Outcome:
    """What a person, or a script, has of a command."""

    code: int
    stdout: bytes
    stderr: bytes
    files: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True)
class User:
    engine: RunningEngine
    home: Path

    def directory(self, name: str) -> Path:
        """A working directory, the same each time."""
        place = self.home / name / "work"
        place.mkdir(parents=True)
        (place / "data").write_bytes(bytes(range(256)) * 16_384)
        (place / "Dockerfile").write_text("FROM alpine\nARG CODE=0\nRUN exit $CODE\nCOPY data /\n")
        (place / "docker-bake.json").write_text(json.dumps(BAKE))
        (place / "compose.yaml").write_text(json.dumps(COMPOSE))
        return place

    def environment(self) -> dict[str, str]:
        config = self.home / "docker"
        config.mkdir(exist_ok=True)
        assert self.engine.toolchain is not None
        plugins = {"cliPluginsExtraDirs": [str(self.engine.toolchain.cli_plugins)]}
        (config / "config.json").write_text(json.dumps(plugins))
        return user_of(self.engine, DOCKER_CONFIG=str(config))

    def words(self, name: str, script: str) -> list[str]:
        record = [str(LAYERFORK), "record", "--engine", "host", "-o", str(self.home / name / "o.jsonl"), "--"]
        return [*FROM_A_TERMINAL, *(record if name == "recorded" else []), "sh", "-c", script]


@pytest.fixture
def user(engine: RunningEngine, tmp_path: Path) -> User:
    return User(engine, tmp_path)


def stable(output: bytes) -> bytes:
    """Without our own lines, and with what is new in every run replaced."""
    output = OURS.sub(b"", output)
    for pattern, kind in VOLATILE:
        output = pattern.sub(kind, output)
    return output


def files_of(directory: Path) -> tuple[tuple[str, int, str], ...]:
    """Names, modes and contents; an image id's file by its size alone."""
    found = []
    for path in sorted(directory.rglob("*")):
        content = b"" if path.is_dir() or path.name == "id" else path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        found.append((str(path.relative_to(directory)), path.stat().st_mode, digest))
    return tuple(found)


def run(user: User, name: str, script: str) -> Outcome:
    directory = user.directory(name)
    done = subprocess.run(
        user.words(name, script),
        cwd=directory,
        env=user.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Outcome(done.returncode, stable(done.stdout), stable(done.stderr), files_of(directory))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_does_the_same_with_and_without_a_recorder(user: User, name: str) -> None:
    outcomes = []
    for way in ("bare", "recorded"):
        user.engine.reset()
        outcomes.append(run(user, way, COMMANDS[name]))
    assert outcomes[1] == outcomes[0]
    assert outcomes[0].stdout or outcomes[0].stderr


def run_in_terminal(user: User, name: str, script: str, answer: bytes) -> Outcome:
    """The answer is typed once the command has written its first line, or asks for nothing before it."""
    directory, (ours, theirs) = user.directory(name), pty.openpty()
    termios.tcsetwinsize(theirs, SIZE)
    with subprocess.Popen(
        user.words(name, script),
        cwd=directory,
        env=user.environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=own_terminal,  # noqa: PLW1509 - before the program starts, and nothing else runs here
    ) as process:
        os.close(theirs)
        output, typed = b"", False
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    data = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
                output += data
            said = OURS.sub(b"", output)
            if not typed and b"\n" in said:
                time.sleep(0.5)
                os.write(ours, answer)
                typed = True
        code = process.wait(30)
    os.close(ours)
    return Outcome(as_shell(code), stable(output), b"", files_of(directory))


def as_shell(code: int) -> int:
    """128 and more for a signal."""
    return code if code >= 0 else 128 - code


def own_terminal() -> None:
    import fcntl

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize("name", IN_A_TERMINAL)
def test_a_command_has_its_terminal(user: User, name: str) -> None:
    script, answer = IN_A_TERMINAL[name]
    outcomes = [run_in_terminal(user, way, script, answer) for way in ("bare", "recorded")]
    assert outcomes[1] == outcomes[0]
    assert b"\r\n" in outcomes[0].stdout
    if name == "run -it":
        assert (outcomes[0].code, b"33 99\r\n" in outcomes[0].stdout) == (5, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_reaches_the_container_of_the_command(user: User, number: signal.Signals) -> None:
    """One that is sent to the recorded command's own process alone, as `kill PID` and CI services do."""
    traps = "".join(f'trap "exit {100 + each}" {each};' for each in (1, 2, 10, 15))
    script = f"exec docker run --rm alpine sh -c '{traps} echo ready; while :; do sleep 0.1; done'"
    codes = []
    for way in ("bare", "recorded"):
        with subprocess.Popen(
            user.words(way, script),
            cwd=user.directory(way),
            env=user.environment(),
            stdout=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            process.send_signal(number)
            codes.append(process.wait(20))
    assert codes == [100 + number] * 2
