"""An interrupted run is reported as interrupted, not as an error of the builds."""

from dataclasses import replace

import pytest
from golden.cases import FORKED, REUSED, TROUBLE

from layerfork.record.run import RunReport
from layerfork.report.formats import HTML, MARKDOWN, TEXT
from layerfork.report.rendering import Look


def text_of(report: RunReport) -> str:
    return TEXT.render("runs", [replace(report, interrupted=True)], Look())


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (TROUBLE, "INTERRUPTED: too few clients had built to test the hypothesis."),
        (
            REUSED,
            "INTERRUPTED: no fork among the 2 clients that had built; the other clients are unknown.",
        ),
    ],
)
def test_the_verdict_is_that_it_was_interrupted(report: RunReport, verdict: str) -> None:
    text = text_of(report)
    assert f"Verdict\n  {verdict}\n" in text
    assert "ERROR" not in text
    assert "holds here" not in text


def test_a_fork_that_was_seen_stays_one() -> None:
    assert "FORKED: " in text_of(FORKED)
    assert "Interrupted: clients that were not built are unknown." in text_of(FORKED)


def test_pages_and_summaries_say_it_as_well() -> None:
    report = replace(TROUBLE, interrupted=True)
    assert MARKDOWN.render("runs", [report], Look()).splitlines()[0].endswith(", interrupted")
    assert "No fork was seen until the run was interrupted." in HTML.render("runs", [report], Look())
