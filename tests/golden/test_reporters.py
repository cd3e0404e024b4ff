"""Every reporter on every case, the whole output compared. `make golden` rewrites the files."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from golden.cases import CASES
from golden.recorded import NAMES, compared, judged, planned, shown

from layerfork.model.report import RunReport
from layerfork.reporters.json_report import JSON
from layerfork.reporters.reporter import Kind, Look
from layerfork.reporters.text import TEXT

EXPECTED = Path(__file__).parent / "expected"
RENDERERS: dict[str, Callable[[RunReport], str]] = {
    "txt": lambda report: TEXT.render("runs", [report], Look()),
    "verbose.txt": lambda report: TEXT.render("runs", [report], Look(verbose=True)),
    "narrow.txt": lambda report: TEXT.render("runs", [report], Look(width=60)),
    "color.txt": lambda report: TEXT.render("runs", [report], Look(color=True)),
    "json": lambda report: JSON.render("runs", [report], Look()),
}


REPORTS: dict[Kind, Callable[[str], Sequence[object]]] = {
    "runs": judged,
    "diffs": compared,
    "records": shown,
    "plans": planned,
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("ending", RENDERERS)
def test_output_is_as_expected(case: str, ending: str) -> None:
    compare(EXPECTED / f"{case}.{ending}", RENDERERS[ending](CASES[case]))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", REPORTS)
@pytest.mark.parametrize("look", [Look(), Look(verbose=True)], ids=["plain", "verbose"])
def test_text_of_real_builds_is_as_expected(name: str, kind: Kind, look: Look) -> None:
    ending = "verbose.txt" if look.verbose else "txt"
    compare(EXPECTED / "recorded" / f"{name}.{kind}.{ending}", TEXT.render(kind, REPORTS[kind](name), look))


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
