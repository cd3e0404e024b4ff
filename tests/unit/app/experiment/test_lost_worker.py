"""A worker that is lost while it is asked: its task never ends, and nobody waits for it."""

from typing import Any

from layerfork.app.experiment import dask as spreading


class Scheduler:
    """Knows these workers."""

    def __init__(self, *workers: str) -> None:
        self.workers = workers

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        return {"workers": {worker: {} for worker in self.workers}}


class Task:
    """Is silent so many times before it answers."""

    def __init__(self, silent: float, answer: str = "", done: bool = False) -> None:
        self.silent, self.answer, self.ended = silent, answer, done

    def result(self, timeout: float) -> str:
        assert timeout
        self.silent -= 1
        if self.silent >= 0:
            raise TimeoutError("too slow")
        return self.answer

    def done(self) -> bool:
        return self.ended


def answer(client: Scheduler, task: Task) -> str | None:
    return spreading._answer(client, "one", task)  # type: ignore[arg-type]


def test_one_that_is_gone_is_not_waited_for() -> None:
    assert answer(Scheduler("other"), Task(silent=float("inf"))) is None


def test_one_that_is_slow_is_waited_for() -> None:
    assert answer(Scheduler("one"), Task(silent=3, answer="not root")) == "not root"
    assert answer(Scheduler("one"), Task(silent=3)) == ""


def test_a_timeout_of_its_own_is_an_answer() -> None:
    told = answer(Scheduler("one"), Task(silent=1, done=True))
    assert told == "it cannot run layerfork: too slow"
