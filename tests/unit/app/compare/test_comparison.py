"""Records read from files: which are meant, and what is said of two of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.app.compare.comparison import diff_files, diff_records
from layerfork.app.records import show_records
from layerfork.errors import EvidenceError, UsageError
from layerfork.record.answer import CauseStatus, Verdict
from layerfork.record.build import Builder
from layerfork.record.engine import ImageFacts
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    IdentitySource,
    RecordedRequest,
    StepRecord,
    StepStatus,
    identities_of,
)
from layerfork.record.store.recordfile import RecordFile

HIT, MISS = StepStatus.HIT, StepStatus.MISS
BASE = "sha256:" + "b" * 64


def record(name: str, run: str = "true", status: StepStatus = MISS, token: str = "") -> BuildRecord:
    """A classic build of one RUN; with a token the RUN has an argument, whose value is hidden."""
    dockerfile = f"FROM base\n{'ARG TOKEN' + chr(10) if token else ''}RUN {run}\n"
    texts = [line for line in dockerfile.splitlines() if line]
    arguments = f"|1 TOKEN={token} " if token else ""
    return BuildRecord(
        id=name,
        recorded_at="2026-01-01T00:00:00Z",
        builder=Builder.CLASSIC,
        redaction_key_id="one-machine",
        request=RecordedRequest(dockerfile=dockerfile, build_args=(("TOKEN", token),) if token else ()),
        steps=tuple(
            StepRecord(
                index=number,
                instruction=text,
                status=HIT if number < len(texts) else status,
                identity=BASE if number < len(texts) else "sha256:" + (name[0] * 64),
                created_by=f"{arguments}/bin/sh -c {run}" if text.startswith("RUN") else "",
            )
            for number, text in enumerate(texts, 1)
        ),
        base_images=(("base", ImageFacts(image_id=BASE, history=(), diff_ids=())),),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "odd#name.jsonl"
    with RecordFile(path) as written:
        for name, run in (("a1", "true"), ("b2", "true"), ("c3", "other")):
            written.add(record(name, run, HIT if name == "b2" else MISS))
    return str(path)


def shown(word: str) -> list[str]:
    return [report.record.id for report in show_records(word)]


def test_a_file_is_all_its_builds_and_a_number_is_one_of_them(file: str) -> None:
    assert shown(file) == ["a1", "b2", "c3"]
    assert shown(f"{file}#2") == ["b2"]


@pytest.mark.parametrize("number", ["4", "99"])
def test_a_number_that_is_not_there_is_named(file: str, number: str) -> None:
    with pytest.raises(UsageError, match=f"3 builds, .* no build {number}"):
        show_records(f"{file}#{number}")


@pytest.mark.parametrize("ending", ["#0", "#x", "#-1"])
def test_what_is_no_number_belongs_to_the_name(file: str, ending: str) -> None:
    with pytest.raises(EvidenceError, match="cannot read"):
        show_records(file + ending)


def test_a_file_without_builds_says_how_to_record_one(tmp_path: Path) -> None:
    with RecordFile(tmp_path / "empty") as written:
        written.add_note({"row": 1})
    with pytest.raises(EvidenceError, match="contains no build") as raised:
        show_records(str(tmp_path / "empty"))
    assert "layerfork record" in str(raised.value)


def test_records_are_shown_as_they_were_and_what_is_computed_beside_them(file: str, tmp_path: Path) -> None:
    """Facts stay facts: nothing that the model computes gets into a record."""
    report = show_records(file)[0]
    assert report.record == record("a1")
    shown = identities_of(report.record.steps, report.computed_identities)
    assert {identity.source for identity in shown.values()} == {IdentitySource.OBSERVED}
    silent = replace(record("d4"), steps=tuple(replace(each, identity="") for each in record("d4").steps))
    with RecordFile(tmp_path / "silent") as written:
        written.add(silent)
    (report,) = show_records(str(tmp_path / "silent"))
    assert report.record == silent
    shown = identities_of(report.record.steps, report.computed_identities)
    assert {index: identity.source for index, identity in shown.items()} == {
        1: IdentitySource.COMPUTED,
        2: IdentitySource.COMPUTED,
    }


def test_the_last_build_of_a_file_is_meant_unless_a_number_says_otherwise(file: str) -> None:
    (report,) = diff_files(f"{file}#1", file)
    assert (report.writer, report.reader) == (f"{file}#1", file)
    assert [step.instruction for step in report.reader_steps] == ["FROM base", "RUN other"]
    assert report.judgement.verdict is Verdict.FORKED
    (fork,) = report.judgement.forks
    assert fork.step == 2
    assert [(cause.code, cause.status) for cause in fork.causes] == [("instruction", CauseStatus.PROVEN)]
    (same,) = (report.judgement for report in diff_files(f"{file}#1", f"{file}#2"))
    assert (same.verdict, same.forks) == (Verdict.REUSED, ())


def test_hidden_values_compare_on_one_machine() -> None:
    """They differ, but what the builder made of the values themselves cannot be computed again."""
    writer, reader = record("a1", token="hidden:1111"), record("c3", token="hidden:2222")
    (fork,) = diff_records(writer, reader, "w", "r").judgement.forks
    assert [(cause.code, cause.status) for cause in fork.causes] == [("build-arg", CauseStatus.SUSPECTED)]
    same = diff_records(writer, replace(writer, id="a2"), "w", "r").judgement
    assert (same.verdict, same.forks) == (Verdict.REUSED, ())


def test_hidden_values_of_two_machines_prove_nothing() -> None:
    """The stand-ins are made with two keys: equal or not, they say nothing about the values."""
    writer = record("a1", token="hidden:1111")
    for token in ("hidden:1111", "hidden:2222"):
        reader = replace(record("c3", token=token), redaction_key_id="another-machine")
        (fork,) = diff_records(writer, reader, "w", "r").judgement.forks
        assert all(cause.status is not CauseStatus.PROVEN for cause in fork.causes)
        assert any("TOKEN" in line for cause in fork.causes for line in (cause.text, *cause.evidence))


def test_what_is_not_hidden_is_proven_between_two_machines() -> None:
    writer = record("a1")
    reader = replace(record("c3", "other"), redaction_key_id="another-machine")
    (fork,) = diff_records(writer, reader, "w", "r").judgement.forks
    assert [(cause.code, cause.status) for cause in fork.causes] == [("instruction", CauseStatus.PROVEN)]
