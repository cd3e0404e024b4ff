"""Planted secrets: random values wherever one may stand, and a search through all that was written."""

import base64
import json
import os
import random
import re
import shlex
import string
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import zstandard
from fakes.spoken import PLANTED, SPOKEN

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.errors import EngineError
from research.attacks.outcome import Outcome

LAYERFORK = (sys.executable, "-c", "from layerfork.cli import main; main()")
RUN = 6
"""So many characters of a secret in a row are one that was found."""
EACH = 40
"""Secrets of one build under names that say so."""
LABELS, INSTRUCTIONS = 24, 16
"""And under harmless ones, in spellings that say so."""
ENGINES = {"classic": "private", "buildkit": "private", "podman": "podman"}
"""Behind a socket; buildah itself has none, and builds in a `run`."""
KINDS = (*ENGINES, "buildah", "import")
STAND_IN = re.compile(rb"hidden:[0-9a-f]{16}")
PLAIN_WORD = re.compile("[A-Za-z]?[a-z]*|[A-Z]*")


def attack_secrets(count: int, seed: int, kinds: Sequence[str] = KINDS) -> Outcome:
    """Plant so many, in rounds over builders and imports."""
    outcome = Outcome(what=f"{count:,} planted secrets")
    rng = random.Random(seed)
    planted = searched = rounds = 0
    with tempfile.TemporaryDirectory(prefix="lfa-", dir="/tmp") as directory:
        for kind in kinds:
            wanted = -(-count // len(kinds))
            for number, environment in _rounds(
                kind, -(-wanted // (EACH + LABELS + INSTRUCTIONS)), Path(directory)
            ):
                place = Path(directory, f"{kind}-{number}")
                place.mkdir()
                secrets = [_secret(rng, lines=kind != "import") for _ in range(EACH)]
                spoken = _speak(rng)
                written = _plant(kind, place, secrets, spoken, environment)
                secrets += spoken.secrets
                searched += sum(map(len, written.values()))
                planted, rounds = planted + len(secrets), rounds + 1
                if not any(b"_TOKEN" in data for data in written.values()):
                    outcome.failures.append(f"seed {seed}, {kind} {number}: nothing was recorded")
                outcome.failures += found_in(f"seed {seed}, {kind} {number}", secrets, written)
    outcome.what = f"{planted:,} planted secrets in {rounds} rounds of {', '.join(kinds)}"
    outcome.numbers = {"found": str(len(outcome.failures)), "bytes searched": f"{searched:,}"}
    return outcome


def _rounds(kind: str, count: int, directory: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    if kind not in ENGINES:
        yield from ((number, os.environ) for number in range(count))
        return
    with open_engine(ENGINES[kind]).start(os.environ, lambda line: None) as engine:
        for number in range(count):
            if number:
                engine.reset()
            yield number, environment_of(kind, engine, directory / "docker")


def environment_of(kind: str, engine: RunningEngine, configuration: Path) -> dict[str, str]:
    """Of a user whose docker is this engine."""
    assert engine.toolchain is not None
    configuration.mkdir(exist_ok=True)
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins or "/nonexistent")]}
    (configuration / "config.json").write_text(json.dumps(plugins))
    return {
        **os.environ,
        "DOCKER_HOST": engine.docker_host,
        "DOCKER_CONFIG": str(configuration),
        "DOCKER_BUILDKIT": "1" if kind == "buildkit" else "0",
        "PATH": f"{engine.toolchain.docker.parent}{os.pathsep}{os.environ['PATH']}",
    }


def _secret(rng: random.Random, *, lines: bool) -> str:
    """Any printable characters, and line feeds where arguments may hold them."""
    letters = string.ascii_letters + string.digits + string.punctuation + " " + ("\n" if lines else "")
    while True:
        value = "".join(rng.choice(letters) for _ in range(rng.randrange(8, 50)))
        if value.strip() == value and len(set(value)) > RUN and not value.startswith("$"):
            return value


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """Texts in which nothing but the surroundings of a secret announces it; each has one of its own."""

    labels: tuple[str, ...]
    """For options: any text."""
    instructions: tuple[str, ...]
    """For a Dockerfile: commands that do nothing."""
    secrets: tuple[str, ...]


