"""Reports of scenarios, made up: what each cell did is written down."""

from collections.abc import Mapping, Sequence

from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome
from layerfork.record.scenario import Expectation
from layerfork.record.scenarioresults import CatalogueReport, Cell, CellPhase, Met, ScenarioRow

EXPECTED = Expectation(builders=tuple(Builder), missed="", why="it follows from the key")
DID: Mapping[str, CellPhase] = {
    "reused": CellPhase(
        number=1, title="then", outcome=BuildOutcome.SUCCEEDED, expected=EXPECTED, met=Met.AS_EXPECTED
    ),
    "missed": CellPhase(
        number=1,
        title="then",
        outcome=BuildOutcome.SUCCEEDED,
        expected=EXPECTED,
        missed="COPY a /",
        causes=("content",),
        proven=True,
        met=Met.AS_EXPECTED,
    ),
    "failed": CellPhase(
        number=1, title="then", outcome=BuildOutcome.REFUSED, expected=EXPECTED, met=Met.AS_EXPECTED
    ),
    "inconclusive": CellPhase(
        number=1,
        title="then",
        outcome=BuildOutcome.SUCCEEDED,
        expected=EXPECTED,
        met=Met.INCONCLUSIVE,
        why="nobody knows",
    ),
    "unexpected": CellPhase(
        number=1,
        title="then",
        outcome=BuildOutcome.SUCCEEDED,
        expected=EXPECTED,
        met=Met.UNEXPECTED,
        why="everything was reused, but COPY a / was to be built again",
    ),
}


def scenario(name: str, family: str) -> ScenarioRow:
    """With two phases."""
    return ScenarioRow(name=name, title=f"About {name}", question=f"Is {name} so?", family=family, phases=2)


def cell(name: str, place: str, did: str) -> Cell:
    """``place`` is ``engine/builder/client``; ``did`` a key of `DID`, or a reason why nothing was built."""
    engine, builder, client = place.split("/")
    phases = (DID[did],) if did in DID else ()
    reason = "" if phases else did
    return Cell(
        scenario=name, engine=engine, client=client, builder=builder, phases=phases, reason=reason, builds=2
    )


def made(rows: Sequence[ScenarioRow], cells: Sequence[Cell]) -> CatalogueReport:
    """A run of these."""
    return CatalogueReport(scenarios=tuple(rows), engines=(), cells=tuple(cells))


def large(surprises: int) -> CatalogueReport:
    """3,000 cells: 100 scenarios with 3 clients on 10 engines; the first cells are ``surprises``."""
    rows = [scenario(f"scenario-{number}", f"family {number % 12}") for number in range(100)]
    cells = [
        cell(row.name, f"engine:{engine}/classic/client-{client}", "reused")
        for row in rows
        for engine in range(10)
        for client in range(3)
    ]
    for number in range(surprises):
        first = cells[number * 31]
        cells[number * 31] = cell(first.scenario, f"{first.engine}/classic/{first.client}", "unexpected")
    return made(rows, cells)
