"""What the rules about Dockerfiles find, and what they leave alone."""

from pathlib import Path

import pytest
from unit.lint.trees import found, lint, write

NODE = {"package.json": "{}", "index.js": "1"}
INSTALLS = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN {}\nCMD node index.js\n"


@pytest.mark.parametrize(
    "run",
    [
        "npm ci",
        "npm ci --omit=dev && npm cache clean --force",
        "apt-get update && apt-get install -y curl",
        "--mount=type=cache,target=/root/.npm npm ci",
    ],
)
def test_an_install_below_a_copy_of_everything(tmp_path: Path, run: str) -> None:
    write(tmp_path, **NODE, Dockerfile=INSTALLS.format(run))
    assert found(tmp_path, "copy-before-install") == ["Dockerfile:3 copy-before-install"]


@pytest.mark.parametrize(
    "text",
    [
        INSTALLS.format("npm run build"),
        INSTALLS.format("npm ci && npm run build"),
        INSTALLS.format("npm ci --prefix web"),
        INSTALLS.format("pip install -r requirements.txt"),
        INSTALLS.format("pip install ."),
        INSTALLS.format("./install.sh"),
        INSTALLS.format("apt-get install -y ./own.deb"),
        "FROM node:22\nCOPY package.json .\nRUN npm ci\nCOPY . .\n",
        "FROM node:22\nCOPY . .\nRUN ./gen\nRUN npm ci\n",
        "FROM node:22\nCOPY . .\nENV CI=1\nRUN npm ci\n",
        "FROM node:22 AS a\nCOPY . .\nFROM node:22\nRUN npm ci\n",
        "FROM node:22\nCOPY --from=x . .\nRUN npm ci\n",
        "FROM node:22\nCOPY --exclude=*.js . .\nRUN npm ci\n",
        "FROM node:22\nCOPY src .\nRUN npm ci\n",
    ],
)
def test_other_steps_and_other_orders_are_left_alone(tmp_path: Path, text: str) -> None:
    write(tmp_path, **NODE, **{"src/a.js": "1"}, Dockerfile=text)
    assert found(tmp_path, "copy-before-install") == []


def test_a_context_of_nothing_but_manifests_is_left_alone(tmp_path: Path) -> None:
    ignored = {".dockerignore": "*\n!package*.json\n"}
    write(tmp_path, **NODE, **ignored, Dockerfile=INSTALLS.format("npm ci"))
    assert found(tmp_path, "copy-before-install") == []


def test_the_edit_puts_the_install_above(tmp_path: Path) -> None:
    write(tmp_path, **NODE, Dockerfile=INSTALLS.format("npm ci"))
    (trap,) = lint(tmp_path, ["copy-before-install"]).traps
    assert trap.fix.sentence == "put `COPY package.json ./` and line 4 above line 3"
    inserted, removed = trap.fix.edits
    assert (inserted.line, inserted.after) == (3, ("COPY package.json ./", "RUN npm ci"))
    assert (removed.line, removed.before, removed.after) == (4, ("RUN npm ci",), ())


ARG = "FROM alpine:3.22\n{}\nRUN apk add curl\nRUN make $GIT_SHA\n"


@pytest.mark.parametrize(
    "arg",
    [
        "ARG GIT_SHA",
        "ARG GIT_SHA=unknown",
        'ARG GIT_SHA=""',
        "ARG PORT=80 GIT_SHA",
        "ARG VERSION=dev",
        "ARG BUILD_DATE",
        "ARG GIT_SHA\nLABEL revision=$GIT_SHA",
        "ARG GIT_SHA\nENV REVISION=$GIT_SHA",
        "ARG COMMIT\nRUN echo hi",
    ],
)
def test_an_argument_of_each_build_above_an_install(tmp_path: Path, arg: str) -> None:
    write(tmp_path, Dockerfile=ARG.format(arg))
    assert found(tmp_path, "arg-before-install") == ["Dockerfile:2 arg-before-install"]


@pytest.mark.parametrize(
    "text",
    [
        ARG.format("ARG NODE_VERSION"),
        ARG.format("ARG VERSION=1.2.3"),
        ARG.format("ARG COMMIT=3f786850e387550fdab836ed7e6dc881de23001b"),
        ARG.format("ARG DEBIAN_FRONTEND=noninteractive"),
        ARG.format("ARG CACHEBUST"),
        ARG.format("ARG GIT_SHA\nCOPY $GIT_SHA /x"),
        ARG.format("ARG GIT_SHA\nRUN echo $GIT_SHA > /sha"),
        "FROM alpine:3.22\nARG VERSION\nRUN apk add curl=$VERSION\n",
        "FROM alpine:3.22\nARG VERSION\nRUN make\n",
        "FROM alpine:3.22\nRUN apk add curl\nARG GIT_SHA\nLABEL revision=$GIT_SHA\n",
        "ARG GIT_SHA\nFROM alpine:3.22\nRUN apk add curl\n",
        "FROM alpine:3.22 AS a\nARG GIT_SHA\nRUN make\nFROM alpine:3.22\nRUN apk add curl\n",
    ],
)
def test_arguments_that_may_be_needed_or_stay(tmp_path: Path, text: str) -> None:
    write(tmp_path, Dockerfile=text)
    assert found(tmp_path, "arg-before-install") == []


def test_what_is_moved_is_named(tmp_path: Path) -> None:
    text = (
        "FROM alpine:3.22\nARG GIT_SHA\nLABEL a=$GIT_SHA\nRUN apk add a\nRUN apk \\\n  add b\nRUN $GIT_SHA\n"
    )
    write(tmp_path, Dockerfile=text)
    (trap,) = lint(tmp_path, ["arg-before-install"]).traps
    assert trap.cost.startswith("each new value of GIT_SHA runs lines 4 and 5 again")
    assert trap.fix.sentence == "move line 2 and line 3, which uses it, below line 6"


