"""The command line: one file per subcommand, and the one place where errors become exit codes."""

import errno
import signal
import sys
import traceback

import click

from layerfork.cli.root import root
from layerfork.errors import ExitCode, LayerforkError


def main(argv: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    listen_to_endings()
    sys.exit(run(argv))


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


def run(argv: list[str] | None = None) -> int:
    """Run the command line; every failure ends here as a message on stderr and an exit code."""
    try:
        code = root.main(args=argv, prog_name="layerfork", standalone_mode=False)
        return int(code) if isinstance(code, int) else ExitCode.AS_HOPED
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except LayerforkError as error:
        click.echo(f"layerfork: {error}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("layerfork: interrupted", err=True)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.AS_HOPED
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF):
            return _bug()
        click.echo(f"layerfork: cannot write the output: {error.strerror}", err=True)
        return ExitCode.COULD_NOT_RUN
    except Exception:
        return _bug()


def _bug() -> int:
    """Say that this is ours to fix, with everything needed to report it."""
    traceback.print_exc()
    click.echo(
        "layerfork: this is a bug in layerfork\nhint: report it with the lines above and the output of "
        "`layerfork --version`",
        err=True,
    )
    return ExitCode.BUG
