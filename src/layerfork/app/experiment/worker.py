"""What a worker does: look whether it can, and build a batch of cells."""

import contextlib
import functools
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from distributed import Reschedule, Status, Worker, get_worker

from layerfork import __version__
from layerfork.app.experiment.building import CellRun, Found, build_on_engine
from layerfork.app.experiment.cells import CellName, MeasuredCell
from layerfork.app.experiment.earlierrun import BrokenEnvironments
from layerfork.builders.clients.own import OwnCommand
from layerfork.builders.engines import open_engine
from layerfork.errors import LayerforkError
from layerfork.record.progress import Listener, Progress
from layerfork.record.scenario import RunOptions, Scenario

LOOK_S = 0.2
"""How often a batch looks whether anybody still wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Cells of one engine, with all that a worker has to know. Never printed: it holds build arguments."""

    run: str
    """Which run it is of: also the topic of its progress."""
    engine: str
    cells: Mapping[CellName, str] = field(repr=False)
    """With their keys, which are made with the key of the machine that asks."""
    scenarios: Mapping[tuple[str, str], Scenario] = field(repr=False)
    options: RunOptions = field(repr=False)
    described: Mapping[str, OwnCommand] = field(repr=False)


_at_work: list[str] = []
"""Runs of the batches that this process is building."""


def why_unfit(version: str, engines: Sequence[str], archives: Sequence[str]) -> str:
    """Why this machine cannot build batches on these engines; empty when it can. Engines are fetched."""
    if version != __version__:
        return f"it has layerfork {__version__}, and {version} is asking"
    missing = [archive for archive in archives if not Path(archive).is_file()]
    if missing:
        return f"it has no {missing[0]} (--load)"
    try:
        for spec in engines:
            engine = open_engine(spec)
            engine.fetch(os.environ, lambda line: None)
            for obstacle in engine.describe(os.environ).obstacles:
                return f"{spec}: {obstacle.what}"
    except LayerforkError as error:
        return str(error)
    return ""


def build_batch(batch: Batch) -> Found:
    """Build the cells; ends early, and gives nothing, when its task is cancelled. Raises: Reschedule."""
    worker = get_worker()
    listener = functools.partial(_tell, worker, batch.run)
    with _stopped_with_its_task(worker) as stop:
        run = CellRun(
            scenarios=batch.scenarios,
            options=batch.options,
            described=batch.described,
            listener=listener,
            keep=functools.partial(_tell_built, listener),
            stop=stop,
            broken=_broken(batch.run),
        )
        _at_work.append(batch.run)
        try:
            found = build_on_engine(run, batch.engine, batch.cells)
        finally:
            _at_work.remove(batch.run)
        if stop.is_set():
            raise Reschedule
    return found


def count_at_work(run: str) -> int:
    """How many batches of a run this process is building."""
    return _at_work.count(run)


@contextlib.contextmanager
def _stopped_with_its_task(worker: Worker) -> Iterator[threading.Event]:
    """An event that is set when this task is no longer wanted: it was cancelled, who asked is gone, or the
    worker is closing."""
    key = worker.get_current_task()
    stop, done = threading.Event(), threading.Event()

    def look() -> None:
        while not done.wait(LOOK_S):
            task = worker.state.tasks.get(key)
            if task is None or task.state != "executing" or worker.status is not Status.running:
                stop.set()
                return

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield stop
    finally:
        done.set()
        watcher.join()


@functools.lru_cache(maxsize=4)
def _broken(run: str) -> BrokenEnvironments:
    """What batches of one run have learnt here."""
    return BrokenEnvironments()


def _tell(worker: Worker, topic: str, event: Progress) -> None:
    worker.log_event(topic, {"progress": asdict(event)})


def _tell_built(listener: Listener, cell: MeasuredCell) -> None:
    listener(Progress(text=f"built {cell.name}", engine=cell.name.engine))
