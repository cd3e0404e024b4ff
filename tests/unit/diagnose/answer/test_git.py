"""Git is spoken of only where it has the files, and only where it has them as they were sent before."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from unit.diagnose.answer.test_patterns import answer, cause, digest, entry, only, record

from layerfork.builders.recording.filesondisk import digest_in_index
from layerfork.record.answer import Situation
from layerfork.record.context import Digest, EntryType
from layerfork.record.record import BuildPlace

LOCK = "package-lock.json"
CHANGED = cause("content", (LOCK, digest("1"), digest("2")))
GONE = cause("entry-missing", ("d", "x", None), ("d/y", "x", None))
DIRECTORY = replace(entry("d"), type=EntryType.DIRECTORY)


@pytest.mark.parametrize(
    ("kept", "command"),
    [(digest("1"), f"git checkout -- {LOCK}"), (digest("2"), ""), (None, "")],
    ids=["as before", "as now: it was committed", "no git"],
)
def test_a_lock_file_is_taken_from_git_if_that_brings_it_back(kept: Digest | None, command: str) -> None:
    made = answer(
        CHANGED,
        writer=record([entry(LOCK, "1")]),
        reader=record([entry(LOCK, "2")]),
        index=lambda *_: kept,
    )
    assert only(made).fix.command == command
    assert (
        only(made).fix.sentence
        == f"if the change was not intended: {f'`{command}`' if command else f'restore {LOCK}'}"
    )


def test_of_a_directory_that_is_gone_git_brings_back_the_files() -> None:
    def made(kept: str) -> str:
        writer = record([DIRECTORY, entry("d/y", "1")])
        index = {"d/y": digest(kept)}
        return only(
            answer(GONE, writer=writer, reader=record(), index=lambda _, path: index.get(path))
        ).fix.command

    assert made("1") == "git checkout -- d/y"
    assert made("2") == ""


def test_machines_are_told_of_git_where_it_has_the_file() -> None:
    def said(kept: bool) -> str:
        made = answer(
            CHANGED,
            reader=record([entry(LOCK, "2")]),
            situation=Situation.MACHINES,
            index=lambda *_: digest("3") if kept else None,
        )
        return only(made).fix.sentence

    assert (
        said(True)
        == f"build both from the same commit: `git status --short {LOCK}` on each machine shows local edits"
    )
    assert said(False) == f"build both from the same version of {LOCK}"


def test_what_git_has_is_its_index(tmp_path: Path) -> None:
    place = tmp_path / "project"
    (place / "sub").mkdir(parents=True)
    for path, text in (("sub/a b", "one\n"), ("sub/new", "new\n")):
        (place / path).write_text(text)
    made = replace(record(), place=BuildPlace(directory=str(place / "sub")))
    assert digest_in_index(made, "a b") is None, "no repository"

    for words in (("init", "-q"), ("add", "sub/a b")):
        subprocess.run(["git", *words], cwd=place, check=True)
    (place / "sub/a b").write_text("two\n")

    printed = subprocess.run(["sha256sum"], input=b"one\n", capture_output=True, check=True).stdout.split()[0]
    assert digest_in_index(made, "a b") == f"sha256:{printed.decode()}"
    assert digest_in_index(made, "new") is None
    assert digest_in_index(record(), "a b") is None, "the directory is not known"
    assert digest_in_index(replace(made, place=BuildPlace(directory=str(place / "gone"))), "a b") is None


def test_no_git_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert digest_in_index(replace(record(), place=BuildPlace(directory=str(tmp_path))), "a") is None
