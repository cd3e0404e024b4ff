"""An end to what somebody else's server makes us wait for, however it does that."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made")

ALL_S = 300.0
"""For all that one cache is asked; a cache of a thousand layers takes some of it."""


class Deadline:
    """So many seconds for everything, from the first question on.

    A time limit of a connection holds for the next bytes alone: a server that sends one now and then never
    meets it. So the waiting is done beside us, and left alone when the time is over.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: float | None = None

    def wait_for(self, question: Callable[[], Made]) -> Made:
        """What the question gives. Raises: TimeoutError; what the question raises."""
        if self._end is None:
            self._end = time.monotonic() + self._seconds
        given: list[Made] = []
        failed: list[BaseException] = []

        def ask() -> None:
            try:
                given.append(question())
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(max(0.0, self._end - time.monotonic()))
        if failed:
            raise failed[0]
        if not given:
            raise TimeoutError
        return given[0]
