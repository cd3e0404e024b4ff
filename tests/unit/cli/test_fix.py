"""`layerfork fix` as a person types it, on recorded builds of real engines; nothing is built."""

import json
import signal
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from corpus.make import path_of
from corpus.pairs import PAIRS

from layerfork.app.fix import fixing
from layerfork.app.fix.projectcopy import Tried, TryOptions
from layerfork.cli import call
from layerfork.cli.root import root
from layerfork.errors import EngineError, ExitCode, UsageError
from layerfork.record.fixing import Fate
from layerfork.record.record import BuildPlace, BuildRecord, StepStatus
from layerfork.record.store.recordfile import read_records
from layerfork.record.store.store import open_store, project_of
from layerfork.record.store.summary import keep_summary, known_build

BY_NAME = {pair.name: pair for pair in PAIRS}
INSTALL = """\
diff --git a/Dockerfile b/Dockerfile
--- a/Dockerfile
+++ b/Dockerfile
@@ -1,5 +1,6 @@
 FROM alpine
 WORKDIR /w
+COPY package.json package-lock.json ./
+RUN echo npm ci
 COPY . .
-RUN echo npm ci
 RUN echo end
"""
SECRET = "ghp_" + "a1B2" * 9


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    place = tmp_path / "project"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def recorded(name: str, project: Path) -> str:
    """The file of a pair of builds, whose Dockerfile lies in the project."""
    path = path_of(BY_NAME[name])
    *_, reader = read_records(path)
    (project / "Dockerfile").write_text(reader.request.dockerfile or "")
    return str(path)


def fix(*words: str) -> Result:
    """As `call` does it, with the exit code that the process would have."""
    runner = CliRunner()
    result = runner.invoke(root, ["fix", *words], prog_name="layerfork", standalone_mode=False)
    if result.exception is None:
        result.exit_code = int(result.return_value)
    return result


@pytest.mark.parametrize("name", ["buildkit-content-before-install", "classic-content-before-install"])
def test_the_edit_is_a_patch_that_git_applies(name: str, project: Path) -> None:
    file = recorded(name, project)
    result = fix("--record", file)
    assert result.exit_code == 1, result.output
    assert INSTALL in result.output
    assert "  predicted: line 4 RUN echo npm ci reused, " in result.output
    for text in (result.output, fix("--record", file, "--patch", "-").output):
        done = subprocess.run(
            ["git", "apply", "--check", "-"], cwd=project, input=text, text=True, check=False
        )
        assert done.returncode == 0
    assert fix("--record", file, "--patch", "-").output == INSTALL


def test_a_patch_is_written_where_it_was_asked_for(project: Path) -> None:
    result = fix("--record", recorded("buildkit-content-before-install", project), "--patch", "fix.patch")
    assert result.exit_code == 1
    assert (project / "fix.patch").read_text() == INSTALL


@pytest.mark.parametrize(
    ("name", "reused", "edits"),
    [
        ("buildkit-build-arg-commit", ["RUN echo apk add git"], "Dockerfile"),
        ("classic-build-arg-commit", ["RUN echo apk add git"], "Dockerfile"),
        ("buildah-build-arg", ["RUN echo used"], "Dockerfile"),
        ("buildkit-env", ["RUN echo used"], "Dockerfile"),
        ("buildkit-content-git", ["COPY . /all", "RUN echo end"], ".dockerignore"),
        ("buildkit-content-node-modules", ["COPY . /all", "RUN echo end"], ".dockerignore"),
        ("buildkit-entry-extra-pycache", ["COPY . /all", "RUN echo end"], ".dockerignore"),
    ],
)
def test_the_model_says_which_steps_come_back(
    name: str, reused: list[str], edits: str, project: Path
) -> None:
    result = fix("--record", recorded(name, project), "--format", "json")
    document = json.loads(result.output)
    (proposal,) = document["builds"][0]["proposals"]
    assert (result.exit_code, document["schema"], document["exit"]) == (1, "layerfork/fix/1", 1)
    assert [step["instruction"] for step in proposal["predicted"]["reused"]] == reused
    assert proposal["predicted"]["unknown"] is None
    assert [Path(file["path"]).name for file in proposal["files"]] == [edits]
    assert (proposal["fate"], proposal["after"], proposal["seconds_saved"]) == ("proposed", None, None)


