"""Pages at a terminal."""

import re

import pytest

from layerfork.app.explain import cause_rows, page_of
from layerfork.record.cause import CauseCode
from layerfork.report.formats import FORMATS
from layerfork.report.rendering import Kind, Look

TEXT = FORMATS[0]
ESCAPE = re.compile("\x1b\\[[0-9;]*m")


def words_of(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9]+", ESCAPE.sub("", text))


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("code", CauseCode)
def test_a_page_fits_the_terminal_and_loses_no_word_of_its_text(code: str, width: int) -> None:
    page = page_of(code)
    shown = TEXT.render("pages", (page,), Look(width=width))
    assert max(map(len, shown.splitlines())) <= width
    assert "\x1b" not in shown
    intro = page.text.partition("\n## ")[0]
    if "|" not in intro:
        wanted = words_of(intro)
        assert words_of(shown)[: len(wanted)] == wanted


@pytest.mark.parametrize(("kind", "reports"), [("pages", (page_of("mode"),)), ("causes", cause_rows())])
def test_colour_is_for_terminals_that_have_it(kind: Kind, reports: tuple[object, ...]) -> None:
    plain = TEXT.render(kind, reports, Look(width=80))
    coloured = TEXT.render(kind, reports, Look(width=80, color=True))
    assert "\x1b" in coloured
    assert [line.rstrip() for line in ESCAPE.sub("", coloured).splitlines()] == plain.splitlines()


def test_the_list_fits_the_terminal() -> None:
    shown = TEXT.render("causes", cause_rows(), Look(width=60))
    assert max(map(len, shown.splitlines())) <= 60
    assert [line.split()[0] for line in shown.splitlines() if not line.startswith(" ")] == list(CauseCode)
