"""`layerfork fix` on a real engine: each remedy built before and after, and those that are no good left out.

All on one engine; what is built is small, so that the whole stays short.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from engines.everyday import NODE, base, committed, edit, generated, tar
from engines.running import FROM_A_TERMINAL, LAYERFORK, layerfork

from layerfork.app.fix.fixing import FixOptions, fix_builds, patch_of
from layerfork.app.why import explain_builds
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.record.fixing import Fate, FixReport, Proposal, exit_code_of_fixes

pytestmark = pytest.mark.engine
BUILD = ("docker", "build", ".")
COPIES = "FROM scratch\nCOPY . /{0}\nCOPY Dockerfile* /{0}/\n"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fork, and what fixing it comes to: written by hand."""

    files: dict[str, str]
    change: Callable[[Path], object] = lambda place: None
    before: tuple[str, ...] = BUILD
    after: tuple[str, ...] = BUILD
    prepare: Callable[[Path], object] = lambda place: None
    again: tuple[int, int]
    """Steps built again before and after."""
    edited: dict[str, str] = field(default_factory=dict)
    """Files that are edited, with their new texts."""


FIXED = {
    "argument": Case(
        files={"Dockerfile": "FROM alpine\nARG SHA\nRUN echo a\nRUN echo b\nRUN echo $SHA\n"},
        before=("docker", "build", "--build-arg", "SHA=1", "."),
        after=("docker", "build", "--build-arg", "SHA=2", "."),
        again=(3, 1),
        edited={"Dockerfile": "FROM alpine\nRUN echo a\nRUN echo b\nARG SHA\nRUN echo $SHA\n"},
    ),
    "install": Case(
        files={
            "Dockerfile": "FROM node\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN echo c\n",
            "package.json": "{}\n",
            "package-lock.json": "{}\n",
            "a.js": "a\n",
        },
        change=edit("a.js", "b\n"),
        again=(3, 2),
        edited={
            "a.js": "b\n",
            "Dockerfile": "FROM node\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\n"
            "COPY . .\nRUN echo c\n",
        },
    ),
    "git": Case(
        files={"Dockerfile": "FROM alpine\nCOPY . /d\nRUN echo d\n", ".dockerignore": "tmp\r\n", "a": "a\n"},
        prepare=committed,
        change=lambda place: (place / ".git" / "FETCH_HEAD").write_text("x\n"),
        again=(2, 0),
        edited={".dockerignore": "tmp\r\n.git\r\n"},
    ),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private:26.1+containerd").start(os.environ, print) as running:
        yield running


@pytest.fixture(scope="module")
def programs(engine: RunningEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A user whose docker is this engine, with an image that has npm."""
    assert engine.toolchain is not None
    home = tmp_path_factory.mktemp("user")
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (home / "config.json").write_text(json.dumps(plugins))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{os.environ['PATH']}:{engine.toolchain.docker.parent}")
        patch.setenv("DOCKER_CONFIG", str(home))
        patch.setenv("DOCKER_HOST", engine.docker_host)
        words = ["docker", "build", "-q", "-t", "node", "-"]
        env = {**os.environ, "DOCKER_BUILDKIT": "0"}
        subprocess.run(words, input=NODE, text=True, check=True, env=env, capture_output=True)
        yield


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: None) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    place = tmp_path / "project"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def forked(case: Case, place: Path) -> None:
    """Both builds recorded, as `layerfork why` does; before them everything is committed."""
    for name, text in case.files.items():
        (place / name).write_text(text, newline="")
    case.prepare(place)
    if not (place / ".git").exists():
        committed(place)
    explain_builds(case.before, "host", "", print)
    case.change(place)
    explain_builds(case.after, "host", "", print)


def fixed(*, apply: bool = True, force: bool = False) -> tuple[Proposal, FixReport]:
    (report,) = fix_builds(FixOptions(engine="host", apply=apply, force=force), print)
    (proposal,) = report.proposals
    return proposal, report


STAGES = (
    "FROM alpine AS base\n{0}WORKDIR /w\nFROM base AS deps\nRUN echo deps > a\n"
    "FROM deps AS final\nRUN echo more\n{1}RUN echo $SHA\n"
)
SIDE_BY_SIDE = (
    "FROM alpine AS base\n{0}WORKDIR /w\nFROM base AS one\nRUN echo one > a\n"
    "FROM base AS two\nRUN echo two > b\nFROM base\nCOPY --from=one /w/a /w/\n"
    "COPY --from=two /w/b /w/\n{1}RUN echo $SHA\n"
)
ON_BUILDKIT = {
    "stages": Case(
        files={"Dockerfile": STAGES.format("ARG SHA=none\nLABEL rev=$SHA\n", "")},
        before=("docker", "build", "--build-arg", "SHA=1", "."),
        after=("docker", "build", "--build-arg", "SHA=2", "."),
        again=(3, 1),
        edited={"Dockerfile": STAGES.format("", "ARG SHA=none\nLABEL rev=$SHA\n")},
    ),
    "env": Case(
        files={"Dockerfile": "FROM alpine\nENV V=1\nRUN echo g\nRUN echo $V\n"},
        change=edit("Dockerfile", "FROM alpine\nENV V=2\nRUN echo g\nRUN echo $V\n"),
        again=(2, 1),
        edited={"Dockerfile": "FROM alpine\nRUN echo g\nENV V=2\nRUN echo $V\n"},
    ),
    "rule": Case(
        files={
            "Dockerfile": "FROM alpine\nCOPY . /r\nRUN echo r\n",
            ".dockerignore": "tmp\n.git  # history\n*.md\n",
            "a": "a\n",
        },
        prepare=committed,
        change=lambda place: (place / ".git" / "FETCH_HEAD").write_text("x\n"),
        again=(2, 0),
        edited={".dockerignore": "tmp\n# history\n.git\n*.md\n"},
    ),
    "generated": Case(
        files={"Dockerfile": COPIES.format("h"), "Dockerfile.dockerignore": ".git\n", ".dockerignore": "x\n"},
        prepare=generated(3600),
        change=generated(0),
        again=(2, 0),
        edited={"Dockerfile.dockerignore": ".git\nbuild-info.txt\n"},
    ),
}


@pytest.mark.parametrize(
    ("name", "buildkit"),
    [("argument", "0"), ("argument", "1"), ("install", "1"), ("git", "0"), ("git", "1")],
)
def test_an_edit_is_made_once_it_is_verified(
    name: str, buildkit: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_BUILDKIT", buildkit)
    edited_as_written(FIXED[name], project)


@pytest.mark.parametrize("name", ON_BUILDKIT)
def test_further_edits(name: str, project: Path) -> None:
    edited_as_written(ON_BUILDKIT[name], project, force=name == "env")


def test_one_edit_for_two_forks_is_made_once_and_verified_for_both(project: Path) -> None:
    build = ("docker", "build", "--build-arg")
    texts = SIDE_BY_SIDE.format("ARG SHA\n", ""), SIDE_BY_SIDE.format("", "ARG SHA\n")
    forked(
        Case(
            files={"Dockerfile": texts[0]},
            before=(*build, "SHA=1", "."),
            after=(*build, "SHA=2", "."),
            again=(0, 0),
        ),
        project,
    )

    (report,) = fix_builds(FixOptions(engine="host", apply=True), print)

    assert [each.fate for each in report.proposals] == [Fate.VERIFIED, Fate.VERIFIED]
    assert [step.instruction for each in report.proposals for step in each.reused] == [
        "RUN echo one > a",
        "RUN echo two > b",
    ]
    assert patch_of([report]).count(b"diff --git") == 1
    assert (project / "Dockerfile").read_text() == texts[1]


def edited_as_written(case: Case, project: Path, *, force: bool = False) -> None:
    forked(case, project)
    before = {path: (project / path).read_bytes() for path in case.files}
    shown, report = fixed(apply=False)
    assert (shown.fate, exit_code_of_fixes((report,))) == (Fate.PROPOSED, 1)
    patch = patch_of([report])
    subprocess.run(["git", "apply", "--check", "-"], input=patch, cwd=project, check=True)

    proposal, report = fixed(force=force)

    assert proposal.fate is Fate.VERIFIED, proposal.reason
    assert exit_code_of_fixes((report,)) == 0
    assert proposal.after is not None
    assert (proposal.before.steps, proposal.after.steps) == case.again
    assert {step.instruction for step in proposal.predicted.reused} == {
        step.instruction for step in proposal.reused
    }
    expected = before | {path: text.encode() for path, text in case.edited.items()}
    assert {path: (project / path).read_bytes() for path in expected} == expected
    assert sorted(path.name for path in project.parent.iterdir()) == ["project", "state"]


def test_a_mode_is_put_back_once_that_is_verified(project: Path) -> None:
    files = {"Dockerfile": COPIES.format("m"), ".dockerignore": ".git\n", "run.sh": "#!/bin/sh\n"}
    script = project / "run.sh"
    case = Case(
        files=files,
        prepare=lambda place: script.chmod(0o755),
        change=lambda place: script.chmod(0o600),
        again=(2, 0),
    )
    forked(case, project)
    proposal, _ = fixed()
    assert (proposal.fate, proposal.remedy.command) == (Fate.VERIFIED, "chmod 0755 run.sh")
    assert script.stat().st_mode & 0o777 == 0o755


def test_a_command_for_a_person_is_verified_and_left_to_them(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The builder, and a tar's prefix: both on the classic builder, as it is what differs."""
    forked(Case(files={"Dockerfile": COPIES.format("n"), ".dockerignore": ".git\n"}, again=(2, 0)), project)
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    explain_builds(BUILD, "host", "", print)
    proposal, _ = fixed()
    assert (proposal.fate, proposal.remedy.command) == (Fate.VERIFIED, "DOCKER_BUILDKIT=1 docker build .")
    shutil.rmtree(project / ".git")
    (project / ".dockerignore").unlink()
    stdin = ("sh", "-c", "docker build - < ../context.tar")
    tar(names="*")(project)
    explain_builds(stdin, "host", "", print)
    tar()(project)
    explain_builds(stdin, "host", "", print)
    made = (project.parent / "context.tar").read_bytes()
    proposal, _ = fixed()
    assert (proposal.fate, proposal.remedy.command) == (
        Fate.VERIFIED,
        "tar -cf ../context.tar $(ls -A)",
    ), proposal.reason
    assert (project.parent / "context.tar").read_bytes() == made


def test_what_needs_more_than_a_copy_is_not_blamed_on_the_edit(project: Path) -> None:
    case = Case(
        files={"Dockerfile": "FROM alpine\nARG SHA\nRUN echo q\nRUN echo $SHA\n"},
        before=("sh", "-c", "test -e ../outside && docker build --build-arg SHA=1 ."),
        after=("sh", "-c", "test -e ../outside && docker build --build-arg SHA=2 ."),
        again=(2, 1),
    )
    (project.parent / "outside").touch()
    forked(case, project)
    text = (project / "Dockerfile").read_text()
    proposal, report = fixed()
    assert (proposal.fate, exit_code_of_fixes((report,))) == (Fate.UNCHECKED, 3)
    assert "fails also without it" in proposal.reason
    assert (project / "Dockerfile").read_text() == text


def test_a_cache_that_is_handed_on_is_verified_on_two_clean_engines(project: Path) -> None:
    prune = ["docker", "builder", "prune", "-af"]
    case = Case(
        files={"Dockerfile": "FROM alpine\nRUN echo r\n"},
        before=("docker", "buildx", "build", "--cache-to=type=local,dest=../cache,mode=max", "."),
        change=lambda place: subprocess.run(prune, check=True, capture_output=True),
        after=("docker", "buildx", "build", "--cache-from=type=local,src=../caches", "."),
        again=(1, 0),
    )
    forked(case, project)
    exported = sorted((project.parent / "cache").rglob("*"))
    proposal, _ = fixed()
    assert (proposal.fate, proposal.remedy.command) == (
        Fate.VERIFIED,
        "docker buildx build --cache-from=type=local,src=../cache .",
    ), proposal.reason
    assert (proposal.before.steps, proposal.after and proposal.after.steps) == case.again
    assert sorted((project.parent / "cache").rglob("*")) == exported


@pytest.mark.parametrize("there", [True, False], ids=["resolvable", "not to be resolved"])
def test_a_base_image_is_pinned_where_a_builder_finds_its_digest(
    there: bool, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BuildKit asks a registry for what it did not make itself: there is none here."""
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    files = {"Dockerfile": "FROM runtime:1\nRUN echo p\n"}
    change = base("runtime:1", "two")
    forked(Case(files=files, prepare=base("runtime:1", "one"), change=change, again=(1, 0)), project)
    if not there:
        subprocess.run(["docker", "tag", "alpine", "runtime:1"], check=True)
    proposal, _ = fixed()
    text = (project / "Dockerfile").read_text()
    assert proposal.fate is (Fate.VERIFIED if there else Fate.BROKE), proposal.reason
    assert text.startswith("FROM runtime:1@sha256:" if there else "FROM runtime:1\n")


BREAKS = Case(
    files={"Dockerfile": "FROM alpine\nCOPY . /e\nRUN test -e /e/.git/HEAD\n"},
    prepare=committed,
    change=lambda place: (place / ".git" / "FETCH_HEAD").write_text("x\n"),
    again=(2, 2),
)
TYPED = Case(
    files={"Dockerfile": "FROM alpine\nARG SHA\nRUN echo typed\nRUN echo $SHA\n"},
    before=("docker", "build", "--build-arg", "SHA=1", "."),
    after=("docker", "build", "--build-arg", "SHA=2", "."),
    again=(2, 1),
)


def test_an_edit_that_breaks_the_build_is_not_made(project: Path) -> None:
    forked(BREAKS, project)
    proposal, report = fixed()
    assert (proposal.fate, exit_code_of_fixes((report,))) == (Fate.BROKE, 1)
    assert not (project / ".dockerignore").exists()


def test_the_command_as_a_person_types_it(project: Path) -> None:
    forked(TYPED, project)
    text = (project / "Dockerfile").read_text()
    shown = layerfork("fix", ".")
    assert shown.returncode == 1, shown.stderr
    assert "  predicted: line 3 RUN echo typed reused" in shown.stdout
    assert "\ndiff --git a/Dockerfile b/Dockerfile\n" in shown.stdout
    assert (project / "Dockerfile").read_text() == text
    (project / "Dockerfile").write_text(text + "RUN echo mine\n")
    refused = layerfork("fix", ".", "--apply", "--engine", "host")
    assert refused.returncode == 1
    assert "refused: Dockerfile has uncommitted changes" in refused.stdout
    done = layerfork("fix", ".", "--apply", "--force", "--engine", "host", "--format", "json")
    assert done.returncode == 0, done.stderr
    (proposal,) = json.loads(done.stdout)["builds"][0]["proposals"]
    assert (proposal["fate"], proposal["after"]["steps"]) == ("verified", 2)
    assert (project / "Dockerfile").read_text().endswith("ARG SHA\nRUN echo $SHA\nRUN echo mine\n")


def test_ctrl_c_leaves_the_project_as_it_was_and_no_copy(project: Path) -> None:
    case = Case(
        files={"Dockerfile": "FROM alpine\nARG SHA\nRUN echo s\nRUN sleep 3; echo $SHA\n"},
        before=("docker", "build", "--build-arg", "SHA=1", "."),
        after=("docker", "build", "--build-arg", "SHA=2", "."),
        again=(2, 1),
    )
    quick = {"Dockerfile": case.files["Dockerfile"].replace("sleep 3; ", "")}
    forked(replace(case, files=quick), project)
    (project / "Dockerfile").write_text(case.files["Dockerfile"])
    words = [*FROM_A_TERMINAL, str(LAYERFORK), "fix", "--apply", "--force", "--engine", "host"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "[1/2]" in line:
                break
        assert list(project.parent.glob("layerfork-run-*/project/Dockerfile"))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert (project / "Dockerfile").read_text() == case.files["Dockerfile"]
    assert sorted(path.name for path in project.parent.iterdir()) == ["project", "state"]


def test_an_edit_for_buildah(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The docker CLI on a podman of the user's."""
    with open_engine("podman").start(os.environ, print) as podman:
        monkeypatch.setenv("DOCKER_HOST", podman.docker_host)
        monkeypatch.setenv("DOCKER_BUILDKIT", "0")
        edited_as_written(FIXED["argument"], project)
