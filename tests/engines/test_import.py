"""What real engines leave behind agrees with what a recorder saw of the same builds."""

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from engines.running import LAYERFORK, layerfork
from imports.agreement import KEY, disagreements
from today import engines_of_today

from layerfork.app.compare.comparison import diff_files
from layerfork.builders.imports.recognition import import_file
from layerfork.record.answer import CauseStatus
from layerfork.record.store.recordfile import read_records

pytestmark = pytest.mark.engine

MAKE = Path(__file__).parents[1] / "imports" / "make.sh"
LEAST = {"20.10": 6, "26.1": 8, "28.5+containerd": 20}
"""How many files of one build each engine leaves behind at least."""


@pytest.mark.parametrize("engine", engines_of_today(*LEAST))
def test_every_form_agrees_with_the_record_of_the_build(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP", str(tmp_path / "app"))
    out = tmp_path / "out"
    done = layerfork(
        "engines", "run", f"private:{engine}", "--", "sh", MAKE, LAYERFORK, out, f"engine-{engine}"
    )
    assert done.returncode == 0, done.stderr

    compared = 0
    for records in sorted(out.glob("*.records.jsonl")):
        builds = read_records(records)
        for ending in ("log", "dockerbuild", "json"):
            file = records.with_name(f"{records.name.removesuffix('.records.jsonl')}.{ending}")
            if len(builds) == 1 and file.exists():
                (imported,) = import_file(file, KEY)
                assert disagreements(imported, builds[0]) == [], file.name
                compared += 1
    assert compared >= LEAST[engine]


SCRIPT = """
set -eu
layerfork=$1 out=$2 app=$3
cd "$app"
build() {  # build NAME COMMIT OPTION...: a job that checks out and builds, and the record of its build
    name=$1 commit=$2; shift 2
    git reset -q --hard "$commit"
    "$layerfork" record --engine host -o "$out/$name.jsonl" -- sh -c \\
        'log=$1; shift; { git reset --hard HEAD; docker build "$@" .; } > "$log" 2>&1' \\
        sh "$out/$name.log" "$@" 2> /dev/null
}
"""
JOBS = ("first", "file", "argument", "line", "same")
"""What each build changes: a file, a build argument, a line of the Dockerfile, nothing."""


@pytest.mark.parametrize("builder", ["0", "1"])
@pytest.mark.parametrize("engine", engines_of_today("20.10", "26.1", "28.5"))
def test_two_logs_name_the_step_that_missed_and_suspect_only_what_changed(
    engine: str, builder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records of the same builds are the truth; what only they show is unexplained in the logs."""
    app, out = tmp_path / "app", tmp_path / "out"
    out.mkdir()
    commits = make_project(app)
    script = tmp_path / "script.sh"
    script.write_text(
        SCRIPT
        + f"build first {commits[0]}\nbuild file {commits[1]}\nbuild argument {commits[1]} --build-arg V=2\n"
        f"build line {commits[2]} --build-arg V=2\nbuild same {commits[2]} --build-arg V=2\n"
    )
    done = layerfork(
        *("engines", "run", f"private:{engine}", "--", "sh", script, LAYERFORK, out, app),
        DOCKER_BUILDKIT=builder,
        BUILDKIT_PROGRESS="plain",
        XDG_STATE_HOME=str(tmp_path / "state"),
    )
    assert done.returncode == 0, done.stderr
    monkeypatch.chdir(app)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    for writer, reader in pairwise(JOBS):
        (truth,) = diff_files(str(out / f"{writer}.jsonl"), str(out / f"{reader}.jsonl"))
        (found,) = diff_files(str(out / f"{writer}.log"), str(out / f"{reader}.log"))
        assert found.unproven is not None
        blamed = {
            step.step: [(each.code, each.status) for each in step.suspicions]
            for step in found.unproven.missed
            if not step.follows
        }
        assert blamed == EXPECTED[reader, builder], reader
        assert {fork.step for fork in truth.judgement.forks} <= blamed.keys(), reader


SUSPECTED, UNEXPLAINED = CauseStatus.SUSPECTED, CauseStatus.UNEXPLAINED
EXPECTED: dict[tuple[str, str], dict[int, list[tuple[str, CauseStatus]]]] = {
    ("file", "0"): {3: [("content", SUSPECTED)]},
    ("file", "1"): {2: [("content", SUSPECTED)]},
    ("argument", "0"): {4: [("unexplained", UNEXPLAINED)]},
    ("argument", "1"): {3: [("unexplained", UNEXPLAINED)], 4: [("instruction", SUSPECTED)]},
    ("line", "0"): {6: [("instruction", SUSPECTED)]},
    ("line", "1"): {5: [("instruction", SUSPECTED)]},
    ("same", "0"): {},
    ("same", "1"): {},
}
"""What the logs of each builder lead to: suspicions of each step that missed by itself. BuildKit prints the
value of an argument that a command names, the classic builder its name."""


def make_project(app: Path) -> tuple[str, ...]:
    """Three commits: all files, another file, another line."""
    (app / "src").mkdir(parents=True)
    texts = (
        {"Dockerfile": DOCKERFILE, ".dockerignore": ".git\n", "src/a": "1\n", "src/b": "1\n"},
        {"src/a": "2\n", "notes": "x\n"},
        {"Dockerfile": DOCKERFILE.replace("echo done", "echo DONE")},
    )
    ids = []
    for number, files in enumerate(texts):
        for name, text in files.items():
            (app / name).write_text(text)
        ids.append(commit_all(app, number))
    return tuple(ids)


DOCKERFILE = """\
FROM alpine
ARG V=1
COPY src /src
RUN cat /src/a > /a
RUN echo version $V > /v
RUN echo done
"""


def commit_all(app: Path, number: int) -> str:
    git = ("git", "-C", str(app), "-c", "user.name=a", "-c", "user.email=a@example.com")
    if not number:
        subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", f"change {number}"], check=True)
    shown = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return shown.stdout.strip()
