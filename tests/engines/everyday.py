"""The everyday busts: what was built and changed, what is to blame, and what is reused once it is healed.

Everything here is written by hand from what builders do, never from what the explainer says.
"""

import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

BUILD = ("docker", "build", ".")
CLASSIC = {"DOCKER_BUILDKIT": "0"}
COPY_ALL = "FROM alpine\nRUN echo {0}\nCOPY . /{0}\nRUN echo {0} after\n"
SOURCES = {"src/a.js": "a\n", "src/b.js": "b\n", "run.sh": "#!/bin/sh\n"}
Change = Callable[[Path], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bust:
    """One way of missing the cache."""

    title: str
    done: str
    """What happened between the two builds."""
    files: Mapping[str, str]
    """The context before, `Dockerfile` included."""
    change: Change = lambda place: None
    before: Sequence[str] = BUILD
    after: Sequence[str] = BUILD
    env_before: Mapping[str, str] = field(default_factory=dict)
    env_after: Mapping[str, str] = field(default_factory=dict)
    prepare: Change = lambda place: None
    """Makes of the files what files alone cannot be."""
    again: Change | None = None
    """A change like the first, of the project as the answer's edit left it; None: the first one can be made
    to a project that was edited before it."""
    against: bool = False
    """Compared with the build before by name: for `why` it is a build of another kind."""
    prunes: bool = False
    """The cache is emptied between the builds."""
    culprit: Sequence[str]
    """What the first line has to name."""
    saved: str
    """The step that has to be reused when it is healed; it was built again before."""


def edit(path: str, text: str) -> Change:
    return lambda place: (place / path).write_text(text)


def append(path: str, text: str) -> Change:
    def change(place: Path) -> None:
        with (place / path).open("a") as file:
            file.write(text)

    return change


def replace(path: str, old: str, new: str) -> Change:
    def change(place: Path) -> None:
        text = (place / path).read_text()
        assert old in text
        (place / path).write_text(text.replace(old, new))

    return change


def umask(place: Path) -> None:
    """As a checkout under umask 077 leaves it."""
    subprocess.run(["chmod", "-R", "go=", "."], cwd=place, check=True)


def crlf(place: Path) -> None:
    for path in place.glob("src/*"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def committed(place: Path) -> None:
    """A repository whose newest commit is what is there."""
    author = ["-c", "user.name=user", "-c", "user.email=user@example.com", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", *words], cwd=place, check=True)


def another_commit(place: Path) -> None:
    author = ["-c", "user.name=user", "-c", "user.email=user@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *author, "commit", "-q", "--allow-empty", "-m", "empty"], cwd=place, check=True)


def generated(age_s: float) -> Change:
    def change(place: Path) -> None:
        made = time.time() - age_s
        path = place / "build-info.txt"
        path.write_text(f"built at {datetime.fromtimestamp(made, UTC):%Y-%m-%dT%H:%M:%SZ}\n")
        os.utime(path, (made, made))

    return change


def base(tag: str, text: str) -> Change:
    """Another image under a name that FROM uses."""

    def change(place: Path) -> None:
        dockerfile = f"FROM alpine\nRUN echo {text} > /version\n"
        words = ["docker", "build", "-q", "-t", tag, "-"]
        env = {**os.environ, **CLASSIC}
        subprocess.run(words, input=dockerfile, text=True, check=True, env=env, capture_output=True)

    return change


def tar(*options: str, names: str = ".") -> Change:
    def change(place: Path) -> None:
        found = sorted(path.name for path in place.iterdir()) if names == "*" else [names]
        subprocess.run(["tar", *options, "-cf", "../context.tar", *found], cwd=place, check=True)

    return change


def link(target: str) -> Change:
    def change(place: Path) -> None:
        (place / "current").unlink(missing_ok=True)
        (place / "current").symlink_to(target)

    return change


def attribute(place: Path) -> None:
    os.setxattr(place / "src/a.js", "user.note", b"x")
    (place / "src/a.js").touch()  # BuildKit asks for a file again only when size or time changed


def program(place: Path) -> None:
    """One of 64 bits that ends at once, whatever platform is asked for."""
    code = b"\x31\xff\xb8\x3c\x00\x00\x00\x0f\x05"
    start = 0x400000
    head = (b"\x7fELF\x02\x01\x01" + bytes(9), 2, 62, 1, start + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = 120 + len(code)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, size, size, 0x1000)
    (place / "exits").write_bytes(struct.pack("<16sHHIQQQIHHHHHH", *head) + segment + code)
    (place / "exits").chmod(0o755)


STDIN = ("sh", "-c", "docker build - < ../context.tar")
COMPOSE = "services:\n  web:\n    build:\n      context: .\n      args:\n        VERSION: '1'\n"
BAKE = 'target "default" {\n  args = { VERSION = "1" }\n}\n'
VERSIONED = "FROM alpine\nARG VERSION\nRUN echo {0} $VERSION\nRUN echo {0} after\n"
PY = "import docker; list(docker.from_env().api.build(path='.'))"
LOCK = '{"lockfileVersion": 3}\n'
MODULES = (
    "FROM node\nWORKDIR /{0}\nCOPY package.json package-lock.json ./\n"
    "RUN npm ci\nCOPY src src\nRUN echo {0}\n"
)

BUSTS = (
    Bust(
        title="argument too early",
        done="built with another `--build-arg GIT_SHA`",
        files={
            "Dockerfile": "FROM alpine\nARG GIT_SHA\nRUN echo apk add things\nRUN echo $GIT_SHA > /version\n"
        },
        before=("docker", "build", "--build-arg", "GIT_SHA=1f6d0ad", "."),
        after=("docker", "build", "--build-arg", "GIT_SHA=83c9e21", "."),
        culprit=("Dockerfile:3", "RUN echo apk add things", "GIT_SHA"),
        saved="RUN echo apk add things",
    ),
    Bust(
        title=".git",
        done="a commit was made, and no file changed",
        files={"Dockerfile": COPY_ALL.format("git"), **SOURCES},
        prepare=committed,
        change=another_commit,
        culprit=("Dockerfile:3", "COPY . /git", ".git changed"),
        saved="COPY . /git",
    ),
    Bust(
        title="umask",
        done="checked out again under umask 077",
        files={"Dockerfile": COPY_ALL.format("umask"), ".dockerignore": "Dockerfile\n", **SOURCES},
        change=umask,
        culprit=("Dockerfile:3", "COPY . /umask", "umask 077"),
        saved="COPY . /umask",
    ),
    Bust(
        title="CRLF",
        done="checked out again with `core.autocrlf=true`",
        files={"Dockerfile": COPY_ALL.format("crlf"), **SOURCES},
        change=crlf,
        culprit=("Dockerfile:3", "COPY . /crlf", "src/a.js and src/b.js", "CRLF"),
        saved="COPY . /crlf",
    ),
    Bust(
        title="exec bit",
        done="checked out where executable bits are lost",
        files={"Dockerfile": COPY_ALL.format("bit"), **SOURCES},
        prepare=lambda place: (place / "run.sh").chmod(0o755),
        change=lambda place: (place / "run.sh").chmod(0o644),
        culprit=("Dockerfile:3", "COPY . /bit", "run.sh", "executable bit"),
        saved="COPY . /bit",
    ),
    Bust(
        title="generated file",
        done="a script wrote `build-info.txt` again",
        files={"Dockerfile": COPY_ALL.format("generated"), **SOURCES},
        prepare=generated(3600),
        change=generated(0),
        culprit=("Dockerfile:3", "COPY . /generated", "build-info.txt", "time"),
        saved="COPY . /generated",
    ),
    Bust(
        title="lock file",
        done="`npm install` rewrote `package-lock.json`",
        files={
            "Dockerfile": MODULES.format("lock"),
            "package.json": "{}\n",
            "package-lock.json": LOCK,
            ".dockerignore": ".git\n",
            **SOURCES,
        },
        prepare=committed,
        change=edit("package-lock.json", '{"lockfileVersion": 2}\n'),
        culprit=("Dockerfile:3", "COPY package.json package-lock.json ./", "package-lock.json changed"),
        saved="RUN npm ci",
    ),
    Bust(
        title="base moved",
        done="`runtime:1` was pulled again, and is another image",
        files={"Dockerfile": "FROM runtime:1\nRUN echo base\n"},
        prepare=base("runtime:1", "one"),
        change=base("runtime:1", "two"),
        culprit=("Dockerfile:1", "FROM runtime:1", "base image runtime:1 is"),
        saved="RUN echo base",
    ),
    Bust(
        title="target changed",
        done="`--target test` before, no target now",
        files={
            "Dockerfile": "FROM alpine AS test\nRUN echo target tests\nFROM alpine\nRUN echo target release\n"
        },
        before=("docker", "build", "--target", "test", "."),
        against=True,
        culprit=("Dockerfile:4", "RUN echo target release", "target", "test"),
        saved="RUN echo target release",
    ),
    Bust(
        title="platform",
        done="built with `--platform linux/386`",
        files={"Dockerfile": 'FROM scratch\nCOPY exits /\nRUN ["/exits"]\n'},
        prepare=program,
        after=("docker", "build", "--platform", "linux/386", "."),
        against=True,
        culprit=("Dockerfile:3", 'RUN ["/exits"]', "linux/386"),
        saved='RUN ["/exits"]',
    ),
    Bust(
        title="cache off",
        done="built with `--no-cache`",
        files={"Dockerfile": "FROM alpine\nRUN echo off\n"},
        after=("docker", "build", "--no-cache", "."),
        culprit=("Dockerfile:2", "RUN echo off", "--no-cache"),
        saved="RUN echo off",
    ),
    Bust(
        title="pruned",
        done="`docker builder prune --all` ran",
        files={"Dockerfile": "FROM alpine\nRUN echo pruned\n"},
        prunes=True,
        culprit=("Dockerfile:2", "RUN echo pruned", "cache"),
        saved="RUN echo pruned",
    ),
    Bust(
        title="import failed",
        done="built on an empty builder, from a cache that is not there",
        files={"Dockerfile": "FROM alpine\nRUN echo imported\n"},
        before=("docker", "buildx", "build", "--cache-to=type=local,dest=../cache,mode=max", "."),
        after=("docker", "buildx", "build", "--cache-from=type=local,src=../caches", "."),
        prunes=True,
        culprit=("Dockerfile:2", "RUN echo imported", "could not be imported", "../caches"),
        saved="RUN echo imported",
    ),
    Bust(
        title="other builder",
        done="`DOCKER_BUILDKIT=0` was set",
        files={"Dockerfile": "FROM alpine\nRUN echo builder\n"},
        env_after=CLASSIC,
        culprit=("Dockerfile:1", "FROM alpine", "builder", "classic", "buildkit"),
        saved="RUN echo builder",
    ),
    Bust(
        title="compose against CLI",
        done="`docker compose build` before, `docker build` now",
        files={"Dockerfile": VERSIONED.format("compose"), "compose.yaml": COMPOSE},
        before=("docker", "compose", "build"),
        culprit=("Dockerfile:3", "RUN echo compose $VERSION", "VERSION", "not given"),
        saved="RUN echo compose",
    ),
    Bust(
        title="bake",
        done="`docker buildx bake` before, `docker build` now",
        files={"Dockerfile": VERSIONED.format("bake"), "docker-bake.hcl": BAKE},
        before=("docker", "buildx", "bake"),
        culprit=("Dockerfile:3", "RUN echo bake $VERSION", "VERSION", "not given"),
        saved="RUN echo bake",
    ),
    Bust(
        title="docker-py against CLI",
        done="built by docker-py before, by `docker build` now",
        files={"Dockerfile": "FROM alpine\nRUN echo library\n"},
        before=("docker-py", "-c", PY),
        culprit=("Dockerfile:1", "FROM alpine", "builder", "classic", "buildkit"),
        saved="RUN echo library",
    ),
    Bust(
        title="tar prefix",
        done="the tar was made with `tar -c .` instead of `tar -c *`",
        files={"Dockerfile": COPY_ALL.format("prefix"), **SOURCES},
        before=STDIN,
        after=STDIN,
        env_before=CLASSIC,
        env_after=CLASSIC,
        prepare=tar(names="*"),
        change=tar(),
        culprit=("Dockerfile:3", "COPY . /prefix", "./"),
        saved="COPY . /prefix",
    ),
    Bust(
        title="owner",
        done="the tar was made by another user",
        files={"Dockerfile": COPY_ALL.format("owner"), **SOURCES},
        before=STDIN,
        after=STDIN,
        prepare=tar("--owner=0", "--group=0"),
        change=tar("--owner=1000", "--group=1000"),
        culprit=("Dockerfile:3", "COPY . /owner", "owner", "1000:1000"),
        saved="COPY . /owner",
    ),
    Bust(
        title="ignore file",
        done="`src/b.js` was added to `.dockerignore`",
        files={
            "Dockerfile": COPY_ALL.format("ignore"),
            ".dockerignore": "Dockerfile\n.dockerignore\n",
            **SOURCES,
        },
        change=append(".dockerignore", "src/b.js\n"),
        culprit=("Dockerfile:3", "COPY . /ignore", "ignore patterns", "src/b.js"),
        saved="COPY . /ignore",
    ),
    Bust(
        title="Dockerfile copied",
        done="a comment was added to the Dockerfile",
        files={"Dockerfile": COPY_ALL.format("itself"), **SOURCES},
        change=append("Dockerfile", "# a comment\n"),
        culprit=("Dockerfile:3", "COPY . /itself", "Dockerfile changed"),
        saved="COPY . /itself",
    ),
    Bust(
        title="secrets mount",
        done="the id of a secret was changed in the Dockerfile",
        files={
            "Dockerfile": "FROM alpine\nRUN --mount=type=secret,id=npm echo secret\nRUN echo secret after\n"
        },
        change=replace("Dockerfile", "id=npm", "id=npmrc"),
        culprit=("Dockerfile:2", "RUN --mount=type=secret,id=npmrc echo secret", "id=npm "),
        saved="RUN --mount=type=secret",
    ),
    Bust(
        title="symlink",
        done="a link became absolute",
        files={"Dockerfile": COPY_ALL.format("link"), **SOURCES},
        prepare=link("src"),
        change=link("/src"),
        culprit=("Dockerfile:3", "COPY . /link", "current", "/src"),
        saved="COPY . /link",
    ),
    Bust(
        title="xattr",
        done="a program wrote an extended attribute",
        files={"Dockerfile": COPY_ALL.format("xattr"), **SOURCES},
        change=attribute,
        culprit=("Dockerfile:3", "COPY . /xattr", "src/a.js", "user.note"),
        saved="COPY . /xattr",
    ),
    Bust(
        title="ENV",
        done="the value of an ENV line was changed",
        files={"Dockerfile": "FROM alpine\nENV VERSION=1\nRUN echo apk add more\nCMD echo $VERSION\n"},
        change=replace("Dockerfile", "VERSION=1", "VERSION=2"),
        again=replace("Dockerfile", "VERSION=2", "VERSION=3"),
        culprit=("Dockerfile:3", "RUN echo apk add more", "VERSION"),
        saved="RUN echo apk add more",
    ),
    Bust(
        title="install after copy",
        done="`src/a.js` was edited",
        files={
            "Dockerfile": "FROM node\nWORKDIR /install\nCOPY . .\nRUN npm ci\nRUN echo install\n",
            "package.json": "{}\n",
            "package-lock.json": LOCK,
            **SOURCES,
        },
        change=edit("src/a.js", "changed\n"),
        culprit=("Dockerfile:3", "COPY . .", "src/a.js changed"),
        saved="RUN npm ci",
    ),
)
NODE = "FROM alpine\nRUN printf '#!/bin/sh\\necho installed\\n' > /bin/npm && chmod +x /bin/npm\n"
"""An image with a program that is called npm; there is no network to fetch the real one."""


def make_context(bust: Bust, place: Path) -> None:
    """The directory as it was before the change."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name, text in bust.files.items():
        path = place / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    bust.prepare(place)
