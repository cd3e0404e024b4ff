"""Every reporter on every case, the whole output compared. `make golden` rewrites the files."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from golden.cases import CASES
from golden.recorded import (
    NAMES,
    RUNS,
    balanced,
    balanced_gate,
    catalogued,
    compared,
    exported,
    filed,
    gated,
    judged,
    judged_together,
    kept_by_github,
    listed_clients,
    listed_engines,
    listed_found,
    listed_stored,
    listed_trends,
    planned,
    predicted,
    recorded,
    scenarios_of,
    shown,
    studied,
)

from layerfork.record.run import RunReport
from layerfork.record.store.recordfile import decode_record
from layerfork.report.formats import FORMATS, HTML, JSON, TABLE, TEXT, Format
from layerfork.report.rendering import Kind, Look

EXPECTED = Path(__file__).parent / "expected"
RENDERERS: dict[str, Callable[[RunReport], str]] = {
    "txt": lambda report: TEXT.render("runs", [report], Look()),
    "verbose.txt": lambda report: TEXT.render("runs", [report], Look(verbose=True)),
    "narrow.txt": lambda report: TEXT.render("runs", [report], Look(width=60)),
    "color.txt": lambda report: TEXT.render("runs", [report], Look(color=True)),
    "json": lambda report: JSON.render("runs", [report], Look()),
}


OF_EACH: dict[Kind, Callable[[str], Sequence[object]]] = {
    "runs": judged,
    "diffs": compared,
    "records": shown,
    "plans": planned,
    "predictions": predicted,
}
REPORTS: tuple[tuple[Kind, str, Callable[[str], Sequence[object]]], ...] = (
    *((kind, name, read) for kind, read in OF_EACH.items() for name in NAMES),
    ("runs", "several", judged_together),
    ("checks", "seed-buildkit", gated),
    ("diffs", "cache-balance", lambda name: balanced("seed-buildkit")),
    ("checks", "cache-balance", lambda name: balanced_gate("seed-buildkit")),
    *(("runs", name, filed) for name in RUNS),
    ("engines", "machine", listed_engines),
    ("clients", "machine", listed_clients),
    ("stored", "machine", listed_stored),
    ("found", "past", listed_found),
    ("found", "trends", listed_trends),
    ("studies", "clone", studied),
    ("caches", "exported", exported),
    ("actions_caches", "service", kept_by_github),
    ("catalogues", "scenarios", catalogued),
    ("scenarios", "scenarios", scenarios_of),
)
FOR_PEOPLE = {"txt": Look(), "verbose.txt": Look(verbose=True)}
LARGE = ("seed-engines",)
"""Runs of which the long formats are not kept."""
WIDTHS = (60, 80, 120, 200)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("ending", RENDERERS)
def test_output_is_as_expected(case: str, ending: str) -> None:
    compare(EXPECTED / f"{case}.{ending}", RENDERERS[ending](CASES[case]))


@pytest.mark.parametrize("reporter", FORMATS, ids=lambda reporter: reporter.name)
@pytest.mark.parametrize(
    ("kind", "name", "read"), REPORTS, ids=lambda each: each if isinstance(each, str) else ""
)
def test_real_builds_are_rendered_as_expected(
    reporter: Format, kind: Kind, name: str, read: Callable[[str], Sequence[object]]
) -> None:
    """In every format of the table. Records as JSON are the records themselves."""
    if not reporter.renders(kind) or (reporter is JSON and kind == "records"):
        return
    looks = FOR_PEOPLE if reporter is TEXT else {reporter.name: Look()}
    if name in LARGE and reporter in (JSON, TABLE, HTML):
        return
    if name in LARGE and reporter is TEXT:
        looks = {"txt": Look()}
    for ending, look in looks.items():
        compare(EXPECTED / "recorded" / f"{name}.{kind}.{ending}", reporter.render(kind, read(name), look))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", RUNS)
def test_runs_at_the_widths_of_terminals(name: str, width: int) -> None:
    text = TEXT.render("runs", filed(name), Look(width=width))
    words = words_of(TEXT.render("runs", filed(name), Look()))

    compare(EXPECTED / "recorded" / f"{name}.runs.{width}.txt", text)
    assert [line for line in text.splitlines() if len(line) > width and len(line.split()) > 1] == []
    assert words_of(text) - words == set()


def words_of(text: str) -> set[str]:
    """Without the brackets and quotes of the table of 2015."""
    return {word.strip("[]',") for word in text.split()}


@pytest.mark.parametrize("name", NAMES)
def test_records_as_json_are_what_was_read(name: str) -> None:
    lines = JSON.render("records", shown(name), Look()).splitlines()

    assert [decode_record(line.encode()) for line in lines] == list(recorded(name))


def compare(path: Path, text: str) -> None:
    """A text with the file that holds it; `make golden` writes the file first."""
    if os.environ.get("LAYERFORK_REWRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_json_holds_the_contract(case: str) -> None:
    document = json.loads(JSON.render("runs", [CASES[case]], Look()))
    assert document["schema"] == "layerfork/run/1"
    assert document["verdict"] in {"reused", "forked", "error"}
    for build in document["builds"]:
        assert {"client", "version", "builder", "outcome", "class", "seconds", "seconds_of_client"} <= set(
            build
        )
        for step in build["steps"]:
            assert step["status"] in {"hit", "miss", "unknown"}
    for fork in document["forks"]:
        assert {
            "writer",
            "reader",
            "step",
            "instruction",
            "miss_kind",
            "consequences",
            "seconds_lost",
        } <= set(fork)
        for cause in fork["causes"]:
            assert {"code", "status", "path", "field", "writer", "reader", "text", "remedy"} <= set(cause)


def test_the_table_has_the_layout_of_2015() -> None:
    text = TEXT.render("runs", [CASES["forked"]], Look())
    assert "tar-client: ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc', 'dddddddddddd']" in text
