"""`run --dask`: batches become tasks of a Dask scheduler; what workers built is kept as it comes back.

When a worker is lost, Dask gives its unfinished batches to another. A batch counts once, when its result
arrives here; a task that is cancelled ends its build and its engine (`working`).
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from distributed import Client, Future, as_completed

from layerfork import __version__
from layerfork.app.phases.cells import CellName
from layerfork.app.scenarios.building import CellRun, Found
from layerfork.app.workers.batching import batches_of
from layerfork.app.workers.connecting import connected
from layerfork.app.workers.watching import watch
from layerfork.app.workers.working import Batch, build_batch, count_at_work, why_unfit
from layerfork.builders.engines import open_engine
from layerfork.errors import EngineError, UsageError
from layerfork.record.progress import Listener, Progress
from layerfork.record.report import Problem
from layerfork.record.scenario import RunOptions

RESOURCE = "engine"
"""What a worker offers as many of as it may run engines at once."""
END_S = 30.0
"""How long workers may take to end what was cancelled."""
ASK_AGAIN_S = 2.0
"""How long a worker may be silent before the scheduler is asked whether it is still there."""
_START = f"dask worker ADDRESS --resources {RESOURCE}=1"


def build_on_workers(
    run: CellRun, cells: Mapping[CellName, str], address: str, times: Mapping[CellName, float]
) -> list[Found]:
    """Build cells, each with its key, on engines that a scheduler's workers start; ``times`` as `batches_of`.

    Raises: LayerforkError when no scheduler answers, or a worker that offers engines cannot run these.
    """
    engines = tuple(dict.fromkeys(name.engine for name in cells))
    somebodys = next((spec for spec in engines if not open_engine(spec).ours), None)
    if somebodys is not None:
        raise UsageError(
            f"with --dask each worker starts engines of its own; {somebodys} is not one",
            hint="--engine private",
        )
    if not cells:
        return []
    name = secrets.token_hex(8)
    options = replace(run.options, load=tuple(str(Path(each).absolute()) for each in run.options.load))
    with connected(address) as client:
        offers = _offers(client, address)
        run.listener(Progress(text=f"asking {len(offers)} workers; they fetch engines that they lack"))
        offers = _fit(client, offers, engines, options.load, run.listener)
        batches = [
            _batch(name, run, options, {each: cells[each] for each in mine})
            for mine in batches_of(tuple(cells), sum(offers.values()), times)
        ]
        with watch(client, name, set(offers), run.listener):
            return _built(client, run, batches)


def _offers(client: Client, address: str) -> Mapping[str, int]:
    """Workers with engines to offer, and how many at once. Raises: EngineError."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    offers = {
        str(worker): int(about["resources"][RESOURCE])
        for worker, about in workers.items()
        if about["resources"].get(RESOURCE, 0) >= 1
    }
    if not offers:
        raise EngineError(
            f"none of the {len(workers)} workers of {address} offers an engine",
            hint=f"as root, on every machine: {_START}",
        )
    return offers


def _fit(
    client: Client,
    workers: Mapping[str, int],
    engines: Sequence[str],
    archives: Sequence[str],
    listener: Listener,
) -> Mapping[str, int]:
    """Those workers that are still there when all have answered.

    Raises: EngineError that names every worker that cannot run these engines, and why; when all are gone.
    """
    asked = {
        worker: client.submit(why_unfit, __version__, engines, archives, workers=[worker], pure=False)
        for worker in workers
    }
    answers = {worker: _answer(client, worker, future) for worker, future in asked.items()}
    for worker in (worker for worker, reason in answers.items() if reason is None):
        listener(Progress(text=f"the worker {worker} is gone", lasting=True))
    unfit = {worker: reason for worker, reason in answers.items() if reason}
    if unfit:
        raise EngineError(
            f"{len(unfit)} of {len(asked)} workers cannot build",
            hint=f"give each what it lacks, or start them without --resources {RESOURCE}",
            details="\n".join(f"{worker}: {reason}" for worker, reason in unfit.items()),
        )
    left = {worker: workers[worker] for worker, reason in answers.items() if reason is not None}
    if not left:
        raise EngineError("all workers are gone", hint=f"as root, on every machine: {_START}")
    return left


def _answer(client: Client, worker: str, future: "Future[str]") -> str | None:
    """Why it cannot build, empty when it can; None when it was lost: its task would wait forever."""
    while True:
        try:
            return future.result(timeout=ASK_AGAIN_S)
        except TimeoutError as error:
            if future.done():
                return f"it cannot run layerfork: {error}"
            if worker not in client.scheduler_info(n_workers=-1)["workers"]:
                return None
        except Exception as error:  # whatever a worker's Python may say
            return f"it cannot run layerfork: {error}"


def _batch(name: str, run: CellRun, options: RunOptions, cells: Mapping[CellName, str]) -> Batch:
    places = {(each.scenario, each.content) for each in cells}
    return Batch(
        run=name,
        engine=next(iter(cells)).engine,
        cells=cells,
        scenarios={place: run.scenarios[place] for place in places},
        options=options,
        described=run.described,
    )


def _built(client: Client, run: CellRun, batches: Sequence[Batch]) -> list[Found]:
    """What came back, also when Ctrl-C ended it; nothing is left at work then."""
    tasks = {
        client.submit(
            build_batch,
            batch,
            key=f"layerfork-{batch.run}-{number}",
            resources={RESOURCE: 1},
            pure=False,
        ): batch
        for number, batch in enumerate(batches)
    }
    found: list[Found] = []
    try:
        for task in as_completed(tasks, loop=client.loop):
            found.append(_result(task, tasks[task]))
            for cell in found[-1].cells:
                run.keep(cell)
            task.release()
    except KeyboardInterrupt:
        run.stop.set()
        run.listener(Progress(text="ending what workers are building", lasting=True))
    finally:
        client.cancel(list(tasks), force=True)
        found.append(Found(problems=_still_at_work(client, batches[0].run)))
    return found


def _result(task: "Future[Found]", batch: Batch) -> Found:
    try:
        return task.result()
    except Exception as error:  # of Dask, or a defect that a worker met
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        what = f"{batch.engine}: {len(batch.cells)} cells were not built: {reason}"
        return Found(problems=[Problem(what=what)])


def _still_at_work(client: Client, run: str) -> list[Problem]:
    """Wait until no worker builds for this run. A problem for each that does not end in time."""
    until = time.monotonic() + END_S
    left: Mapping[str, int] = {}
    while True:
        try:
            left = {worker: n for worker, n in client.run(count_at_work, run, on_error="ignore").items() if n}
        except (OSError, TimeoutError):
            return [Problem(what="the scheduler is gone: nobody can tell whether workers still build")]
        if not left:
            return []
        if time.monotonic() > until:
            return [Problem(what=f"the worker {worker} is still building") for worker in left]
        time.sleep(0.1)
