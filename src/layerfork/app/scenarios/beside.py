"""Cells judged beside the building: one that is whole is judged while clients build the next ones."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import Self

from layerfork.app.phases.cells import CellName, MeasuredCell
from layerfork.app.scenarios.judging import judged_cell
from layerfork.record.catalogue import Cell, Met
from layerfork.record.progress import Listener, Progress
from layerfork.record.scenario import Scenario


class Judge:
    """Takes cells from any thread, judges each once, and says what became of it."""

    def __init__(self, scenarios: Mapping[tuple[str, str], Scenario], cells: int, listener: Listener) -> None:
        """``cells`` is how many there will be."""
        self._scenarios = scenarios
        self._total = cells
        self._listener = listener
        self._done = 0
        self._judged: dict[CellName, Future[Cell]] = {}
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=error is not None)

    def take(self, cell: MeasuredCell) -> None:
        """Returns at once."""
        self._judged[cell.name] = self._pool.submit(self._judge, cell)

    def tell(self, event: Progress) -> None:
        """Hand on what happens, with how many cells are done."""
        self._listener(replace(event, done=self._done, total=self._total))

    def cells(self) -> Mapping[CellName, Cell]:
        """All that were taken, when the last is judged. Raises: what judging one raised."""
        return {name: future.result() for name, future in self._judged.items()}

    def _judge(self, cell: MeasuredCell) -> Cell:
        judged = judged_cell(cell, self._scenarios[cell.name.scenario, cell.name.content])
        self._done += 1
        self.tell(
            Progress(
                text=f"{cell.name.scenario}, {cell.name.client}: {judged.reason or judged.met.value}",
                lasting=judged.met is Met.UNEXPECTED,
                engine=cell.name.engine,
            )
        )
        return judged
