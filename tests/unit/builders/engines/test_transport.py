"""A way through a program: very many connections leave nothing, and a failure is still known."""

import os
from pathlib import Path

from layerfork.builders.engines.transport import ProgramWay
from layerfork.record.build import Command


def command(script: str) -> Command:
    return Command(argv=("sh", "-c", script), env=dict(os.environ))


def children() -> int:
    own = Path("/proc/self/task")
    return sum(len((task / "children").read_text().split()) for task in own.iterdir())


def test_programs_that_have_ended_are_not_kept() -> None:
    before = children()
    with ProgramWay(command("cat")) as way:
        for number in range(40):
            with way() as connection:
                connection.sendall(b"%d" % number)
                assert connection.recv(10) == b"%d" % number
                connection.shutdown(1)
                assert connection.recv(10) == b""
            way._started[-1].wait(10)
        assert len(way._started) == 1
        assert children() - before <= 1
    assert children() == before


def test_the_first_failure_is_remembered() -> None:
    with ProgramWay(command("echo no such host >&2; exit 255")) as way:
        for _ in range(5):
            way().close()
            way._started[-1].wait(10)
        assert len(way._started) == 2
        assert way.complaint == "no such host"
