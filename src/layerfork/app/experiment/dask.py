"""`run --dask`: batches become tasks of a Dask scheduler; what workers built is kept as it comes back."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from distributed import Client, Future, Security, as_completed, rpc

from layerfork import __version__
from layerfork.app.experiment.building import CellRun, Found
from layerfork.app.experiment.cells import CellName
from layerfork.app.experiment.worker import Batch, build_batch, count_at_work, why_unfit
from layerfork.builders.engines import open_engine
from layerfork.errors import EngineError, UsageError
from layerfork.record.progress import Listener, Progress
from layerfork.record.run import RunProblem
from layerfork.record.scenario import RunOptions

# Batches: what one worker builds on one engine that it starts, and what is lost with it.

MOST_CELLS = 20
MOST_SECONDS = 30.0
BATCHES_FOR_EACH = 3
"""Of a small plan, for each engine that can run at once: fewer leave workers idle at the end."""


def batches_of(
    names: Sequence[CellName], at_once: int, times: Mapping[CellName, float]
) -> tuple[tuple[CellName, ...], ...]:
    """Neighbours of the plan on the same engine, few enough to lose and to balance.

    ``at_once`` is how many engines run side by side, ``times`` are seconds of cells where they are known.
    """
    most = max(1, min(MOST_CELLS, len(names) // (BATCHES_FOR_EACH * max(1, at_once))))
    by_engine = sorted(names, key=lambda name: name.engine)  # stable: in the plan's order on each
    return tuple(
        batch
        for _, mine in groupby(by_engine, key=lambda name: name.engine)
        for batch in _cut(mine, most, times)
    )


def _cut(
    names: Iterator[CellName], most: int, times: Mapping[CellName, float]
) -> Iterator[tuple[CellName, ...]]:
    batch: list[CellName] = []
    seconds = 0.0
    for name in names:
        more = times.get(name, 0.0)
        if batch and (len(batch) == most or seconds + more > MOST_SECONDS):
            yield tuple(batch)
            batch, seconds = [], 0.0
        batch.append(name)
        seconds += more
    if batch:
        yield tuple(batch)


# The way to a Dask scheduler; certificates for ``tls://`` are those of Dask's own configuration.

ANSWER_S = 10.0
"""How long a scheduler may take to say what it is."""


@contextlib.contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of the scheduler. Raises: UsageError for what is no address, EngineError when none answers."""
    address = address if "://" in address else f"tcp://{address}"
    security = Security()
    try:
        kind = asyncio.run(_kind_of(address, security))
    except (OSError, TimeoutError) as error:
        hint = "start one with: dask scheduler; without TLS its address is tcp://HOST:8786, with it tls://HOST:8786"
        raise EngineError(f"no Dask scheduler answers at {address}", hint, str(error)) from error
    except (ValueError, TypeError, RuntimeError) as error:
        hint = (
            "--dask tcp://HOST:8786, or tls:// with certificates in Dask's configuration: docs/scenarios.md"
        )
        raise UsageError(f"--dask {address} cannot be asked: {error}", hint) from error
    if kind != "Scheduler":
        raise UsageError(f"at {address} is not a Dask scheduler but a {kind}", "give the scheduler's address")
    with Client(address, security=security, set_as_default=False, name="layerfork") as client:
        yield client


async def _kind_of(address: str, security: Security) -> str:
    """What answers there; asked first, because a client that cannot connect takes long to end.

    Raises: OSError, TimeoutError, ValueError, TypeError, RuntimeError.
    """
    arguments: dict[str, Any] = security.get_connection_args("client")
    async with rpc(address, timeout=ANSWER_S, connection_args=arguments) as scheduler:
        identity = await asyncio.wait_for(scheduler.identity(), ANSWER_S)
    return str(identity["type"])


# What workers say while they build, and which of them are gone: events of the scheduler as progress.

_EVERYTHING = "all"
"""The scheduler's own topic: workers that come and go."""


@contextlib.contextmanager
def watch(client: Client, run: str, workers: set[str], listener: Listener) -> Iterator[None]:
    """Hand on what is said below the topic of a run, and name each of its workers that is lost."""
    here = set(workers)

    def said(event: tuple[float, Mapping[str, Any]]) -> None:
        progress = Progress(**event[1]["progress"])
        listener(replace(progress, text=f"{progress.text} ({event[1]['worker']})"))

    def changed(event: tuple[float, Mapping[str, Any]]) -> None:
        address = str(event[1].get("worker", ""))
        if event[1].get("action") == "add-worker":
            here.add(address)
        if event[1].get("action") != "remove-worker" or address not in here:
            return
        here.remove(address)
        then = "what it had not finished is built elsewhere" if here else "no worker is left: waiting for one"
        listener(Progress(text=f"the worker {address} is gone; {then}", lasting=True))

    handlers = {run: said, _EVERYTHING: changed}
    for topic, handler in handlers.items():
        client.subscribe_topic(topic, handler)
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # the scheduler may be gone
            for topic in handlers:
                client.unsubscribe_topic(topic)


# When a worker is lost, Dask gives its unfinished batches to another. A batch counts once, when its result
# arrives here; a task that is cancelled ends its build and its engine (`working`).

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
        return Found(problems=[RunProblem(what=what)])


def _still_at_work(client: Client, run: str) -> list[RunProblem]:
    """Wait until no worker builds for this run. A problem for each that does not end in time."""
    until = time.monotonic() + END_S
    left: Mapping[str, int] = {}
    while True:
        try:
            left = {worker: n for worker, n in client.run(count_at_work, run, on_error="ignore").items() if n}
        except (OSError, TimeoutError):
            return [RunProblem(what="the scheduler is gone: it is unknown whether workers still build")]
        if not left:
            return []
        if time.monotonic() > until:
            return [RunProblem(what=f"the worker {worker} is still building") for worker in left]
        time.sleep(0.1)
