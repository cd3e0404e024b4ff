"""The line under a run of scenarios: how fast it was, and what bounded it."""

from dataclasses import replace

import pytest

from layerfork.record.scenarioresults import CatalogueReport, TimeSpent
from layerfork.report.views.outcomes import pace

REPORT = CatalogueReport(scenarios=(), engines=(), cells=(), seconds=120.0, built=100)


@pytest.mark.parametrize(
    ("spent", "bound", "shares"),
    [
        (
            TimeSpent(starting=2, cleaning=20, building=170, own=8, busy=0.97, processors=2),
            "this machine (2 processors, 97 % busy)",
            "builds 85 %, cleaning caches 10 %, layerfork itself 4 %, starting engines 1 %",
        ),
        (
            TimeSpent(starting=10, cleaning=150, building=35, own=5, busy=0.4, processors=1),
            "cleaning caches (1 processor, 40 % busy)",
            "cleaning caches 75 %, builds 18 %, starting engines 5 %, layerfork itself 2 %",
        ),
        (
            TimeSpent(building=100),
            "builds",
            "builds 100 %, cleaning caches 0 %, layerfork itself 0 %, starting engines 0 %",
        ),
    ],
)
def test_what_bounds_a_run(spent: TimeSpent, bound: str, shares: str) -> None:
    said = f"100 builds in 120 s, 50 per minute; bottleneck: {bound}. Time: {shares}."
    assert pace(replace(REPORT, spent=spent)) == said


def test_nothing_is_said_where_nothing_was_built() -> None:
    assert pace(REPORT) == ""
    assert pace(replace(REPORT, spent=TimeSpent(building=1), built=0)) == ""
