"""Runs of scenarios that lie in files, judged again."""

from pathlib import Path

from layerfork.app.experiment.scenarios import find_scenario
from layerfork.app.phases.cells import CellName, MeasuredCell, read_cells
from layerfork.app.scenarios.judging import report_of
from layerfork.errors import UsageError
from layerfork.record.catalogue import CatalogueReport
from layerfork.record.scenario import Scenario
from layerfork.record.store.evidence import NOTE_START
from layerfork.record.store.lines import numbered_lines

_OF_SCENARIOS = tuple(NOTE_START + b':{"' + kind for kind in (b"cell", b"shard", b"scenario"))


def has_cells(path: Path) -> bool:
    """Whether a file is that of a run of scenarios: its first note says so. Raises: EvidenceError."""
    if not path.is_file():
        return False
    notes = (line for _, line in numbered_lines(path) if line.startswith(NOTE_START))
    return next(notes, b"").startswith(_OF_SCENARIOS)


def read_catalogue(file: str) -> CatalogueReport:
    """Held against what the scenarios expect now, not against what they did when it was measured; those of
    the user's own are in the file as they were.

    Raises: EvidenceError, UsageError for a scenario that is gone.
    """
    return read_measured(file)[1]


def read_measured(file: str) -> tuple[tuple[MeasuredCell, ...], CatalogueReport]:
    """The cells of a file, and its report, which has them in the same order.

    Raises: EvidenceError, UsageError for a scenario that is gone.
    """
    found = read_cells(Path(file))
    own = {(each.name, each.content): each for each in found.scenarios}
    scenarios: dict[tuple[str, str], Scenario] = {}
    for cell in found.cells:
        place = (cell.name.scenario, cell.name.content)
        if place not in scenarios:
            scenarios[place] = own[place].scenario() if place in own else _bundled(cell.name, file)
    return found.cells, report_of(found.cells, tuple(scenarios.values()))


def _bundled(name: CellName, file: str) -> Scenario:
    if name.content:
        raise UsageError(
            f"{file} has cells of the scenario {name.scenario}, but not what it expects",
            hint="a part of the file is missing: build it again",
        )
    try:
        return find_scenario(name.scenario)
    except UsageError as error:
        raise UsageError(
            f"{file} is of the scenario {name.scenario}, which is not there", hint=error.message
        ) from error
