"""Starts processes: `run` one to its end, or `spawn` one that stays. The only user of `subprocess`."""

import contextlib
import errno
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from layerfork.record.build import Command, Completed

KEEP_BYTES = 1 << 20
"""How much of each output stream is kept in memory: the end of it."""
GRACE_S = 2.0
"""How long a process group may take to end after SIGTERM before it is killed."""

_OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n)(?=[^\n])")
_UNSEEN = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
"""Control sequences of terminals (ECMA-48), and control characters but for tabs and ends of lines."""
_UNSTARTABLE = frozenset({errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENOEXEC})
"""Errors for a file that does not exist, may not be executed or is not a program."""
_PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class ProgramMissingError(Exception):
    """The program of a command does not exist or may not be executed."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"{program}: {reason}")
        self.program = program


def run(
    command: Command,
    timeout_s: float | None = None,
    keep_going: Callable[[], bool] | None = None,
    keep_bytes: int = KEEP_BYTES,
) -> Completed:
    """Run a command in a process group of its own and wait for it.

    Its output goes to temporary files, so a chatty process costs no memory and cannot block; the last
    ``keep_bytes`` of each stream are returned. On a timeout, on Ctrl-C and when ``keep_going`` says no,
    the whole group is ended.

    Raises: ProgramMissingError.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        started = time.monotonic()
        process = spawn(command, stdout=stdout, stderr=stderr)
        timed_out = False
        try:
            timed_out = not _wait(process, started, timeout_s, keep_going)
        finally:
            end_group(process)
        seconds = time.monotonic() - started
        return Completed(
            argv=hide_secrets(command),
            returncode=process.returncode,
            stdout=_hide(command, _tail(stdout, keep_bytes)),
            stderr=_hide(command, _tail(stderr, keep_bytes)),
            seconds=seconds,
            timed_out=timed_out,
        )


def spawn(
    command: Command,
    stdout: IO[bytes] | int | None = None,
    stderr: IO[bytes] | int | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own and return at once.

    ``pass_fds`` are open descriptors that the process inherits under the same numbers.

    Raises: ProgramMissingError.
    """
    for path, text in command.files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with contextlib.ExitStack() as stack:
        stdin: IO[bytes] | int = subprocess.DEVNULL
        if command.stdin is not None:
            stdin = stack.enter_context(command.stdin.open("rb"))
        stack.enter_context(_starting(command))
        return subprocess.Popen(
            command.argv,
            env=dict(command.env),
            cwd=command.cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )


def spawn_on_socket(command: Command, stderr: IO[bytes]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a command in a session of its own whose standard input and output are one socket; our end of it.

    Raises: ProgramMissingError.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            with _starting(command):
                process = subprocess.Popen(
                    command.argv,
                    env=dict(command.env),
                    cwd=command.cwd,
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=stderr,
                    start_new_session=True,
                )
        except (OSError, ProgramMissingError):
            ours.close()
            raise
    return process, ours


@contextlib.contextmanager
def _starting(command: Command) -> Iterator[None]:
    """Raises: ProgramMissingError."""
    try:
        yield
    except OSError as error:
        if error.errno not in _UNSTARTABLE:
            raise
        raise ProgramMissingError(command.argv[0], error.strerror or str(error)) from error


def run_in_foreground(
    command: Command,
    while_running: Callable[[], None],
    interrupted: Callable[[], None] = lambda: None,
    stdout: IO[Any] | None = None,
) -> int:
    """Run a command on our own terminal, as a shell would, and give its exit code (128 and more: a signal).

    Input, output and the terminal are the command's; Ctrl-C and Ctrl-\\ reach it from the terminal and end
    it, not us: ``interrupted`` is called then. Signals that were sent to us alone are passed on. What is
    ignored when we are called, the command ignores as well, as it would without us. ``while_running`` is
    called at once, and then a few times a second. ``stdout`` instead of our own standard output.

    Raises: ProgramMissingError.
    """
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT, *_PASSED_ON)}
    with _starting(command):
        process = subprocess.Popen(command.argv, env=dict(command.env), cwd=command.cwd, stdout=stdout)
    try:
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, lambda number, _: _interrupt(process, number, interrupted))
        for number in _PASSED_ON:
            if kept[number] is not signal.SIG_IGN:
                signal.signal(number, lambda number, _: _signal_one(process, number))
        while process.poll() is None:
            while_running()
            _wait_for_end(process, 0.2)
        return process.returncode if process.returncode >= 0 else 128 - process.returncode
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for number, handler in kept.items():
            signal.signal(number, handler)


def _wait_for_end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Return as soon as the process ends, or after so long."""
    try:
        handle = _handle_of(process.pid)
    except OSError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.poll(seconds * 1000)
    finally:
        os.close(handle)


def _handle_of(pid: int) -> int:
    """A descriptor that becomes readable when a process ends. Raises: OSError where there is no such call."""
    if sys.platform == "linux" and hasattr(os, "pidfd_open"):
        return os.pidfd_open(pid)
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def _interrupt(process: subprocess.Popen[bytes], number: int, interrupted: Callable[[], None]) -> None:
    interrupted()
    if not _has_the_terminal():
        _signal_one(process, number)


def _has_the_terminal() -> bool:
    """Whether a key like Ctrl-C reaches our process group, so that the command got its signal already."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _signal_one(process: subprocess.Popen[bytes], number: int) -> None:
    if process.poll() is None:
        process.send_signal(number)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that `spawn` started and everything in its group: by SIGTERM, then by SIGKILL."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def hide_secrets(command: Command) -> tuple[str, ...]:
    """The command's argv with its secret values replaced."""
    return tuple(_hide(command, argument) for argument in command.argv)


def _hide(command: Command, text: str) -> str:
    for secret in command.secrets:
        if secret:
            text = text.replace(secret, "***")
    return text


def _wait(
    process: subprocess.Popen[bytes],
    started: float,
    timeout_s: float | None,
    keep_going: Callable[[], bool] | None,
) -> bool:
    """Wait until the process ends (True), or time is up or it is cancelled (False)."""
    while True:
        left = None if timeout_s is None else started + timeout_s - time.monotonic()
        if left is not None and left <= 0:
            return False
        step = left if keep_going is None else min(0.2, left if left is not None else 0.2)
        if step is None:
            process.wait()
            return True
        _wait_for_end(process, step)
        if process.poll() is not None:
            return True
        if keep_going is not None and not keep_going():
            return False


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _tail(stream: IO[bytes], keep_bytes: int) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - keep_bytes))
    return stream.read().decode("utf-8", errors="replace")


def last_lines(text: str, count: int = 25) -> str:
    """The last lines of a program's output, for an error message."""
    return "\n".join(printable(text).rstrip("\n").splitlines()[-count:])


def printable(text: str) -> str:
    """A program's output as a terminal would leave it: no colours, no NUL, of a progress line the end."""
    return _UNSEEN.sub("", _OVERWRITTEN.sub("", text))


def find_program(name: str) -> Path | None:
    """Absolute path of a program on PATH, or None."""
    found = shutil.which(name)
    return Path(found).absolute() if found else None