COPIES = "FROM alpine:3.22\nCOPY . /src\nRUN make\n"


@pytest.mark.parametrize(
    ("ignored", "copied"),
    [
        ("", True),
        ("*.md\n", True),
        ("Dockerfile\n", True),
        ("Dockerfile\n.dockerignore\n", False),
        ("Dockerfile*\n.dockerignore\n", False),
        ("*\n!src\n", False),
        (".*\nDockerfile\n", False),
    ],
)
def test_the_dockerfile_in_a_copy(tmp_path: Path, ignored: str, copied: bool) -> None:
    write(tmp_path, Dockerfile=COPIES, **{"src/a": "1"}, **({".dockerignore": ignored} if ignored else {}))
    assert found(tmp_path, "dockerfile-copied") == ["Dockerfile:2 dockerfile-copied"] * copied


@pytest.mark.parametrize(
    "text",
    [
        "FROM alpine:3.22\nCOPY . /src\n",
        "FROM alpine:3.22\nCOPY src /src\nRUN make\n",
        "FROM alpine:3.22\nCOPY Dockerfile /src\nRUN make\n",
        "FROM alpine:3.22\nCOPY --exclude=Dockerfile . /src\nRUN make\n",
        "FROM alpine:3.22 AS a\nCOPY . /src\nFROM alpine:3.22\nRUN make\n",
    ],
)
def test_a_dockerfile_that_is_not_copied_or_matters_to_nothing(tmp_path: Path, text: str) -> None:
    write(tmp_path, Dockerfile=text, **{"src/a": "1"})
    assert found(tmp_path, "dockerfile-copied") == []


def test_steps_of_stages_on_top_count(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="FROM alpine:3.22 AS a\nCOPY . /src\nFROM a\nRUN make\n")
    (trap,) = lint(tmp_path, ["dockerfile-copied"]).traps
    assert "RUN of line 4" in trap.cost


def test_a_dockerfile_below_the_context_counts_where_it_must_be_copied(tmp_path: Path) -> None:
    """Either directory may be the context: both copy it, until the upper one ignores it."""
    write(tmp_path, **{"ci/Dockerfile": COPIES, ".git/HEAD": "x"})
    assert found(tmp_path, "dockerfile-copied") == ["ci/Dockerfile:2 dockerfile-copied"]
    write(tmp_path, **{".dockerignore": "ci\n.dockerignore\n"})
    assert found(tmp_path, "dockerfile-copied") == []


@pytest.mark.parametrize(
    ("text", "files", "copied"),
    [
        (COPIES, {".git/HEAD": "x"}, True),
        (COPIES, {".git/HEAD": "x", ".dockerignore": "**/.git\n"}, False),
        (COPIES, {".git/HEAD": "x", ".dockerignore": ".git/\n"}, False),
        (COPIES, {".git": "gitdir: ../x"}, False),
        (COPIES, {}, False),
        (COPIES + "RUN git describe > /version\n", {".git/HEAD": "x"}, False),
        ("FROM alpine:3.22\nCOPY src /src\nRUN make\n", {".git/HEAD": "x", "src/a": "1"}, False),
    ],
)
def test_the_repository_in_a_copy(tmp_path: Path, text: str, files: dict[str, str], copied: bool) -> None:
    write(tmp_path, Dockerfile=text, **files)
    assert found(tmp_path, "repository-copied") == ["Dockerfile:2 repository-copied"] * copied


@pytest.mark.parametrize(
    ("base", "moves"),
    [
        ("node", True),
        ("node:latest", True),
        ("node:lts-slim", True),
        ("ghcr.io/a/b:main", True),
        ("localhost:5000/app", True),
        ("node:22", False),
        ("my_base", False),
        ("app-base", False),
        ("debian:bookworm-slim", False),
        ("node@sha256:" + "0" * 64, False),
        ("node:latest@sha256:" + "0" * 64, False),
        ("scratch", False),
        ("$BASE", False),
    ],
)
def test_tags_that_move(tmp_path: Path, base: str, moves: bool) -> None:
    write(tmp_path, Dockerfile=f"ARG BASE=node\nFROM {base} AS one\nFROM one\nRUN make\n")
    assert found(tmp_path, "moving-base") == ["Dockerfile:2 moving-base"] * moves


@pytest.mark.parametrize(
    ("mode", "odd"), [(0o644, False), (0o755, False), (0o664, True), (0o600, True), (0o777, True)]
)
def test_modes_that_git_does_not_keep(tmp_path: Path, mode: int, odd: bool) -> None:
    write(tmp_path, Dockerfile="FROM alpine:3.22\nCOPY src /src\n", **{"src/a": "1", ".git/HEAD": "x"})
    (tmp_path / "src/a").chmod(mode)
    assert found(tmp_path, "unstored-modes") == ["Dockerfile:2 unstored-modes"] * odd


def test_modes_outside_a_repository_and_of_what_is_not_copied(tmp_path: Path) -> None:
    write(tmp_path, Dockerfile="FROM alpine:3.22\nCOPY src /src\n", **{"src/a": "1", "b": "1"})
    (tmp_path / "src").chmod(0o775)
    assert found(tmp_path, "unstored-modes") == []
    write(tmp_path, **{".git/HEAD": "x"})
    (tmp_path / "b").chmod(0o600)
    assert found(tmp_path, "unstored-modes") == []