def test_what_a_raw_tar_leaves_out_is_not_predicted(project: Path) -> None:
    """Whoever made that tar reads its ignore file in a way of their own, or not at all."""
    result = fix("--record", recorded("classic-entry-extra", project))
    assert "  predicted reuse is unknown: how this client reads its ignore file" in result.output


def test_a_file_that_is_not_what_was_built_gets_no_patch(project: Path) -> None:
    file = recorded("buildkit-content-before-install", project)
    (project / "Dockerfile").write_text("FROM alpine\n")
    result = fix("--record", file)
    assert result.exit_code == 1
    assert "diff --git" not in result.output
    assert "no patch: line 4 of Dockerfile is not what it was" in result.output
    refused = fix("--record", file, "--apply", "--no-verify", "--force")
    assert "  refused: line 4 of Dockerfile is not what it was" in refused.output


def test_a_secret_beside_an_edit_is_in_the_patch_file_alone(project: Path) -> None:
    file = recorded("buildkit-content-before-install", project)
    text = (project / "Dockerfile").read_text()
    (project / "Dockerfile").write_text(f"{text}ENV TOKEN={SECRET}\n")
    for words in ((), ("--format", "json")):
        assert SECRET not in fix("--record", file, *words).output
    assert f" ENV TOKEN={SECRET}\n" in fix("--record", file, "--patch", "-").output


def test_edits_are_made_at_once_where_nobody_wants_them_verified(project: Path) -> None:
    file = recorded("buildkit-content-before-install", project)
    refused = fix("--record", file, "--apply", "--no-verify")
    assert (refused.exit_code, (project / "Dockerfile").read_text().count("COPY")) == (1, 1)
    assert "  refused: Dockerfile is not in a git repository" in refused.output
    done = fix("--record", file, "--apply", "--no-verify", "--force")
    assert "  edited: Dockerfile; not verified" in done.output
    assert (project / "Dockerfile").read_text().count("COPY") == 2


def test_where_all_is_as_it_should_be_nothing_is_left(project: Path) -> None:
    result = fix("--record", recorded("buildkit-content", project))
    assert result.exit_code == 0, result.output
    assert "fix: nothing to fix: this step reads the edited files" in result.output
    assert "left to you" not in result.output


def test_a_change_that_may_have_been_meant_is_left_to_a_person(project: Path) -> None:
    file = recorded("buildkit-build-arg-expanded", project)
    result = fix("--record", file)
    assert "left to you: the change may be intended" in result.output
    assert result.output.splitlines()[-1].startswith("the fork is left to you: Dockerfile:")
    assert result.exit_code == 1, result.output
    assert "the fork is left to you" in fix("--record", file, "--patch", "-").output


