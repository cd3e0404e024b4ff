"""What workers say while they build, and which of them are gone: events of the scheduler as progress."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from distributed import Client

from layerfork.record.progress import Listener, Progress

_EVERYTHING = "all"
"""The scheduler's own topic: workers that come and go."""


@contextlib.contextmanager
def watch(client: Client, run: str, workers: set[str], listener: Listener) -> Iterator[None]:
    """Hand on what is said below the topic of a run, and name each of its workers that is lost."""
    here = set(workers)

    def told(event: tuple[float, Mapping[str, Any]]) -> None:
        said = Progress(**event[1]["progress"])
        listener(replace(said, text=f"{said.text} ({event[1]['worker']})"))

    def changed(event: tuple[float, Mapping[str, Any]]) -> None:
        address = str(event[1].get("worker", ""))
        if event[1].get("action") == "add-worker":
            here.add(address)
        if event[1].get("action") != "remove-worker" or address not in here:
            return
        here.remove(address)
        then = "what it had not finished is built elsewhere" if here else "no worker is left: waiting for one"
        listener(Progress(text=f"the worker {address} is gone; {then}", lasting=True))

    handlers = {run: told, _EVERYTHING: changed}
    for topic, handler in handlers.items():
        client.subscribe_topic(topic, handler)
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # the scheduler may be gone
            for topic in handlers:
                client.unsubscribe_topic(topic)
