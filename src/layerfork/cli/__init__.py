"""The command line: one file per subcommand, and the one place where errors become exit codes."""

import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import click

from layerfork.cli.output import OutputError, flush, is_abandoned, keep_descriptors, say, say_error
from layerfork.cli.root import BrokenConnectionError, root
from layerfork.cli.settings import variable_meant
from layerfork.errors import ExitCode, LayerforkError
from layerfork.record.visible import visible_line

_OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM}
    | {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENAMETOOLONG, errno.EFBIG}
)
"""What the machine, or a limit that somebody set, does not allow."""
_FULL_BYTES = 1 << 20
COMPLETION_VARIABLE = "_LAYERFORK_COMPLETE"
"""What a shell that wants completions sets, as click names it."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    keep_descriptors()
    listen_to_endings()
    code = call(argv)
    flush()
    sys.exit(code)


def listen_to_endings() -> None:
    """Let SIGTERM and SIGHUP end like Ctrl-C does.

    Whoever starts the process may have them ignored (``nohup``), as a shell does with Ctrl-C for what ends
    in ``&``: then they stay so.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    """End like Ctrl-C does: what was started is ended, what was measured is kept."""
    raise KeyboardInterrupt


def call(argv: list[str] | None = None) -> int:
    """Run the command line; every failure ends here as a message on stderr and an exit code."""
    try:
        if COMPLETION_VARIABLE in os.environ:
            from layerfork.cli.completion import register  # late: start-up

            register()
        code = root.main(args=argv, prog_name="layerfork", standalone_mode=False)
        return int(code) if isinstance(code, int) else ExitCode.AS_HOPED
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        say(_in_lines(usage.getvalue().rstrip("\n"), sys.argv[1:] if argv is None else argv))
        if variable := variable_meant(error):
            say(f"hint: it comes from the variable {variable}")
        return ExitCode.USAGE
    except LayerforkError as error:
        say_error(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("layerfork: interrupted")
        return ExitCode.INTERRUPTED
    except OutputError as error:
        say(f"layerfork: cannot write the output: {error}")
        return ExitCode.COULD_NOT_RUN
    except BrokenConnectionError as error:
        if is_abandoned():  # the reader of the help has read enough
            return ExitCode.AS_HOPED
        say(f"layerfork: what it was connected to went away: {error}")
        return ExitCode.COULD_NOT_RUN
    except OSError as error:
        return _could_not(error) if _is_of_the_machine(error) else _bug()
    except MemoryError:
        say("layerfork: there is not enough memory\nhint: raise the limit (ulimit -v), or free some")
        return ExitCode.COULD_NOT_RUN
    except Exception as error:
        if isinstance(error, RuntimeError) and "new thread" in str(error):
            say("layerfork: no thread can be started\nhint: raise the limit of processes (ulimit -u)")
            return ExitCode.COULD_NOT_RUN
        return _bug()


def _in_lines(text: str, words: list[str]) -> str:
    """A text of click's, in which a line feed of somebody's word begins no line."""
    for word in words:
        if "\n" in word:
            text = text.replace(word, visible_line(word))
    return text


def _is_of_the_machine(error: OSError) -> bool:
    return error.errno in _OF_THE_MACHINE or (error.errno == errno.ENOENT and _is_gone())


def _could_not(error: OSError) -> int:
    """Say what the machine did not allow, and where."""
    if error.errno == errno.ENOENT:
        say("layerfork: the working directory does not exist any more\nhint: cd to a directory that does")
        return ExitCode.COULD_NOT_RUN
    where = [os.fsdecode(error.filename)] if error.filename else []
    if error.errno in (errno.ENOSPC, errno.EDQUOT) and not where:
        where = list(_full_places())
    say(f"layerfork: {error.strerror}{': ' if where else ''}{', '.join(where)}")
    return ExitCode.COULD_NOT_RUN


def _full_places() -> Iterator[str]:
    """Where there is no space left, of the places that are written to."""
    import shutil  # late: start-up
    import tempfile  # late: start-up

    from layerfork.userdirs import cache_directory, state_directory  # late: start-up

    named = [os.environ[name] for name in ("TMPDIR", "LAYERFORK_ENGINE_DIR") if os.environ.get(name)]
    others = (Path(tempfile.gettempdir()), Path("/var/tmp"), cache_directory(), state_directory(), Path.cwd())
    for place in dict.fromkeys((*map(Path, named), *others)):
        existing = next(each for each in (place.absolute(), *place.absolute().parents) if each.exists())
        if shutil.disk_usage(existing).free < _FULL_BYTES:
            yield str(place)


def _is_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - whether it works is all that is asked
    except FileNotFoundError:
        return True
    return False


def _bug() -> int:
    """Say that this is ours to fix, with everything needed to report it."""
    say(
        f"{traceback.format_exc()}layerfork: this is a bug in layerfork\n"
        "hint: report it with the lines above and the output of `layerfork --version`"
    )
    return ExitCode.BUG
