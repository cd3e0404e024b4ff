"""What holds for every format of the table."""

from dataclasses import replace

import pytest
from golden.cases import NO_ENGINE, REUSED, TROUBLE
from golden.recorded import compared

from layerfork.record.record import BuildOutcome
from layerfork.record.run import RunReport
from layerfork.report.formats import Format, formats_for
from layerfork.report.rendering import Look


def test_a_format_is_offered_where_it_has_something_to_say() -> None:
    assert set(formats_for("runs")) >= {"text", "table", "json", "html", "svg", "markdown", "junit"}
    assert set(formats_for("diffs")) >= {"text", "json", "html", "svg", "markdown", "junit"}
    assert set(formats_for("engines")) == {"text", "json"}
    assert set(formats_for("runs", "diffs")) == set(formats_for("runs")) | set(formats_for("diffs"))


@pytest.mark.parametrize("reporter", formats_for("runs").values(), ids=lambda reporter: reporter.name)
def test_runs_without_an_engine_and_without_a_fork_are_rendered(reporter: Format) -> None:
    for reports in ([NO_ENGINE], [TROUBLE, NO_ENGINE]):
        text = reporter.render("runs", reports, Look())
        assert text == "" or text.endswith("\n")


@pytest.mark.parametrize("reporter", formats_for("diffs").values(), ids=lambda reporter: reporter.name)
def test_builds_with_nothing_to_compare_them_with_are_rendered(reporter: Format) -> None:
    (known,) = compared("seed-buildkit")
    calm = replace(known, judgement=replace(known.judgement, forks=()), answers=())
    first = replace(calm, writer="", writer_steps=(), baseline_saved=True)
    failed = replace(calm, outcome=BuildOutcome.FAILED, failure="failed at step 2: no such file")

    for report in (calm, first, replace(first, baseline_saved=False), failed):
        text = reporter.render("diffs", [report], Look())
        assert text.endswith("\n")
    assert ("no such file" in reporter.render("diffs", [failed], Look())) is (reporter.name != "svg")


@pytest.mark.parametrize("reports", [[TROUBLE], [TROUBLE, replace(REUSED, scenario="other")]])
def test_what_too_few_builds_say_is_not_called_shared(reports: list[RunReport]) -> None:
    page = formats_for("runs")["html"].render("runs", reports, Look())
    summary = formats_for("runs")["markdown"].render("runs", reports, Look())

    assert "The cache is shared" not in page
    assert "too few builds succeeded to rule one out" in page
    assert "### layerfork: seed, too few builds succeeded\n" in summary


def test_a_cache_that_is_not_known_is_not_called_shared() -> None:
    judgement = replace(REUSED.judgement, class_unknown=("third",))
    page = formats_for("runs")["html"].render("runs", [replace(REUSED, judgement=judgement)], Look())

    assert "The cache is shared" not in page
    assert "The cache is shared by all." in formats_for("runs")["html"].render("runs", [REUSED], Look())


def test_a_title_says_how_many_builds_it_does_not_name() -> None:
    (known,) = compared("seed-buildkit")
    page = formats_for("diffs")["html"].render(
        "diffs", [replace(known, build=each) for each in "abcde"], Look()
    )

    assert "<title>layerfork: a, b, c and 2 more</title>" in page


def test_a_title_names_the_build_and_what_it_is_compared_with() -> None:
    (known,) = compared("seed-buildkit")
    named = replace(
        known, writer="the earlier build", reader="this build", dockerfile="/srv/shop/ci.Dockerfile"
    )
    titles = {
        "ci.Dockerfile in /srv/shop: this build compared with the earlier build": replace(
            named, directory="/srv/shop"
        ),
        "web: this build compared with the earlier build": replace(named, build="web"),
        "this build compared with the earlier build": replace(named, dockerfile="", directory=""),
    }
    for title, report in titles.items():
        page = formats_for("diffs")["html"].render("diffs", [report], Look())
        assert f"<title>layerfork: {title}</title>" in page
        assert f"<h1>{title}</h1>" in page


def test_a_page_counts_steps_that_a_cache_can_hold() -> None:
    """Four steps of which the first is FROM; all of them were reused by the second client."""
    page = formats_for("runs")["html"].render("runs", [REUSED], Look())
    assert "3/3</i>" in page
    assert "/4</i>" not in page
