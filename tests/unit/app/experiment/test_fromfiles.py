"""Files of runs judged again; files of records compared."""

from pathlib import Path

import pytest

from layerfork.app.experiment.fromfiles import read_reports
from layerfork.errors import EvidenceError, UsageError
from layerfork.record.store.blocks import numbered_lines

RECORDS = Path(__file__).parents[3] / "golden" / "records"
RUN = str(RECORDS / "seed-default.run.jsonl")
BUILDS = str(RECORDS / "seed-buildkit.jsonl")


def test_a_run_is_judged_again() -> None:
    (report,) = read_reports([RUN]).runs

    assert report.scenario == "seed"
    assert [len(each) for each in report.judgement.classes] == [1, 1, 3]
    assert {cause.code for fork in report.judgement.forks for cause in fork.causes} == {
        "entry-name",
        "builder",
    }


def test_builds_of_one_kind_in_one_file_are_compared_in_their_order() -> None:
    (report,) = read_reports([BUILDS]).diffs

    assert (report.writer, report.reader) == (f"{BUILDS}#1", f"{BUILDS}#2")
    assert report.judgement.forks
    assert report.writer_steps
    assert report.reader_steps


def test_of_several_files_each_is_compared_with_the_first() -> None:
    reports = read_reports([f"{BUILDS}#1", f"{BUILDS}#2", f"{BUILDS}#2"]).diffs

    assert [(report.writer[-2:], report.reader[-2:]) for report in reports] == [("#1", "#2")] * 2


def test_runs_and_records_do_not_mix() -> None:
    with pytest.raises(UsageError, match=r"seed-buildkit\.jsonl is not a file of a run"):
        read_reports([RUN, BUILDS])


def test_a_single_build_is_nothing_to_compare(tmp_path: Path) -> None:
    lines = [line for _, line in numbered_lines(Path(BUILDS))]
    one = tmp_path / "one.jsonl"
    one.write_bytes(b"".join((*lines[:2], b'{"complete":true,"records":1}\n')))

    with pytest.raises(UsageError, match="no build that was made twice"):
        read_reports([str(one)])


def test_what_a_run_was_not_through_with_is_named(tmp_path: Path) -> None:
    lines = [line for _, line in numbered_lines(Path(RUN)) if b'{"relay"' not in line]
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(b"".join(lines))

    with pytest.raises(UsageError, match="finished no engine") as raised:
        read_reports([str(cut)])
    assert "--resume" in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="nothing-here"):
        read_reports([str(tmp_path / "nothing-here")])
