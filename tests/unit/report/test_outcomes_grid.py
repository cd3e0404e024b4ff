"""A run of scenarios at a glance: what each mark says, in which order, and that pictures hold it all."""

from typing import Any
from xml.etree import ElementTree

import pytest
from unit.report.catalogues import cell, large, made, scenario

from layerfork.errors import UsageError
from layerfork.report.formats import FORMATS, HTML, SVG
from layerfork.report.rendering import Look
from layerfork.report.views.outcomes import Went, grid_of

SVG_NAMES = {"s": "http://www.w3.org/2000/svg"}


@pytest.mark.parametrize(
    ("did", "went"),
    [
        (("reused", "reused"), Went.REUSED),
        (("missed", "missed"), Went.MISSED),
        (("reused", "missed"), Went.SPLIT),
        (("failed", "missed"), Went.SPLIT),
        (("failed", "failed"), Went.FAILED),
        (("inconclusive", "inconclusive"), Went.INCONCLUSIVE),
        (("inconclusive", "missed"), Went.MISSED),
        (("unexpected", "reused"), Went.UNEXPECTED),
        (("inconclusive", "unexpected"), Went.UNEXPECTED),
        (("has no such option", "reused"), Went.REUSED),
    ],
)
def test_what_clients_did_together(did: tuple[str, str], went: Went) -> None:
    cells = [cell("one", f"e/classic/c{number}", each) for number, each in enumerate(did)]
    ((_, (row,)),) = grid_of(made([scenario("one", "f")], cells)).families
    assert [mark.went for mark in row.marks] == [went]


def test_columns_are_those_that_built_and_a_hole_is_a_hole() -> None:
    cells = [
        cell("one", "e2/classic/a", "reused"),
        cell("one", "e1/buildkit/b", "missed"),
        cell("one", "e1/classic/a", "reused"),
        cell("one", "e3/buildah/c", "no such option"),
        cell("two", "e1/classic/a", "missed"),
    ]
    grid = grid_of(made([scenario("one", "f"), scenario("two", "f")], cells))

    assert [(each.builder, each.engine) for each in grid.columns] == [
        ("buildkit", "e1"),
        ("classic", "e2"),
        ("classic", "e1"),
    ]
    assert grid.builders == (("buildkit", 1), ("classic", 2))
    ((_, rows),) = grid.families
    assert [[mark.went for mark in row.marks] for row in rows] == [
        [Went.MISSED, Went.REUSED, Went.REUSED],
        [Went.NOTHING, Went.NOTHING, Went.MISSED],
    ]


def test_clients_are_named_only_where_they_differ() -> None:
    cells = [cell("one", "e/classic/a", "reused"), cell("one", "e/classic/b", "missed")]
    alike = [cell("one", "e/classic/a", "missed"), cell("one", "e/classic/b", "missed")]

    def told(cells: Any) -> str:
        ((_, (row,)),) = grid_of(made([scenario("one", "f")], cells)).families
        return row.marks[0].outcomes

    assert told(alike) == "COPY a /  missed: PROVEN content"
    assert told(cells) == "b: COPY a /  missed: PROVEN content; a: reused"


def test_families_with_a_surprise_come_first() -> None:
    rows = [scenario("one", "calm"), scenario("two", "loud"), scenario("three", "quiet")]
    did = ("reused", "unexpected", "reused")
    cells = [cell(row.name, "e/classic/a", each) for row, each in zip(rows, did, strict=True)]
    assert [name for name, _ in grid_of(made(rows, cells)).families] == ["loud", "calm", "quiet"]


def test_the_picture_has_a_mark_for_each_and_says_what_it_is_of() -> None:
    rows = [scenario("one", "f"), scenario("two", "g")]
    cells = [
        cell("one", "e1/classic/a", "reused"),
        cell("one", "e2/classic/a", "unexpected"),
        cell("two", "e1/classic/a", "missed"),
    ]
    root = ElementTree.fromstring(SVG.render("catalogues", [made(rows, cells)], Look()))

    titles = [each.text for each in root.findall(".//s:g/s:title", SVG_NAMES)]
    assert titles == [
        "Is one so?",
        "reused",
        "reused",
        "Is two so?",
        "COPY a /  missed: PROVEN content",
    ]
    assert root.findtext("s:desc", "", SVG_NAMES) == (
        "2 scenarios, 3 cells: 2 results matched, 1 was unexpected"
    )


def test_three_thousand_cells_are_a_small_page() -> None:
    report = large(surprises=40)
    assert len(report.cells) == 3000
    assert len(HTML.render("catalogues", [report], Look())) < 1_000_000
    assert len(SVG.render("catalogues", [report], Look())) < 500_000


@pytest.mark.parametrize("reporter", [each for each in FORMATS if not each.renders("catalogues")])
def test_a_format_without_scenarios_names_those_that_have_them(reporter: Any) -> None:
    with pytest.raises(
        UsageError, match=f"`--format {reporter.name}` is not available for runs of scenarios"
    ) as error:
        reporter.check("catalogues")
    assert error.value.hint == "--format text, json, html, svg, markdown, junit"