def test_builds_of_two_files_are_compared(project: Path) -> None:
    file = recorded("buildkit-content-before-install", project)
    result = fix("--record", f"{file}#1", "--record", f"{file}#2")
    assert (result.exit_code, INSTALL in result.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--force",), "--force needs --apply"),
        (("--no-verify",), "--no-verify needs --apply"),
        ((".", "--", "make"), "cannot be combined"),
        (("--",), "no command after --"),
        (("a", "b"), "give one PATH"),
        (("nowhere",), "no directory nowhere"),
        (("--record", "x", "."), "--record cannot be combined with a PATH"),
        (("--patch", "nowhere/fix.patch"), "no directory nowhere"),
        (("--record", "nowhere.jsonl"), "nowhere.jsonl"),
        ((".",), "no build of . was recorded yet"),
        (("--", "make", "image"), "no build of make image was recorded yet"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_done(
    words: tuple[str, ...], says: str, project: Path
) -> None:
    result = fix(*words)
    assert result.exception is not None
    assert says in str(result.exception)
    assert getattr(result.exception, "exit_code", 0) == UsageError.exit_code


def kept(name: str, project: Path) -> list[BuildRecord]:
    """A pair of builds, as `why` would have kept it of the project; the records."""
    path = path_of(BY_NAME[name])
    place = BuildPlace(directory=str(project.resolve()), ran_in=str(project.resolve()))
    records = [
        replace(record, place=place, client=replace(record.client, argv=("docker", "build", ".")))
        for record in read_records(path)
    ]
    (project / "Dockerfile").write_text(records[-1].request.dockerfile or "")
    for record in records:
        keep(record)
    return records


def keep(record: BuildRecord) -> None:
    path = open_store().add(project_of(Path(record.place.directory), record), record)
    keep_summary(known_build(path, record, record.id, ""))


@pytest.mark.parametrize("words", [(), (".",), ("--", "docker", "build", ".")])
def test_the_last_fork_is_that_of_the_kept_builds(words: tuple[str, ...], project: Path) -> None:
    *_, reader = kept("buildkit-content-before-install", project)
    again = replace(reader, id="a" * 8, recorded_at=later(reader))
    keep(replace(again, steps=tuple(replace(step, status=StepStatus.HIT) for step in reader.steps)))
    result = fix(*words)
    assert (result.exit_code, INSTALL in result.output) == (1, True), result.output


def test_a_fork_of_another_dockerfile_is_of_the_past(project: Path) -> None:
    *_, reader = kept("buildkit-content-before-install", project)
    request = replace(reader.request, dockerfile="FROM alpine\nRUN echo other\n")
    keep(replace(reader, id="a" * 8, recorded_at=later(reader), request=request, steps=(), definition=None))
    result = fix()
    assert (result.exit_code, result.output) == (
        0,
        "nothing to fix: no recorded build missed a step\n",
    )


def test_a_line_that_is_there_already_is_not_added_again(project: Path) -> None:
    kept("buildkit-content-git", project)
    (project / ".dockerignore").write_text(".git\n")
    result = fix()
    assert "no patch: .dockerignore has `.git` already" in result.output


def later(record: BuildRecord) -> str:
    return (datetime.fromisoformat(record.recorded_at) + timedelta(hours=1)).isoformat()


def test_one_that_cannot_be_tried_is_said_and_nothing_is_lost(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(options: TryOptions, say: object) -> None:
        raise EngineError("no engine came up", hint="start one")

    monkeypatch.setattr(fixing, "try_remedy", fails)
    result = fix("--record", recorded("buildkit-content-before-install", project), "--apply", "--force")
    assert result.exit_code == 3
    assert "not verified, so nothing was edited: no engine came up" in result.output


def test_a_file_that_was_edited_during_the_builds_stays(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def takes_long(options: TryOptions, say: object) -> Tried:
        (project / "Dockerfile").write_text("FROM mine\n")
        return Tried(fate=Fate.VERIFIED)

    monkeypatch.setattr(fixing, "try_remedy", takes_long)
    result = fix("--record", recorded("buildkit-content-before-install", project), "--apply", "--force")
    assert result.exit_code == 1
    assert "refused: Dockerfile was edited in the meantime" in result.output
    assert (project / "Dockerfile").read_text() == "FROM mine\n"


def test_a_patch_says_where_it_belongs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept("buildkit-content-before-install", project)
    monkeypatch.chdir(project.parent)
    assert f"the patch is for {project.resolve()}: git apply there" not in fix("project").output
    assert "--- a/project/Dockerfile\n" in fix("project").output
    (project.parent / "other").mkdir()
    monkeypatch.chdir(project.parent / "other")
    result = fix("../project")
    assert f"the patch is for {project.resolve()}: git apply there" in result.output
    assert "--- a/Dockerfile\n" in result.output


def test_a_command_runs_in_no_other_directory_than_the_context(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[object] = []
    monkeypatch.setattr(fixing, "run_in", lambda *words: ran.append(words))
    file = recorded("classic-mode", project)
    result = fix("--record", file, "--apply", "--no-verify")
    assert "refused: the context's directory is not " in result.output
    assert not ran


@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.default_int_handler])
def test_an_interrupt_ends_a_fix_also_where_a_script_had_it_ignored(
    before: Any, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell ignores SIGINT for what ends in `&`; an edit under way must not be half interrupted."""
    file = recorded("buildkit-content-before-install", project)

    def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(fixing, "try_remedy", interrupted)
    kept = signal.signal(signal.SIGINT, before)
    try:
        assert call(["fix", "--apply", "--force", "--record", file]) == ExitCode.INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, kept)
