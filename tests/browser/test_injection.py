"""Hostile names, Dockerfiles and output stay text: nothing runs, no element appears."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from browser.hostile import PAYLOADS, harmless, hostile
from browser.opened import Opened
from golden.cases import TROUBLE
from golden.recorded import catalogued, compared, filed, listed_trends

from layerfork.record.run import RunProblem
from layerfork.report.formats import HTML, SVG
from layerfork.report.rendering import Kind, Look

LookAt = Callable[..., Opened]
PROBLEMS = tuple(RunProblem(what=chr(ord("a") + number)) for number in range(len(PAYLOADS)))
"""One with each payload."""
REPORTS: tuple[tuple[Kind, Sequence[Any]], ...] = (
    ("runs", [*filed("seed-default"), TROUBLE]),
    ("diffs", compared("seed-buildkit")),
    ("catalogues", [replace(each, problems=PROBLEMS) for each in catalogued("scenarios")]),
)
HISTORIES: tuple[tuple[Kind, Sequence[Any]], ...] = (
    ("found", [replace(each, problems=tuple(map(str, range(10)))) for each in listed_trends("")]),
)
"""Drawn in pages alone."""
OF_LENGTH = ("code", "g", "title", "text", "tspan")
"""Elements whose number follows the length of texts, or their backticks."""
ELEMENTS = "return [...document.querySelectorAll('*')].map((each) => each.tagName.toLowerCase())"


@pytest.mark.browser
@pytest.mark.parametrize(("kind", "reports"), REPORTS + HISTORIES)
def test_nothing_of_a_report_becomes_markup(look_at: LookAt, kind: Kind, reports: Sequence[Any]) -> None:
    plain = Counter(look_at(HTML.render(kind, [harmless(each) for each in reports], Look())).run(ELEMENTS))
    text = HTML.render(kind, [hostile(each) for each in reports], Look())

    opened = look_at(text)

    found = Counter(opened.run(ELEMENTS))
    assert set(found) == set(plain)
    assert [each for each in plain if plain[each] != found[each] and each not in OF_LENGTH] == []
    assert opened.run("return window.hit") is None
    assert opened.run("return document.querySelectorAll('[onclick],[onerror],[onload]').length") == 0
    assert opened.complaints == []
    shown = opened.run("return document.body.textContent")
    assert all(each in shown for each in PAYLOADS[:4])
    assert not set("\x1b\x00\u202e") & set(text)


@pytest.mark.browser
@pytest.mark.parametrize(("kind", "reports"), REPORTS)
def test_nothing_of_a_report_becomes_part_of_a_picture(
    look_at: LookAt, kind: Kind, reports: Sequence[Any]
) -> None:
    picture = SVG.render(kind, [hostile(each) for each in reports], Look())
    opened = look_at(picture, ending="svg")

    assert opened.run("return window.hit") is None
    assert set(opened.run(ELEMENTS)) <= {
        *("svg", "title", "desc", "style", "g", "rect", "path", "circle", "text", "tspan")
    }
    assert opened.complaints == []


@pytest.mark.parametrize(("kind", "reports"), REPORTS)
def test_a_picture_is_xml_whatever_it_says(kind: Kind, reports: Sequence[Any]) -> None:
    root = ElementTree.fromstring(SVG.render(kind, [hostile(each) for each in reports], Look()))

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
