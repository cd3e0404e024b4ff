"""Imported records beside others: nothing is claimed that one of the two does not tell."""

import json
from itertools import permutations
from pathlib import Path

import pytest
from click.testing import CliRunner

from layerfork.app.compare.comparison import diff_records
from layerfork.builders.imports.recognition import import_file
from layerfork.cli.root import root
from layerfork.errors import UsageError
from layerfork.record.answer import CauseStatus
from layerfork.record.record import BuildRecord
from layerfork.record.run import DiffReport
from layerfork.record.store.recordfile import read_records

LEFT = Path(__file__).parents[2] / "imports" / "left"
KEY = b"0" * 32
LOGS = (
    "engine-28.5-plain.log",
    "engine-28.5+containerd-plain-again.log",
    "engine-28.5-raw.log",
    "engine-26.1-raw.log",
    "engine-28.5-plain-fails.log",
)
RICH = ("engine-28.5-meta.dockerbuild", "engine-28.5-meta.json", "engine-28.5+containerd-slsa-v1.json")
LIVE = ("engine-28.5-plain.records.jsonl", "engine-28.5-meta.records.jsonl")


def record(name: str) -> BuildRecord:
    if name.endswith(".records.jsonl"):
        return read_records(LEFT / name)[-1]
    return import_file(LEFT / name, KEY)[0]


def diff(writer: str, reader: str) -> DiffReport:
    return diff_records(record(writer), record(reader), writer, reader)


def codes(report: DiffReport, status: CauseStatus) -> set[str]:
    return {cause.code for fork in report.judgement.forks for cause in fork.causes if cause.status is status}


@pytest.mark.parametrize("reader", LOGS)
@pytest.mark.parametrize("other", [*LOGS, *RICH, *LIVE])
def test_a_log_proves_nothing_and_names_no_cause_but_other_steps(other: str, reader: str) -> None:
    for report in (diff(other, reader), diff(reader, other)):
        assert codes(report, CauseStatus.PROVEN) == set()
        assert codes(report, CauseStatus.SUSPECTED) <= {
            "instruction",
            "instruction-order",
            "cache-empty",
            "cache-record-gone",
            "cache-off",
            "base-image",
        }
        warned = {caution.code for caution in report.judgement.warnings}
        assert "incomplete-record" in warned


@pytest.mark.parametrize("name", [*LOGS, *RICH])
def test_a_build_beside_itself_differs_in_nothing(name: str) -> None:
    stem = name.rpartition(".")[0]
    beside = [name]
    if (LEFT / f"{stem}.records.jsonl").exists():
        beside.append(f"{stem}.records.jsonl")
    for other in beside:
        for pair in ((name, other), (other, name)):
            forks = diff(*pair).judgement.forks
            told = [cause for fork in forks for cause in fork.causes]
            # What missed, missed: no difference between a build and itself can be the reason.
            assert {cause.code for cause in told} <= {
                "unexplained",
                "cache-empty",
                "cache-record-gone",
                "cache-off",
            }, pair


def test_an_argument_below_a_copy_of_unknown_files_is_suspected() -> None:
    """Two definitions show it; but the COPY above may have been reused from a third build."""
    exports = "engine-28.5-small-5.dockerbuild", "engine-28.5-small-6.dockerbuild"
    for writer in (exports[0], "engine-28.5-small-5.records.jsonl"):
        report = diff(writer, exports[1])
        (fork,) = report.judgement.forks
        (cause,) = fork.causes
        assert (fork.step, cause.code, cause.status) == (4, "build-arg", CauseStatus.SUSPECTED)
        assert (cause.writer, cause.reader) == ("5", "6")


def test_provenance_is_not_said_to_have_missed_what_it_may_have_reused() -> None:
    """Its steps that have the writer's keys are no forks, whatever became of them."""
    report = diff("engine-28.5-plain.records.jsonl", "engine-28.5-meta.json")
    assert {fork.step for fork in report.judgement.forks} == {5}


def test_hidden_values_of_two_keys_are_not_compared() -> None:
    name = "engine-28.5-meta.dockerbuild"
    one, other = import_file(LEFT / name, KEY)[0], import_file(LEFT / name, b"1" * 32)[0]
    for writer, reader in permutations((one, other)):
        report = diff_records(writer, reader, "writer", "reader")
        assert codes(report, CauseStatus.PROVEN) == set()


def invoke(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(root, words, prog_name="layerfork", standalone_mode=False)
    return int(result.return_value or 0), result.output


def test_the_command_writes_records_that_show_and_diff_read(tmp_path: Path) -> None:
    written = tmp_path / "ci.jsonl"
    code, _ = invoke(
        "import",
        str(LEFT / "engine-28.5-meta.dockerbuild"),
        str(LEFT / "engine-28.5-raw.log"),
        "-o",
        str(written),
    )
    assert code == 0
    assert [each.imported_from for each in read_records(written)] == [
        "build history export (.dockerbuild)",
        "BuildKit progress (rawjson)",
    ]
    assert "imported  build history export" in invoke("show", f"{written}#1")[1]
    assert invoke("diff", f"{written}#1", f"{written}#1")[0] == 1


def test_without_a_file_the_records_are_printed() -> None:
    code, output = invoke("import", str(LEFT / "engine-28.5-raw.log"))
    assert code == 0
    assert "RUN" in output
    code, output = invoke("import", str(LEFT / "engine-28.5-raw.log"), "--format", "json")
    lines = [line for line in output.splitlines() if line.startswith("{")]
    assert json.loads(lines[0])["imported_from"] == "BuildKit progress (rawjson)"


def test_what_a_record_lacks_is_one_line() -> None:
    log = str(LEFT / "engine-28.5-plain.log")
    output = invoke("import", log)[1]
    (line,) = [line for line in output.splitlines() if "incomplete" in line]
    assert line == (
        "incomplete: it lacks engine, time, context, definition, request, stages (-v says what that means)"
    )
    assert "  context: no file of it is known" in invoke("import", log, "-v")[1]


def test_nothing_is_written_when_one_file_is_none(tmp_path: Path) -> None:
    other, written = tmp_path / "notes.txt", tmp_path / "out.jsonl"
    other.write_text("buy milk\n")
    words = ["import", str(LEFT / "engine-28.5-raw.log"), str(other), "-o", str(written)]
    result = CliRunner().invoke(root, words, prog_name="layerfork", standalone_mode=False)
    assert isinstance(result.exception, UsageError)
    assert f"{other} tells of no build" in result.exception.message
    assert not written.exists()
