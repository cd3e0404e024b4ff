"""A way to an engine through a program: its standard input and output are the connection."""

import contextlib
import socket
import subprocess
import tempfile
from threading import Lock
from types import TracebackType
from typing import IO, Self

from layerfork.builders.process import ProgramMissingError, end_group, last_lines, spawn_on_socket
from layerfork.record.build import Command

ENDING_S = 0.5
"""How long after its connection a program may end, and still be said to have failed."""


class ProgramWay:
    """Opens connections by starting a command for each; those that still run at the end are ended."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._started: list[subprocess.Popen[bytes]] = []
        """Those that run, and the first that failed by itself: a client may open very many connections."""
        self._starting = Lock()

    def __enter__(self) -> Self:
        self._log: IO[bytes] = tempfile.TemporaryFile()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._started:
            end_group(process)
        self._log.close()

    def __call__(self) -> socket.socket:
        """A connection; nothing says yet that the program gets through. Raises: OSError."""
        try:
            process, connection = spawn_on_socket(self._command, self._log)
        except ProgramMissingError as error:
            raise OSError(str(error)) from error
        with self._starting:
            failed = [each for each in self._started if each.poll()]
            running = [each for each in self._started if each.returncode is None]
            self._started = [*failed[:1], *running, process]
        return connection

    @property
    def complaint(self) -> str:
        """The last line of a program that failed by itself; empty when none did."""
        for process in self._started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(ENDING_S)
        if not any(process.poll() for process in self._started):
            return ""
        self._log.seek(0)
        lines = last_lines(self._log.read().decode(errors="replace"), 1)
        return lines or "it ended without a word"
