"""Does the evidence still hold? Cells drawn at random are built again on real engines, and compared."""

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.app.experiment.cells import CellName, MeasuredCell, read_cells
from layerfork.app.experiment.planning import CatalogueOptions
from layerfork.app.experiment.runscenarios import run_catalogue
from layerfork.record.progress import Progress
from layerfork.record.run import TrialBuild
from layerfork.record.scenario import RunOptions
from layerfork.record.scenarioresults import CatalogueReport
from layerfork.report.views.outcomes import surprises


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltAgain:
    """Cells of the evidence, and what became of them a second time."""

    drawn: tuple[MeasuredCell, ...]
    cells: tuple[MeasuredCell, ...]
    """As they were built now; one is missing where its engine did not come up."""
    report: CatalogueReport

    def disagreements(self) -> Iterator[str]:
        """A line for each cell that is not what it was, or not what its scenario expects."""
        found = {cell.name: cell for cell in self.cells}
        for problem in self.report.problems:
            yield f"not built: {problem}"
        for then in self.drawn:
            now = found.get(then.name)
            if now is None:
                yield f"{then.name}: not built"
            elif versions(then) == versions(now):
                yield from (f"{then.name}, {line}" for line in differences(then, now))
        yield from surprises(self.report)

    def moved(self) -> Sequence[str]:
        """Cells whose engine or client has another version now, which nothing was measured of."""
        found = {cell.name: cell for cell in self.cells}
        return [
            f"{then.name}: {versions(then)} then, {versions(found[then.name])} now"
            for then in self.drawn
            if then.name in found and versions(then) != versions(found[then.name])
        ]


def draw(cells: Sequence[MeasuredCell], parts: int, day: str) -> tuple[MeasuredCell, ...]:
    """One of so many parts of the cells, at random; the same for everybody on one day."""
    ordered = sorted(cells, key=lambda cell: str(cell.name))
    return tuple(random.Random(day).sample(ordered, max(1, len(ordered) // parts)))


def build_again(drawn: Sequence[MeasuredCell], file: Path) -> BuiltAgain:
    """Build these cells on engines of ours; ``file`` gets their records.

    Raises: LayerforkError when no engine comes up.
    """
    names = frozenset(cell.name for cell in drawn)
    options = RunOptions(
        clients=_each(names, "client"), engines=_each(names, "engine"), save=str(file), controls=False
    )
    asked = CatalogueOptions(names=_each(names, "scenario"), only=names)
    report = run_catalogue(asked, options, _listener)
    return BuiltAgain(drawn=tuple(drawn), cells=read_cells(file).cells, report=report)


def _each(names: frozenset[CellName], field: str) -> tuple[str, ...]:
    return tuple(sorted({getattr(name, field) for name in names}))


def versions(cell: MeasuredCell) -> str:
    """Of its engine and of its client."""
    return f"engine {cell.engine.version}, client {cell.builds[0].version}"


def differences(then: MeasuredCell, now: MeasuredCell) -> Iterator[str]:
    """What the engine did otherwise, phase by phase: facts, without any model of its cache."""
    if len(then.builds) != len(now.builds):
        yield f"its scenario had {len(then.builds)} phases then, and has {len(now.builds)} now"
        return
    for number, (old, new) in enumerate(zip(then.builds, now.builds, strict=True), 1):
        if old.outcome is not new.outcome:
            yield f"build {number}: {old.outcome.value} then, {new.outcome.value} now ({new.reason})"
        elif _steps(old) != _steps(new):
            yield f"build {number}: {' '.join(_steps(old))} then, {' '.join(_steps(new))} now"


def _steps(build: TrialBuild) -> Sequence[str]:
    return [f"{step.line}:{step.status.value}" for step in build.steps]


def _listener(progress: Progress) -> None:
    if progress.lasting:
        print(progress.text, file=sys.stderr)