def _speak(rng: random.Random) -> Spoken:
    """Spellings drawn at random, once as options and once as instructions."""
    secrets: list[str] = []

    def planted(text: str) -> str:
        secrets.append(_made(rng))
        return text.replace(PLANTED, secrets[-1])

    labels = [planted(text) for text in rng.sample(SPOKEN, LABELS)]
    lines = [line for text in SPOKEN if (line := _instruction(text))]
    instructions = [planted(line) for line in rng.sample(lines, INSTRUCTIONS)]
    return Spoken(labels=tuple(labels), instructions=tuple(instructions), secrets=tuple(secrets))


def _made(rng: random.Random) -> str:
    """A password that needs no quotes anywhere."""
    while True:
        value = "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(rng.randrange(8, 24)))
        if len(set(value)) > RUN and re.search("[0-9][A-Za-z]+[0-9]", value) and value[0].isalpha():
            return value


@cache
def _instruction(text: str) -> str:
    """The line of a Dockerfile that says it and does nothing; empty where there is none."""
    if "\n" in text or text.startswith(("{", "<", "-", "[")):
        return ""
    if text.startswith(("CMD ", "ENV ")):
        return text
    if text.startswith("RUN ["):
        return f"CMD {text[4:]}"
    command = f"false && {text.removeprefix('RUN ')} || true"
    checked = subprocess.run(["sh", "-n", "-c", command], capture_output=True, check=False)
    return f"RUN {command}" if checked.returncode == 0 else ""


def _plant(
    kind: str, place: Path, secrets: list[str], spoken: Spoken, environment: Mapping[str, str]
) -> dict[str, bytes]:
    """Build, or import; everything that layerfork wrote and said, by its name."""
    env = {**environment, "XDG_STATE_HOME": str(place / "state"), "TMPDIR": str(place)}
    names = [f"PART_{number}_TOKEN" for number in range(len(secrets))]
    words: list[tuple[str, ...]]
    if kind == "import":
        words = [
            ("import", str(file), "-o", str(place / f"{file.stem}.records"))
            for file in _left(place, names, secrets, spoken)
        ]
    else:
        context = place / "context"
        context.mkdir()
        (context / "Dockerfile").write_text(_dockerfile(names, secrets, spoken))
        output = str(place / "build.records")
        arguments = _arguments(names, secrets, spoken)
        build = f"docker build -t attack:1 {shlex.join(arguments)} . > /dev/null 2>&1"
        words = [
            ("run", ".", "--engine", "podman", "--client", "buildah-bud-layers", *arguments, "-o", output)
            if kind == "buildah"
            else ("record", "--engine", "host", "-o", output, "--", "sh", "-c", build)
        ]
    outputs: dict[str, bytes] = {}
    for command in words:
        outputs |= said_by(command, env, place / "context" if kind != "import" else place)
    for records in place.glob("*.records"):
        for form in ("text", "json"):
            outputs |= said_by(("show", str(records), "--format", form, "-v"), env, place)
        outputs |= said_by(("diff", str(records), str(records), "-v"), env, place)
    outputs |= {str(path): readable(path) for path in place.glob("*.records")}
    outputs |= {str(path): readable(path) for path in (place / "state").rglob("*") if path.is_file()}
    return outputs


def _arguments(names: list[str], secrets: list[str], spoken: Spoken) -> list[str]:
    words = [
        word
        for name, value in zip(names, secrets, strict=True)
        for word in ("--build-arg", f"{name}={value}")
    ]
    words += ["--build-arg", f"SOURCE=https://user:{_url(secrets[0])}@example.org/x"]
    words += [word for at, text in enumerate(spoken.labels) for word in ("--label", f"note.{at}={text}")]
    return [*words, "--label", f"note=the token is {secrets[1]}"]


