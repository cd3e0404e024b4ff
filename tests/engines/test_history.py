"""Past builds that no recorder saw are explained from the history of their engine and the commits.

What each build must be told is written down here, next to what was changed before it.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from engines.running import LAYERFORK, layerfork

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

DOCKERFILE = """\
FROM alpine
ARG V=1
COPY lock.txt /app/
RUN cp /app/lock.txt /app/installed
COPY src /app/src
RUN cat /app/src/* > /app/out
ENV X=$V
RUN echo $X
"""
IDENTITY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}
NOTHING = ("", "", 0, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One build, what precedes it, and what must be said of it."""

    before: str = "true"
    """Shell, in the top of the repository."""
    commit: bool = True
    options: str = ""
    expected: tuple[str, str, int, str]
    """Status, code, line of the Dockerfile, and a part of the sentence; all empty when nothing missed."""


STEPS = (
    Step(expected=NOTHING),  # the first of its kind
    Step(before="echo 2 > app/src/a", expected=("INFERRED", "content", 5, "src/a changed")),
    Step(before="echo 2 > README", expected=NOTHING),
    Step(before="chmod +x app/src/b", expected=("INFERRED", "mode", 5, "src/b")),
    Step(before="echo 2 > app/lock.txt", expected=("INFERRED", "content", 3, "lock.txt changed")),
    Step(before="echo 1 > app/src/new", expected=("INFERRED", "entry-extra", 5, "src/new is new")),
    Step(
        before="git mv app/src/new app/src/moved",
        expected=("INFERRED", "entry-missing", 5, "src/new is gone"),
    ),
    Step(
        before="sed -i 's/cat .app/cat -u \\/app/' app/Dockerfile",
        expected=("INFERRED", "instruction", 6, "this line was `RUN cat /app"),
    ),
    Step(options="--build-arg V=2", expected=("INFERRED", "build-arg", 4, "V is 2, was 1")),
    Step(options="--no-cache", expected=("PROVEN", "cache-off", 3, "--no-cache")),
    Step(
        before="echo dirty > app/src/a",
        commit=False,
        expected=("UNEXPLAINED", "unexplained", 5, "git does not have"),
    ),
    Step(
        before="git checkout -q . && echo s > app/.dockerignore && echo src/b >> app/.dockerignore",
        expected=("INFERRED", "ignore-rule", 5, "src/b"),
    ),
    Step(
        before="echo '*.bin filter=lfs' > .gitattributes; echo one > app/src/x.bin",
        expected=("SUSPECTED", "entry-extra", 5, "src/x.bin"),
    ),
    Step(before="echo two > app/src/x.bin", expected=("SUSPECTED", "content", 5, "src/x.bin")),
)
FILES = {
    "app/Dockerfile": DOCKERFILE,
    "app/lock.txt": "1\n",
    "app/src/a": "1\n",
    "app/src/b": "1\n",
    "docker-bake.hcl": 'target "default" { context = "app" }\n',
    "compose.yaml": "services: {app: {build: app}}\n",
}
BUILDS = {
    "build": "docker buildx build -q {options} app",
    "bake": "docker buildx bake {options}",
    "compose": "docker compose build -q {options}",
}
ARGUMENT = {"bake": "--set *.args.V=2"}
"""How the client writes ``--build-arg V=2``."""


def script_of(client: str) -> str:
    lines = ["set -e", 'cd "$1"']
    for number, step in enumerate(STEPS):
        lines.append(step.before)
        if step.commit:
            lines += ["git add -A", f"git commit -qm {number} --allow-empty"]
        options = step.options.replace("--build-arg V=2", ARGUMENT.get(client, "--build-arg V=2"))
        lines.append(BUILDS[client].format(options=options))
    return "\n".join([*lines, f"{LAYERFORK} history --format json"])


@pytest.mark.parametrize(
    ("engine", "client"),
    [("26.1", "build"), ("28.5", "bake"), ("28.5", "compose")],
)
def test_past_builds_are_explained(
    engine: str, client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = tmp_path / "top"
    (top / "app" / "src").mkdir(parents=True)
    for name, text in FILES.items():
        (top / name).write_text(text)
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    script = tmp_path / "script"
    script.write_text(script_of(client))

    done = layerfork("engines", "run", f"private:{engine}", "--", "sh", script, top)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout[done.stdout.index('{\n  "schema"') :])
    builds = list(reversed(document["builds"]))

    assert document["problems"] == []
    assert len(builds) == len(STEPS)
    found = [said(build, step.expected[3]) for build, step in zip(builds, STEPS, strict=True)]
    assert found == [step.expected for step in STEPS]


def said(build: dict[str, Any], part: str) -> tuple[str, str, int, str]:
    """What a build is said to have missed first, as `Step.expected` has it."""
    if build["report"] is None or not build["report"]["answers"]:
        return NOTHING
    answer = build["report"]["answers"][0]
    culprit = answer["points"][0]["culprit"]
    return (
        answer["points"][0]["status"],
        answer["points"][0]["code"],
        answer["line"],
        part if part and part in culprit else culprit,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hard:
    """A repository with two builds of its directory ``app``, and what must be said of the second."""

    first: str = "true"
    """Shell before the first commit and build."""
    second: str
    """Shell between the two builds: it commits by itself."""
    after: str = "true"
    """Shell before layerfork is asked."""
    options: str = ""
    asked: str = ""
    """Options of `layerfork history`."""
    expected: tuple[str, str, int, str]
    files: str = "commit "
    """A part of what is said of the second build's files."""


_CHANGE = "echo 2 > app/src/a && save"
_UNKNOWN = ("UNEXPLAINED", "unexplained", 5, "the records lack the context")
_GONE = "the repository does not have the commit"
_FORGET = "git reflog expire --expire=now --all && git gc -q --prune=now"
_DIRTY = "(files differed from the commit when it was built)"
HARD = {
    "generated": Hard(
        first="echo gen > app/src/.gitignore; date +%N > app/src/gen",
        second="date +%N > app/src/gen; echo 2 > README; save",
        expected=(
            "UNEXPLAINED",
            "unexplained",
            5,
            "something that git does not have (a generated or uncommitted file)",
        ),
    ),
    "said-to-be-dirty": Hard(
        second="export BUILDX_GIT_CHECK_DIRTY=1; echo 2 > app/src/b",
        expected=(
            "UNEXPLAINED",
            "unexplained",
            5,
            "something that git does not have (a generated or uncommitted file)",
        ),
        files=_DIRTY,
    ),
    "dirty-beside-a-commit": Hard(
        second=f"export BUILDX_GIT_CHECK_DIRTY=1; {_CHANGE}; echo 2 > app/src/b",
        expected=("SUSPECTED", "content", 5, "src/a changed"),
        files=_DIRTY,
    ),
    "squashed": Hard(
        first="save; git checkout -q -b feature; echo 3 > app/src/a",
        second="git checkout -q -; git merge -q --squash feature; echo 2 > app/src/b; save",
        after=f"git branch -q -D feature; {_FORGET}",
        expected=_UNKNOWN,
    ),
    "merged": Hard(
        second="git checkout -q -b feature; echo 2 > app/src/a; save; git checkout -q -; "
        "git merge -q --no-ff -m merge feature",
        expected=("INFERRED", "content", 5, "src/a changed"),
    ),
    "forced": Hard(
        second="echo 2 > app/src/a; git add -A; git commit -q --amend -m other",
        after=_FORGET,
        expected=_UNKNOWN,
    ),
    "forced-away": Hard(
        second=_CHANGE, after=f"git reset -q --hard HEAD~1; {_FORGET}", expected=_UNKNOWN, files=_GONE
    ),
    "shallow": Hard(
        second=_CHANGE,
        after='git clone -q --depth 1 "file://$PWD" shallow',
        asked="--repo ../shallow",
        expected=_UNKNOWN,
    ),
    "submodule": Hard(
        first="""mkdir lib; git init -q lib; echo 1 > lib/a; git -C lib add -A; git -C lib commit -q -m 1
            git -c protocol.file.allow=always submodule -q add "$PWD/lib" app/src/lib""",
        second="echo 2 > app/src/lib/a; git -C app/src/lib commit -q -a -m 2; save",
        expected=("SUSPECTED", "content", 5, "src/lib changed"),
    ),
    "beside-a-submodule": Hard(
        first="""mkdir lib; git init -q lib; echo 1 > lib/a; git -C lib add -A; git -C lib commit -q -m 1
            git -c protocol.file.allow=always submodule -q add "$PWD/lib" app/src/lib""",
        second=_CHANGE,
        expected=("INFERRED", "content", 5, "src/a changed"),
    ),
    "lfs": Hard(
        first="""echo '*.bin filter=lfs' > .gitattributes; echo 1 > app/src/x.bin
            git config filter.lfs.clean 'sha256sum | cut -c1-64'""",
        second="echo 2 > app/src/x.bin; save",
        expected=("SUSPECTED", "content", 5, "src/x.bin changed"),
    ),
    "dockerfile-outside": Hard(
        first="mv app/Dockerfile ../Dockerfile.outside",
        second=_CHANGE,
        options="-f ../Dockerfile.outside",
        expected=("SUSPECTED", "content", 5, "src/a changed"),
        files="(its Dockerfile lay outside of the commit's working tree, and so may its ignore file)",
    ),
    "dockerfile-beside": Hard(
        first="mkdir docker; mv app/Dockerfile docker/",
        second=_CHANGE,
        options="-f docker/Dockerfile",
        expected=("INFERRED", "content", 5, "src/a changed"),
    ),
    "ignored-since": Hard(
        second="echo src/b > app/.dockerignore; save", expected=("INFERRED", "ignore-rule", 5, "src/b")
    ),
    "ignored-without-a-commit": Hard(
        second="echo src/b > app/.dockerignore",
        expected=(
            "UNEXPLAINED",
            "unexplained",
            5,
            "something that git does not have (a generated or uncommitted file)",
        ),
    ),
    "renamed-since": Hard(
        second=_CHANGE,
        after="git mv app moved; save; mkdir app",
        expected=("INFERRED", "content", 5, "src/a changed"),
    ),
    "named-context": Hard(
        first="mkdir lib; echo 1 > lib/a; echo 'COPY --from=lib a /lib' >> app/Dockerfile",
        second="echo 2 > lib/a; save",
        options="--build-context lib=lib",
        expected=("INFERRED", "content", 9, "a changed"),
    ),
}


def hard_script(top: Path) -> str:
    lines = ["set -e", "save() { git add -A; git commit -q --allow-empty -m change; }"]
    for name, case in HARD.items():
        build = f"docker buildx build -q {case.options} app"
        lines += [
            f"unset BUILDX_GIT_CHECK_DIRTY; cp -r {top}/files {top}/{name}; cd {top}/{name}; git init -q",
            f"echo {name} > app/lock.txt",  # no step of another case can be reused
            f"{case.first}; save; {build}",
            f"{case.second}; {build}",
            case.after,
            f"cd app; {LAYERFORK} history --here {case.asked} --format json > {top}/{name}.json",
        ]
    return "\n".join(lines)


def test_what_commits_cannot_show_is_not_inferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "files" / "app" / "src").mkdir(parents=True)
    for name, text in FILES.items():
        (tmp_path / "files" / name).write_text(text.replace("/app/src/*", "/app/src/a"))
    script = tmp_path / "script"
    script.write_text(hard_script(tmp_path))
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = layerfork("engines", "run", "private:28.5", "--", "sh", script, **state)
    assert done.returncode == 0, done.stderr

    found, files = {}, {}
    for name, case in HARD.items():
        second, _ = json.loads((tmp_path / f"{name}.json").read_text())["builds"]
        found[name] = said(second, case.expected[3])
        files[name] = second["files"] if case.files not in second["files"] else case.files
    assert found == {name: case.expected for name, case in HARD.items()}
    assert files == {name: case.files for name, case in HARD.items()}


@pytest.mark.parametrize(
    ("engine", "why"),
    [
        (
            "private:20.10",
            "keeps no history of its builds: it takes BuildKit 0.11 or Docker Engine 23.0; record",
        ),
        ("podman:5.4", "docker: podman keeps no history of its builds: record builds there"),
    ],
)
def test_an_engine_without_a_history_is_named(engine: str, why: str, tmp_path: Path) -> None:
    command = ("engines", "run", engine, "--", LAYERFORK, "history")
    done = layerfork(*command, XDG_STATE_HOME=str(tmp_path))

    assert done.returncode == 3
    assert done.stdout.startswith("no build was found\nnot read: docker: ")
    assert why in done.stdout


def test_a_result_of_a_third_build_proves_nothing_about_the_earlier_one(tmp_path: Path) -> None:
    """The COPY is reused from the first build, while the closest earlier build is the second. Without the
    files nothing shows that; reverting the argument alone does not give the key of the second build."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM alpine\nARG A=1\nCOPY a /d/\nRUN echo $A\n")
    script = tmp_path / "script"
    script.write_text(
        "set -e; cd $1/app; echo x > a; docker buildx build -q .; echo y > a; docker buildx build -q .\n"
        f"echo x > a; docker buildx build -q --build-arg A=2 .; {LAYERFORK} history --format json\n"
    )
    done = layerfork(
        "engines", "run", "private:26.1", "--", "sh", script, tmp_path, XDG_STATE_HOME=str(tmp_path / "state")
    )
    assert done.returncode == 0, done.stderr
    newest = json.loads(done.stdout[done.stdout.index('{\n  "schema"') :])["builds"][0]

    assert newest["reused"] == 1
    assert said(newest, "A is 2, was 1") == ("SUSPECTED", "build-arg", 4, "A is 2, was 1")
    (cause,) = newest["report"]["forks"][0]["causes"]
    assert (
        "not proven: step 2 COPY above may have had another result, since the context is unknown"
        in cause["evidence"]
    )


@pytest.mark.parametrize(
    ("engine", "recorded"),
    [
        ("26.1", "first"),
        ("26.1", "second"),
        ("26.1", "none"),
        ("28.5+containerd", "first"),
        ("28.5+containerd", "second"),
    ],
)
def test_a_base_image_that_moved_is_named_beside_an_argument(
    engine: str, recorded: str, tmp_path: Path
) -> None:
    """The graphdriver store names no digest in a definition, so the name alone is the same in both builds. In
    the containerd store BuildKit has another id than the engine. With either cause undone the step misses
    again, as the last two builds show."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "Dockerfile").write_text("FROM base\nARG A=1\nRUN echo $A\n")
    first, second = (f"{LAYERFORK} why -- " if recorded == each else "" for each in ("first", "second"))
    build = "docker buildx build --progress=plain --build-arg"
    script = tmp_path / "script"
    script.write_text(
        "cd $1\n"
        r"for n in 1 2; do printf 'FROM alpine\nRUN echo %s > /n\n' $n | docker build -q -t base$n -; done"
        f"\ndocker tag base1 base; {first}{build} A=1 app\ndocker tag base2 base; {second}{build} A=2 app\n"
        f"cd app; {LAYERFORK} history --here --format json > $1/said; cd ..\n"
        f"{build} A=1 app 2> $1/argument; docker tag base1 base; {build} A=2 app 2> $1/base\n"
    )
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = layerfork("engines", "run", f"private:{engine}", "--", "sh", script, tmp_path, **state)
    assert done.returncode == 0, done.stderr

    for undone in ("argument", "base"):
        log = (tmp_path / undone).read_text()
        assert "[2/2] RUN" in log
        assert log.count("CACHED") == 1  # FROM
    newest = json.loads((tmp_path / "said").read_text())["builds"][0]
    causes = [cause for fork in newest["report"]["forks"] for cause in fork["causes"]]
    assert [(cause["code"], cause["status"]) for cause in causes] == [
        ("base-image", "SUSPECTED"),
        ("build-arg", "SUSPECTED"),
    ]
