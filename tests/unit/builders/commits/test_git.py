"""No call of ours runs a program that a repository names."""

import contextlib
import os
import re
from pathlib import Path

import pytest
from unit.builders.commits.repositories import MadeRepository, new_repository

from layerfork.builders.commits import git
from layerfork.builders.commits.checkout import converted_files
from layerfork.builders.commits.commitlist import commits_of, find_repository
from layerfork.builders.commits.objects import Blobs, Trees, texts_of
from layerfork.builders.environments.served import make_repository
from layerfork.builders.machinechecks import examine_settings
from layerfork.builders.process import find_program
from layerfork.builders.projectedits import RefusedError, check_editable
from layerfork.builders.recording.filesondisk import digest_in_index
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.fixing import FilePatch
from layerfork.record.record import BuildOutcome, BuildPlace, BuildRecord, BuildResult

pytestmark = pytest.mark.skipif(find_program("git") is None, reason="there is no git on this machine")

SOURCES = Path(__file__).parents[4] / "src" / "layerfork"
HOOKS = (
    *("post-index-change", "reference-transaction", "post-checkout", "pre-commit", "commit-msg"),
    *("prepare-commit-msg", "post-commit", "pre-auto-gc", "fsmonitor-watchman", "post-rewrite"),
)
NAMED = (
    *("core.fsmonitor", "core.pager", "pager.log", "pager.status", "core.editor", "core.sshCommand"),
    *("core.gitProxy", "core.askPass", "core.alternateRefsCommand", "credential.helper", "diff.external"),
    *("gpg.program", "gpg.ssh.program", "interactive.diffFilter", "sequence.editor", "trailer.x.command"),
    *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv"),
    *("diff.evil.command", "merge.evil.driver", "uploadpack.packObjectsHook", "remote.origin.uploadpack"),
)
"""git Documentation/config, v2.47.0: what is a command line."""


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A program that leaves a trace beside itself."""
    program = tmp_path / "canary"
    program.write_text(f'#!/bin/sh\necho "$0" "$@" >> {tmp_path}/ran\nexec cat\n')
    program.chmod(0o755)
    return program


def hostile(directory: Path, canary: Path) -> MadeRepository:
    """A repository with two commits that names the canary wherever git takes a program from."""
    made = new_repository(directory)
    (directory / ".gitattributes").write_text("*.bin filter=evil diff=evil merge=evil\n")
    (directory / "Dockerfile").write_text("FROM scratch\n")
    (directory / "a.bin").write_text("one\n")
    made.commit("one")
    (directory / "a.bin").write_text("two\n")
    made.commit("two")
    for name in NAMED:
        made.git("config", name, str(canary))
    for name, value in (
        ("log.showSignature", "true"),
        ("core.splitIndex", "true"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::{canary} %S"),
        ("protocol.ext.allow", "always"),
    ):
        made.git("config", name, value)
    hooks = directory / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in HOOKS:
        (hooks / name).symlink_to(canary)
    return made


def recorded_in(directory: Path) -> BuildRecord:
    """A build of that directory."""
    return BuildRecord(
        id="x",
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.CLASSIC,
        place=BuildPlace(directory=str(directory)),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


def traces(canary: Path) -> list[str]:
    """What the canary was called for."""
    trace = canary.with_name("ran")
    return trace.read_text().splitlines() if trace.exists() else []


def test_the_canary_sings(tmp_path: Path, canary: Path) -> None:
    """The repository is as hostile as it is meant to be: git itself runs what it names."""
    made = hostile(tmp_path / "r", canary)
    made.git("read-tree", "HEAD")
    os.utime(made.directory / "a.bin", (1, 1))
    made.git("status")
    ran = "\n".join(traces(canary))
    assert "post-index-change" in ran
    assert str(canary) in ran


@pytest.mark.parametrize("lazy", ["1", "0"])
def test_reading_commits_runs_nothing(
    tmp_path: Path, canary: Path, lazy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``0``: as a git that knows no ``GIT_NO_LAZY_FETCH``."""
    monkeypatch.setitem(git._ENVIRONMENT, "GIT_NO_LAZY_FETCH", lazy)
    made = hostile(tmp_path / "r", canary)
    before = {path.name for path in (made.directory / ".git").iterdir()}
    repository = find_repository(made.directory)
    trees = Trees(repository)
    for commit in commits_of(repository, "HEAD~1..HEAD"):
        rows = tuple(trees.rows(commit.id).values())
        assert converted_files(repository, commit.id, rows) == {"a.bin": "filter=evil"}
        Blobs(repository, tmp_path / "caches").find(row.object_id for row in rows)
    assert texts_of(repository, ["HEAD:a.bin"]) == {"HEAD:a.bin": b"two\n"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made.directory)
        list(examine_settings({}))
    assert digest_in_index(recorded_in(made.directory), "a.bin") is not None
    # What is missing is not fetched. A git that does not know GIT_NO_LAZY_FETCH starts a fetch that
    # refuses the remote at once, and may die of the pipe that it still writes to.
    with contextlib.suppress(UsageError) if lazy == "0" else contextlib.nullcontext():
        texts_of(repository, ["1" * 40])
    assert traces(canary) == []
    assert {path.name for path in (made.directory / ".git").iterdir()} == before


def test_editing_runs_nothing(tmp_path: Path, canary: Path) -> None:
    made = hostile(tmp_path / "r", canary)
    os.utime(made.directory / "a.bin", (1, 1))
    for name in ("Dockerfile", "a.bin"):
        path = made.directory / name
        patch = FilePatch(path=str(path), name=name, before=path.read_bytes(), after=b"new")
        check_editable([patch], made.directory, force=False)
    (made.directory / "a.bin").write_text("three\n")
    with pytest.raises(RefusedError, match="uncommitted changes"):
        check_editable([patch], made.directory, force=False)
    assert traces(canary) == []


def test_serving_a_context_runs_nothing(tmp_path: Path, canary: Path) -> None:
    context = tmp_path / "context"
    hostile(context, canary)
    hostile(context / "below", canary)
    assert make_repository(context, tmp_path / "served.git", tmp_path / "context.tar")
    assert traces(canary) == []


def test_a_filter_whose_name_cannot_be_said_is_refused(tmp_path: Path, canary: Path) -> None:
    made = hostile(tmp_path / "r", canary)
    with (made.directory / ".git" / "config").open("a") as file:
        file.write(f'[filter "a=b"]\n\tclean = {canary}\n')
    (made.directory / ".gitattributes").write_text("*.bin filter=a=b\n")
    path = made.directory / "a.bin"
    os.utime(path, (1, 1))
    patch = FilePatch(path=str(path), name="a.bin", before=path.read_bytes(), after=b"new")
    with pytest.raises(RefusedError):
        check_editable([patch], made.directory, force=False)
    assert traces(canary) == []


def test_git_is_called_in_one_place() -> None:
    first = re.compile(r"""[(\[]\s*["']git["']\s*,(?! "--version"\))""")
    calls = {
        str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.py") if first.search(path.read_text())
    }
    # The other is a list of packages.
    assert calls == {"builders/commits/git.py", "builders/debian/packages.py"}
