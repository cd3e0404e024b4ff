"""The page of scenarios as a person meets it: at a glance, with keys, on a phone, in the dark."""

from collections.abc import Callable

import pytest
from browser.opened import Opened
from unit.report.catalogues import large

from layerfork.report.formats import HTML, SVG
from layerfork.report.rendering import Look
from layerfork.report.svg.colors import DARK, LIGHT

pytestmark = pytest.mark.browser
LookAt = Callable[..., Opened]


@pytest.fixture(scope="module")
def page() -> str:
    """3,000 cells of which 40 are surprises."""
    return HTML.render("catalogues", [large(surprises=40)], Look())


def test_the_verdict_and_the_grid_are_on_the_first_screen(look_at: LookAt, page: str) -> None:
    opened = look_at(page)

    assert opened.one(".verdict").text == "40 results did not match what was expected."
    assert opened.run("return document.querySelector('.grid').getBoundingClientRect().top") < 900
    assert len(opened.all(".grid tbody td")) == 1000
    assert len(opened.all(".grid td.unexpected")) == 40
    assert len(opened.seen("article.fork")) == 2


def test_a_surprise_leads_to_its_scenario(look_at: LookAt, page: str) -> None:
    opened = look_at(page)
    opened.one("article.fork a").click()

    target = opened.run("return document.querySelector(':target').querySelector('h3').textContent")
    assert target == "Is scenario-0 so? scenario-0"
    assert opened.run("return document.querySelector(':target .warn').textContent") == "unexpected"


def test_marks_are_told_to_who_does_not_see_them(look_at: LookAt, page: str) -> None:
    opened = look_at(page)
    texts = opened.run(
        "return [...document.querySelectorAll('.grid tbody tr:nth-child(2) td')].map((td) => td.textContent)"
    )
    assert texts[0] == "! unexpected"
    assert texts[1] == "● everything reused"
    assert opened.run("return [...document.querySelectorAll('.grid th')].every((th) => th.scope)")


def test_it_is_read_with_keys_and_without_scripts(look_at: LookAt, page: str) -> None:
    opened = look_at(page, scripts=False)
    assert opened.tab_to("article.fork a")
    assert opened.tab_to("[aria-label^='Scenarios, builders']")
    assert opened.tab_to(".grid a")


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


def test_texts_of_the_picture_do_not_overlap(look_at: LookAt) -> None:
    opened = look_at(SVG.render("catalogues", [large(surprises=3)], Look()), ending="svg")
    overlapping = opened.run(
        """
        const texts = [...document.querySelectorAll("text")];
        const boxes = texts.map((text) => [text.textContent, text.getBoundingClientRect()]);
        const found = [];
        for (const [one, a] of boxes)
          for (const [other, b] of boxes)
            if (a !== b && a.left < b.right && b.left < a.right
              && a.top + 2 < b.bottom && b.top + 2 < a.bottom) found.push([one, other]);
        return found;
        """
    )
    assert overlapping == []
    assert opened.complaints == []
