"""What `diff` says of two logs of CI jobs, as text and JSON: with the repository at hand, and without.

The builds are real (tests/imports/jobs.py). `make golden` writes the files: read each as somebody who has ten
seconds.
"""

from pathlib import Path

import pytest
from golden.test_reporters import compare
from imports.jobs import github, make_repository, printed
from imports.test_jobs import OTHER, diff

from layerfork.record.run import DiffReport
from layerfork.report.formats import JSON, TEXT
from layerfork.report.rendering import Look

EXPECTED = Path(__file__).parent / "expected" / "logs"
LOOKS = {
    "60.txt": Look(width=60),
    "120.txt": Look(width=120),
    "verbose.txt": Look(verbose=True, width=120),
}


def with_the_repository(directory: Path) -> DiffReport:
    return diff(
        *(github(i, printed(n)) for i, n in zip(make_repository(directory), ("before", "after"), strict=True))
    )


def alone(directory: Path) -> DiffReport:
    return diff(*(github(OTHER, printed(name)) for name in ("before", "after")))


def changed_line(directory: Path) -> DiffReport:
    """The logs show another text of a step."""
    log = [line.replace("RUN npm ci", "RUN npm ci --omit=dev") for line in printed("after")]
    return diff(github(OTHER, printed("before")), github(OTHER, log))


CASES = {"repository": with_the_repository, "alone": alone, "line": changed_line}


@pytest.mark.parametrize("case", CASES)
def test_logs_are_compared_as_expected(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = CASES[case](tmp_path)

    for ending, look in LOOKS.items():
        text = TEXT.render("diffs", [report], look)
        if look.width:
            assert [line for line in text.splitlines() if len(line) > look.width + 20] == []
        compare(EXPECTED / f"{case}.{ending}", _without_ids(text, report))
    compare(EXPECTED / f"{case}.json", _without_ids(JSON.render("diffs", [report], Look()), report))


def _without_ids(text: str, report: DiffReport) -> str:
    """Records get random ids when they are imported."""
    for number, cause in enumerate(each for fork in report.judgement.forks for each in fork.causes):
        for line in cause.evidence:
            if ": record " in line:
                name, _, rest = line.partition(": record ")
                text = text.replace(rest.split(",")[0], f"{name}-{number}")
    return text
