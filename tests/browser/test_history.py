"""The page of a history as a person meets it: one look, points lead to builds, with keys, in the dark."""

from collections.abc import Callable

import pytest
from browser.opened import Opened
from history.madeup import Made, report_of

from layerfork.report.formats import HTML
from layerfork.report.rendering import Look
from layerfork.report.svg.colors import DARK, LIGHT

pytestmark = pytest.mark.browser
LookAt = Callable[..., Opened]
BUILDS, CHANGED = 2_000, 1_200


@pytest.fixture(scope="module")
def page() -> str:
    """2,000 builds of a service; since the 1,200th a file is copied too early."""
    before = [Made(first_miss=(3, 3, 5)[at % 3], branch="main") for at in range(CHANGED)]
    after = [Made(first_miss=1, branch="main", dockerfile="e")] * (BUILDS - CHANGED)
    return HTML.render("found", [report_of(*before, *after)], Look())


def test_one_look_and_no_long_table(look_at: LookAt, page: str) -> None:
    opened = look_at(page)

    assert opened.one("h1").text == "2,000 builds of app"
    assert "were lost in 1,599 builds" in opened.one(".verdict").text
    assert opened.one(".change code").text == "line 3  COPY package.json /app/"
    assert "since commit 0000000004b0" in opened.one(".change").text
    assert opened.run("return document.querySelector('svg.stacked').getBoundingClientRect().top") < 900
    assert len(opened.all("tr")) < 50
    assert len(page) < 2_500_000


def test_each_point_leads_to_its_build(look_at: LookAt, page: str) -> None:
    opened = look_at(page)
    assert opened.seen(".answer") == []
    assert opened.run("return document.querySelectorAll('svg.stacked a').length") == BUILDS
    assert opened.run(
        "return [...document.querySelectorAll('svg.stacked a')].every("
        "(a) => document.querySelector(a.getAttribute('href')))"
    )
    click = "dispatchEvent(new MouseEvent('click'))"
    opened.run(f"document.querySelectorAll('svg.stacked a')[{CHANGED}].{click}")

    (shown,) = opened.seen(".answer")
    assert "b00000001200" in shown
    assert "missed: src/a.js changed" in shown
    assert "layerfork why b00000001200" in shown


def test_a_change_is_marked(look_at: LookAt, page: str) -> None:
    opened = look_at(page)
    place = "document.querySelectorAll('svg.stacked a rect')[{}].getBBox().x"
    mark = opened.run("return document.querySelector('svg.stacked .mark').getBBox().x")

    assert mark == opened.run(f"return {place.format(CHANGED)}")


def test_it_is_read_with_keys_and_without_scripts(look_at: LookAt, page: str) -> None:
    opened = look_at(page, scripts=False)

    assert opened.tab_to(".change a")
    assert opened.tab_to("[aria-label='Builds of app']")
    opened.tab_to(".costliest a").click()
    assert len(opened.seen(".answer")) == 1


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_widths_and_themes(look_at: LookAt, page: str, width: int, dark: bool) -> None:
    opened = look_at(page, width=width, dark=dark)
    paper = bytes.fromhex((DARK if dark else LIGHT).paper[1:])

    assert opened.run("return document.documentElement.scrollWidth") <= width
    colour = opened.run("return getComputedStyle(document.body).backgroundColor")
    assert colour == "rgb({}, {}, {})".format(*paper)
    assert opened.run("return performance.getEntriesByType('resource').length") == 0
    assert opened.complaints == []
