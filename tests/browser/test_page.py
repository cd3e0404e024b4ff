"""The page as a person meets it: read, filtered, opened, with keys alone, on a phone, on paper."""

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest
from browser.opened import Opened
from golden.recorded import compared, filed
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from layerfork.report.formats import HTML
from layerfork.report.rendering import Look
from layerfork.report.svg.colors import DARK, LIGHT

pytestmark = pytest.mark.browser
LookAt = Callable[..., Opened]
ROWS = "table.clients tbody tr th"


@pytest.fixture(scope="module")
def page() -> str:
    """42 clients on two engines."""
    return HTML.render("runs", filed("seed-engines"), Look())


@pytest.fixture(scope="module")
def scenarios() -> str:
    """Two scenarios; the second one has five clients on another engine, and does not fork."""
    (five,) = filed("seed-default")
    judgement = replace(five.judgement, forks=(), verdict=type(five.judgement.verdict).REUSED)
    calm = replace(five, scenario="calm", judgement=judgement, answers=())
    return HTML.render("runs", [*filed("seed-engines"), calm], Look())


def test_the_filter_for_clients(look_at: LookAt, page: str) -> None:
    opened = look_at(page)
    assert len(opened.seen(ROWS)) == 42

    opened.one("#f-client").send_keys("no such client")
    assert opened.seen(ROWS) == []
    assert opened.one("#f-count").text == "0 of 42 rows"
    opened.one("#f-client").clear()
    opened.one("#f-client").send_keys("DOCKER_PY 4.4")

    assert opened.seen(ROWS) == ["docker_py-context-build@4.4.4", "docker_py-build@4.4.4"]
    assert opened.one("#f-count").text == "2 of 42 rows"


def test_the_filter_for_an_engine(look_at: LookAt, page: str) -> None:
    opened = look_at(page)

    Select(opened.one("#f-engine")).select_by_visible_text("28.5.2")

    assert opened.seen("table.clients thead th") == ["client", "28.5.2"]
    first = opened.one("table.clients tbody tr")
    assert len([cell for cell in first.find_elements("css selector", "td") if cell.is_displayed()]) == 1


def test_only_what_forks(look_at: LookAt, page: str) -> None:
    opened = look_at(page)

    opened.one("#f-forks").click()

    assert "docker_py-context-build" not in opened.seen(ROWS)
    assert "docker-context-build" in opened.seen(ROWS)


def test_the_filter_for_a_scenario(look_at: LookAt, scenarios: str) -> None:
    opened = look_at(scenarios)
    assert len(opened.seen("section.scenario > h2")) == 2

    Select(opened.one("#f-scenario")).select_by_visible_text("calm")

    assert [each.partition(" ")[0] for each in opened.seen("section.scenario > h2")] == ["calm"]
    Select(opened.one("#f-scenario")).select_by_visible_text("all")
    opened.one("#f-forks").click()
    assert [each.partition(" ")[0] for each in opened.seen("section.scenario > h2")] == ["seed"]


def test_details_open_and_close(look_at: LookAt, page: str) -> None:
    opened = look_at(page)
    assert opened.seen(".fork details li") == []

    opened.one(".fork summary").click()

    assert any("PROVEN entry-name" in text for text in opened.seen(".fork details li"))
    opened.one(".fork summary").click()
    assert opened.seen(".fork details li") == []


def test_everything_with_keys_alone(look_at: LookAt, page: str) -> None:
    opened = look_at(page)

    opened.press("/")
    opened.press("whales")
    assert opened.seen(ROWS) == ["python_on_whales-build", "python_on_whales-buildx-build"]
    opened.press(Keys.ESCAPE)
    assert len(opened.seen(ROWS)) == 42

    region = opened.tab_to("figure .scroll")
    assert opened.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert region.get_attribute("aria-label")
    opened.tab_to(".fork summary")
    opened.press(Keys.ENTER)
    assert opened.seen(".fork details li")
    assert opened.tab_to("[aria-label^='Clients of']")


def test_it_is_read_without_scripts(look_at: LookAt, page: str) -> None:
    opened = look_at(page, scripts=False)

    assert not opened.one("#filters").is_displayed()
    assert len(opened.seen(ROWS)) == 42
    assert len(opened.seen("article.fork h3")) == 4
    opened.one(".fork summary").click()
    assert opened.seen(".fork details li")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 820, 1280])
def test_widths_and_themes(look_at: LookAt, page: str, width: int, dark: bool) -> None:
    """Nothing makes the page itself wider than the screen; wide things scroll on their own."""
    opened = look_at(page, width=width, dark=dark)
    paper = bytes.fromhex((DARK if dark else LIGHT).paper[1:])

    assert opened.run("return document.documentElement.scrollWidth") <= width
    assert opened.run("return getComputedStyle(document.body).backgroundColor") == "rgb({}, {}, {})".format(
        *paper
    )
    assert opened.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_that_was_chosen_stays(look_at: LookAt, theme: str) -> None:
    text = HTML.render("runs", filed("seed-default"), Look(theme="dark" if theme == "dark" else "light"))
    opened = look_at(text, dark=theme == "light")

    paper = (DARK if theme == "dark" else LIGHT).paper
    assert (
        opened.run("return getComputedStyle(document.documentElement).getPropertyValue('--paper')") == paper
    )


def test_nothing_is_loaded(look_at: LookAt, page: str) -> None:
    opened = look_at(page)

    assert opened.run("return performance.getEntriesByType('resource').length") == 0
    assert opened.complaints == []


def test_texts_of_the_picture_do_not_overlap(look_at: LookAt, page: str) -> None:
    """As this browser's fonts are: the layout only knows how wide they are about."""
    opened = look_at(page)
    overlapping = opened.run(
        """
        const found = [];
        const meet = (a, b) => a.left < b.right && b.left < a.right
          && a.top + 2 < b.bottom && b.top + 2 < a.bottom;
        for (const svg of document.querySelectorAll("svg.fg")) {
          const texts = [...svg.querySelectorAll("text")];
          const boxes = texts.map((text) => [text.textContent, text.getBoundingClientRect()]);
          for (const [one, a] of boxes)
            for (const [other, b] of boxes) if (a !== b && meet(a, b)) found.push([one, other]);
        }
        return found;
        """
    )
    assert overlapping == []


def test_on_paper_everything_is_open_and_light(look_at: LookAt, page: str) -> None:
    opened = look_at(page, dark=True)
    pdf = opened.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})

    assert len(base64.b64decode(pdf["data"])) > 50_000
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": features})
    assert opened.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    stroke = opened.run("return getComputedStyle(document.querySelector('svg path.l0')).stroke")
    assert stroke == "rgb({}, {}, {})".format(*bytes.fromhex(LIGHT.lines[0][1:]))
    assert not opened.one("#filters").is_displayed()


def test_two_builds_compared(look_at: LookAt) -> None:
    opened = look_at(HTML.render("diffs", compared("seed-buildkit"), Look()), width=390)

    assert opened.run("return document.documentElement.scrollWidth") <= 390
    assert "missed: important.txt changed" in opened.one(".fork h3").text
    assert opened.complaints == []
