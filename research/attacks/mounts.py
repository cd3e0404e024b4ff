"""Secrets and agents that a RUN mounts: through buildx, and through podman's client and service."""

import os
import random
import shutil
import string
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from layerfork.builders.engines import RunningEngine, open_engine
from research.attacks.outcome import Outcome
from research.attacks.secrets import environment_of, found_in, readable, said_by

ENGINES = {"buildkit": "private", "podman": "podman"}
_MOUNTS = (
    "RUN --mount=type=secret,id=file wc -c /run/secrets/file && test -s /run/secrets/file\n"
    "RUN --mount=type=secret,id=env test -e /run/secrets/env\n"
)
_AGENT = (
    "COPY ssh /\n"
    "RUN --mount=type=ssh,id=agent ssh-add -L | wc -l && ssh-add -T /key.pub\n"
    "RUN --mount=type=ssh,id=key ssh-add -L > /dev/null && ssh-add -T /key.pub\n"
    "RUN --mount=type=secret,id=file --mount=type=ssh,id=key ssh-add -l && wc -c /run/secrets/file\n"
)


def attack_mounts(count: int, seed: int) -> Outcome:
    """So many builds that mount a secret of a file, one of a variable, and where that is possible a key."""
    outcome = Outcome(what=f"{count:,} builds that mount secrets and agents over {', '.join(ENGINES)}")
    rng = random.Random(seed)
    searched = 0
    for kind, name in ENGINES.items():
        with open_engine(name).start(os.environ, lambda line: None) as engine:
            for number in range(-(-count // len(ENGINES))):
                with tempfile.TemporaryDirectory(prefix="lfa-", dir="/tmp") as directory:
                    place = Path(directory)
                    env = {
                        **environment_of(kind, engine, place / "docker"),
                        "XDG_STATE_HOME": str(place / "state"),
                        "TMPDIR": directory,
                        "LAYERFORK_VERIFY": "1",
                    }
                    secrets, written = _mounted(engine, place, rng, env)
                    where = f"seed {seed}, {kind} {number}"
                    if not any(b'"outcome":"succeeded"' in data for data in written.values()):
                        outcome.failures.append(f"{where}: nothing was recorded: {written}"[:600])
                    outcome.failures += found_in(where, secrets, written)
                    outcome.failures += [f"{where}: {each}" for each in _digests_in(secrets, written)]
                    searched += sum(map(len, written.values()))
    outcome.numbers = {"found": str(len(outcome.failures)), "bytes searched": f"{searched:,}"}
    return outcome


def _mounted(
    engine: RunningEngine, place: Path, rng: random.Random, env: Mapping[str, str]
) -> tuple[list[str], dict[str, bytes]]:
    """Build twice with a change between them; the secrets, and all that was written and said."""
    file, variable = (_short(rng) for _ in range(2))
    (place / "file").write_text(file)
    env = {**env, "PLANTED": variable}
    words = ["--secret", f"id=file,src={place / 'file'}", "--secret", "id=env,env=PLANTED"]
    context = place / "context"
    context.mkdir()
    (context / "changes").write_text("1\n")
    if engine.podman is not None:
        (context / "Dockerfile").write_text(f"FROM alpine\nCOPY . /all\n{_MOUNTS}")
        script = f'{engine.podman.podman} --remote --url "$DOCKER_HOST" build "$@" > /dev/null 2>&1'
        build = ("sh", "-c", script, "sh", *words, ".")
        return [file, variable], _built(build, place, env)
    (context / "Dockerfile").write_text(f"FROM alpine\nCOPY changes /\n{_MOUNTS}{_AGENT}")
    with _agent(place, _short(rng)) as (address, keys):
        words += ["--ssh", f"agent={address}", "--ssh", f"key={place / 'key'}"]
        build = ("sh", "-c", '"$@" > /dev/null 2>&1', "sh", "docker", "build", *words, ".")
        return [file, variable, *keys], _built(build, place, env)


def _digests_in(secrets: Sequence[str], written: Mapping[str, bytes]) -> Iterator[str]:
    """Digests that would let a short secret be guessed."""
    for secret in secrets:
        digest = sha256(secret.encode())
        for name, data in written.items():
            if digest.hexdigest().encode() in data or digest.digest() in data:
                yield f"the digest of {secret} in {name}"


def _short(rng: random.Random) -> str:
    """As people choose them: what a digest of it would give away."""
    return "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(10))


def _built(build: Sequence[str], place: Path, env: Mapping[str, str]) -> dict[str, bytes]:
    outputs: dict[str, bytes] = {}
    files = [str(place / f"{number}.records") for number in (1, 2)]
    for file in files:
        words = ("record", "--engine", "host", "-o", file, "--", *build)
        outputs |= said_by(words, env, place / "context", name=f"record {file}")
        (place / "context" / "changes").write_text("2\n")
    for number in (3, 4):
        outputs |= said_by(
            ("why", "--engine", "host", "-v", "--", *build), env, place / "context", name=f"why {number}"
        )
        (place / "context" / "changes").write_text(f"{number}\n")
    for form in ("text", "json"):
        outputs |= said_by(("diff", *files, "-v", "--format", form), env, place, name=f"diff {form}")
        outputs |= said_by(("show", files[1], "-v", "--format", form), env, place, name=f"show {form}")
    written = [*place.glob("*.records"), *(path for path in (place / "state").rglob("*") if path.is_file())]
    return outputs | {str(path): readable(path) for path in written}


@contextmanager
def _agent(place: Path, comment: str) -> Iterator[tuple[str, list[str]]]:
    """An agent that holds a new key, and the texts of the key. What asks the agent comes into the context."""
    address = str(place / "agent")
    words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(place / "key"))
    subprocess.run(words, check=True)
    root = place / "context" / "ssh"
    _program(root, "ssh-add")
    shutil.copy(place / "key.pub", root / "key.pub")
    with subprocess.Popen(("ssh-agent", "-D", "-a", address), stdout=subprocess.DEVNULL) as agent:
        try:
            while not Path(address).exists() and agent.poll() is None:
                pass
            env = {**os.environ, "SSH_AUTH_SOCK": address}
            subprocess.run(("ssh-add", "-q", str(place / "key")), env=env, check=True)
            private = (place / "key").read_text().splitlines()[1:-1]
            public = (place / "key.pub").read_text().split()[1][30:]
            yield address, ["".join(private)[40:], public, comment]
        finally:
            agent.terminate()


def _program(root: Path, name: str) -> None:
    """A program of this machine, with its libraries."""
    program = shutil.which(name)
    assert program is not None
    listed = subprocess.run(("ldd", program), check=True, capture_output=True, text=True).stdout
    libraries = [word for word in listed.split() if word.startswith("/")]
    for file in (program, *libraries):
        target = root / file.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
