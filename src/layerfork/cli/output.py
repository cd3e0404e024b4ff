"""Where text leaves: results to standard output, everything else to standard error."""

import errno
import os
import select
import sys
from typing import IO, Any

import click

from layerfork.errors import LayerforkError
from layerfork.record.visible import visible, visible_line


class OutputError(Exception):
    """Standard output cannot be written to; the message says why."""


def put(text: str | bytes) -> None:
    """Print a result, which `Format.render` escaped, or bytes as they are.

    Whoever closed the pipe has read enough of it.
    Raises: OutputError.
    """
    if sys.stdout is None:
        raise OutputError(os.strerror(errno.EBADF))
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        _lead_nowhere(sys.stdout)
    except OSError as error:
        _lead_nowhere(sys.stdout)
        raise OutputError(error.strerror or str(error)) from error


def say(text: str) -> None:
    """Print a line for people, harmless whatever is in it. What cannot be said changes nothing."""
    if sys.stderr is None:
        return
    try:
        click.echo(visible(text), err=True)
    except (OSError, ValueError):
        _lead_nowhere(sys.stderr)


def say_error(error: LayerforkError) -> None:
    """Say what is wrong and what helps, a line each, whatever the names in it hold; then others' output."""
    hint = [f"hint: {visible_line(error.hint)}"] if error.hint else []
    details = [error.details.rstrip("\n")] if error.details else []
    say("\n".join([f"layerfork: {visible_line(error.message)}", *hint, *details]))


def is_terminal(stream: IO[Any] | None) -> bool:
    """Whether a person looks at this stream."""
    return stream is not None and not stream.closed and stream.isatty()


def is_abandoned() -> bool:
    """Whether standard output is a pipe whose reader has gone."""
    poll = select.poll()
    poll.register(1, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def keep_descriptors() -> None:
    """Occupy the three standard descriptors where they are closed, so that no file of ours gets one of them
    and is written to by what takes it for a terminal, such as a library that warns."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def flush() -> None:
    """See everything out, so that nothing is left to fail when Python ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            _lead_nowhere(stream)


def _lead_nowhere(stream: IO[Any]) -> None:
    """What is still in the buffer would fail again at the end of Python, which then has an exit code of its
    own."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