def _dockerfile(names: list[str], secrets: list[str], spoken: Spoken) -> str:
    """Says some of them itself, quoted as it has to, and fails at the end with others in its error."""
    said = [(name, value) for name, value in zip(names, secrets, strict=True) if "\n" not in value][:8]
    lines = ["FROM alpine", *(f"ARG {name}" for name in names), "ARG SOURCE"]
    lines += [f"ENV OF_{name}={_quoted(value)}" for name, value in said[:4]]
    lines += [f"LABEL of.{name.lower()}={_quoted(value)}" for name, value in said[4:6]]
    lines += [f"RUN echo {shlex.quote(value)} > /dev/null" for _, value in said[6:] if "<<" not in value]
    lines += spoken.instructions
    lines += [f"WORKDIR /w/${{{names[2]}:+x}}", f'RUN echo "${names[3]}" "${names[4]}" | wc -c']
    lines += [f'RUN echo "it was ${names[5]} and ${names[6]}" >&2; exit 3']
    return "\n".join(lines) + "\n"


def _left(place: Path, names: list[str], secrets: list[str], spoken: Spoken) -> Iterator[Path]:
    """A log and provenance, as a build leaves them."""
    pairs = list(zip(names, secrets, strict=True))
    steps = [f"#{number} [{number}/{len(pairs)}] RUN {name}={shlex.quote(value)} make\n#{number} DONE 0.1s\n"
             for number, (name, value) in enumerate(pairs, 5) if "'" not in value]  # fmt: skip
    steps += [
        f"#{number} [{number}/999] {line}\n#{number} DONE 0.1s\n"
        for number, line in enumerate(spoken.instructions, 500)
    ]
    log = place / "build.log"
    log.write_text("#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n" + "\n".join(steps))
    yield log
    provenance = place / "provenance.json"
    arguments = {f"build-arg:{name}": value for name, value in pairs}
    dockerfile = "FROM alpine\n" + "".join(f"ENV {name}={_quoted(value)}\n" for name, value in pairs)
    dockerfile += "\n".join(spoken.instructions)
    arguments |= {f"label:note.{at}": text for at, text in enumerate(spoken.labels)}
    metadata = {"vertices": [], "source": {"infos": [{"filename": "Dockerfile", "language": "Dockerfile",
                "data": base64.b64encode(dockerfile.encode()).decode()}]}}  # fmt: skip
    provenance.write_text(json.dumps({
        "buildType": "https://mobyproject.org/buildkit@v1",
        "invocation": {"parameters": {"frontend": "dockerfile.v0", "args": arguments}},
        "buildConfig": {"llbDefinition": []},
        "metadata": {"https://mobyproject.org/buildkit@v1#metadata": metadata},
    }))  # fmt: skip
    yield provenance


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["$\\])', r"\\\1", value) + '"'


def _url(value: str) -> str:
    return re.sub(r"[^A-Za-z0-9;,&=+]", "_", value)


def said_by(words: tuple[str, ...], env: Mapping[str, str], cwd: Path, name: str = "") -> dict[str, bytes]:
    """What a command says, by its name. Raises: EngineError when it fails in a way of its own."""
    done = subprocess.run(
        [*LAYERFORK, *words], env=env, cwd=cwd, capture_output=True, timeout=300, check=False
    )
    if done.returncode == 4:
        raise EngineError(f"{words[0]} failed", details=done.stderr.decode(errors="replace"))
    name = name or f"{words[0]} {len(words)}"
    return {f"output of {name}": done.stdout, f"messages of {name}": done.stderr}


def readable(path: Path) -> bytes:
    data = path.read_bytes()
    if not data.startswith(b"\x28\xb5\x2f\xfd"):
        return data
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        return data + reader.read()


def found_in(where: str, secrets: list[str], written: Mapping[str, bytes]) -> list[str]:
    """Every secret of which a run of characters stands in something that was written."""
    found = []
    for name, data in written.items():
        plain = STAND_IN.sub(b"\0", data)
        grams = {plain[at : at + RUN] for at in range(len(plain) - RUN + 1)}
        for secret in secrets:
            octets = secret.encode()
            runs = {octets[at : at + RUN] for at in range(len(octets) - RUN + 1)}
            hits = [run for run in runs & grams if not PLAIN_WORD.fullmatch(run.decode())]
            if hits:
                found.append(f"{where}, {Path(name).name}: {sorted(hits)[:3]} of {secret!r}")
    return found
