"""Runs of scenarios that lie in files, judged again."""

from pathlib import Path

from layerfork.errors import UsageError
from layerfork.harness.phases.cells import CellName, MeasuredCell, read_cells
from layerfork.harness.records.evidence import NOTE_START
from layerfork.harness.records.lines import numbered_lines
from layerfork.model.catalogue import CatalogueReport
from layerfork.model.scenario import Scenario
from layerfork.pipeline.scenarios.judging import report_of
from layerfork.scenarios import find_scenario

_OF_SCENARIOS = (NOTE_START + b':{"cell"', NOTE_START + b':{"shard"')


def has_cells(path: Path) -> bool:
    """Whether a file is that of a run of scenarios: its first note says so. Raises: EvidenceError."""
    if not path.is_file():
        return False
    notes = (line for _, line in numbered_lines(path) if line.startswith(NOTE_START))
    return next(notes, b"").startswith(_OF_SCENARIOS)


def read_catalogue(file: str) -> CatalogueReport:
    """Held against what the scenarios expect now, not against what they did when it was measured.

    Raises: EvidenceError, UsageError for a scenario that is gone.
    """
    return read_measured(file)[1]


def read_measured(file: str) -> tuple[tuple[MeasuredCell, ...], CatalogueReport]:
    """The cells of a file, and its report, which has them in the same order.

    Raises: EvidenceError, UsageError for a scenario that is gone.
    """
    cells = read_cells(Path(file)).cells
    scenarios: dict[tuple[str, str], Scenario] = {}
    for cell in cells:
        place = (cell.name.scenario, cell.name.folder)
        if place not in scenarios:
            scenarios[place] = _found(cell.name, file)
    return cells, report_of(cells, tuple(scenarios.values()))


def _found(name: CellName, file: str) -> Scenario:
    try:
        return find_scenario(name.folder or name.scenario)
    except UsageError as error:
        raise UsageError(
            f"{file} is of the scenario {name.scenario}, which is not there", hint=error.message
        ) from error
