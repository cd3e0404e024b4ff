"""The chart of a history: what is drawn of each build, and where."""

from dataclasses import replace

import pytest
from history.madeup import STEPS, Made, report_of

from layerfork.record.record import StepStatus
from layerfork.record.trends import PointStep, SeriesTrends
from layerfork.report.svg.stacked import OTHERS, OWN_COLORS, chart_of, inline, lay_out


def series_of(*made: Made) -> SeriesTrends:
    return report_of(*made).trends.series[0]


def test_rows_are_the_costliest_steps() -> None:
    chart = chart_of(series_of(Made(first_miss=1), Made(first_miss=3), Made(first_miss=5)), ("a", "b", "c"))

    assert chart.rows[:2] == ("4  RUN npm ci", "6  RUN npm run build")
    assert [column.seconds[:2] for column in chart.columns] == [(30.0, 12.0), (0.0, 12.0), (0.0, 0.0)]
    assert [column.missed[:2] for column in chart.columns] == [(True, True), (False, True), (False, False)]
    assert [column.target for column in chart.columns] == ["a", "b", "c"]
    assert chart.columns[2].title.endswith("0.0 s in steps. nothing missed")
    assert "30.0 s 4  RUN npm ci; 12.0 s 6  RUN npm run build" in chart.columns[0].title


def test_many_steps_share_the_last_row() -> None:
    series = series_of(Made(first_miss=0), Made(first_miss=0))
    many = tuple(
        replace(
            series.steps[0], name=replace(series.steps[0].name, instruction=f"RUN {at}"), seconds=100.0 - at
        )
        for at in range(20)
    )
    points = tuple(
        replace(point, steps=tuple(PointStep(at, StepStatus.MISS, 1.0) for at in range(20)))
        for point in series.points
    )
    chart = chart_of(replace(series, steps=many, points=points), ("a", "b"))

    assert len(chart.rows) == OWN_COLORS + 1
    assert chart.rows[-1] == OTHERS
    assert chart.columns[0].seconds == (*(1.0,) * OWN_COLORS, 20.0 - OWN_COLORS)


def test_what_is_unknown_is_not_drawn() -> None:
    series = series_of(Made(first_miss=3))
    point = replace(series.points[0], steps=(PointStep(4, StepStatus.UNKNOWN, 3.0),))
    chart = chart_of(replace(series, points=(point,)), ("a",))

    assert set(chart.columns[0].missed) == {None}
    assert sum(chart.columns[0].seconds) == 0.0


def test_heights_are_seconds() -> None:
    """The highest bar is 42.6 s, and the axis ends at 50 s, which is as high as the chart."""
    chart = chart_of(series_of(Made(first_miss=1), Made(first_miss=3)), ("a", "b"))
    places = lay_out(chart)

    assert places.top_s == 50.0
    assert places.height_of(25.0) == pytest.approx(places.height_of(50.0) / 2)


@pytest.mark.parametrize(("builds", "widest"), [(1, 26.0), (100, 8.3), (2_000, 2.0)])
def test_columns_fill_the_width_and_stay_wide_enough_to_click(builds: int, widest: float) -> None:
    places = lay_out(chart_of(series_of(*[Made(first_miss=3)] * builds), ["x"] * builds))

    assert places.bar == pytest.approx(widest)
    assert places.x(builds) <= places.width


def test_a_history_without_times_has_an_axis() -> None:
    chart = chart_of(series_of(Made(first_miss=len(STEPS))), ("a",))

    assert lay_out(chart).top_s == 1.0
    assert "<svg" in inline(chart, "a & b")
    assert "a &amp; b" in inline(chart, "a & b")
