"""A path of another kind than before: one sentence, and a remedy for these kinds."""

import pytest
from corpus.make import RECORDS

from layerfork.app.compare.comparison import diff_stored
from layerfork.record.run import DiffReport
from layerfork.record.store.recordfile import read_records, stored

BUILDERS = ("classic", "buildkit", "buildkit-tar", "buildah")


def report_of(name: str) -> DiffReport:
    writer, reader = map(stored, read_records(RECORDS / f"{name}.jsonl"))
    return diff_stored(writer, reader, "the earlier build", "this build", again=True)


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize(
    ("change", "culprit", "fix"),
    [
        ("to-directory", "d/l is a directory, was a file", "make d/l a file again"),
        ("from-directory", "d/l is a file, was a directory", "make d/l a directory again"),
        (
            "link-to-directory",
            "d/l is a directory, was a symbolic link to `x`",
            "make d/l a symbolic link to `x` again",
        ),
    ],
)
def test_what_lies_below_a_directory_is_no_cause_of_its_own(
    builder: str, change: str, culprit: str, fix: str
) -> None:
    report = report_of(f"{builder}-entry-type-{change}")
    points = [point for answer in report.answers for point in answer.points]
    assert [(point.culprit, point.fix.sentence) for point in points] == [
        (culprit, f"if the change was not intended: {fix}")
    ]


@pytest.mark.parametrize("builder", BUILDERS)
def test_links_are_spoken_of_only_where_one_may_have_become_a_file(builder: str) -> None:
    def remedy(name: str) -> str:
        (fork,) = report_of(name).judgement.forks
        return fork.causes[0].remedy

    assert "core.symlinks" in remedy(f"{builder}-entry-type")
    for change in ("to-directory", "from-directory", "link-to-directory"):
        assert "links" not in remedy(f"{builder}-entry-type-{change}")
