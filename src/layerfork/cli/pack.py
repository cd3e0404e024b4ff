"""`layerfork pack`: a context as a tar that gives every client the same keys."""

import errno
import os
import sys
from pathlib import Path

import click

from layerfork.cli.combinations import CheckedCommand
from layerfork.cli.options import checked_output, look_of, to_stderr
from layerfork.cli.output import OutputError, is_terminal, put
from layerfork.errors import ExitCode, UsageError


@click.command("pack", cls=CheckedCommand)
@click.option(
    "-f",
    "--file",
    "dockerfile",
    default="",
    metavar="FILE",
    help="Dockerfile; default: PATH/Dockerfile; - reads it from standard input.",
)
@click.option(
    "-o", "--output", default="", metavar="FILE", help="Write the tar here, as a whole or not at all."
)
@click.option(
    "--check",
    is_flag=True,
    help="Say what clients send otherwise; 1 if one does, 3 if it is known of none. Writes no tar.",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="ID",
    help="With --check: this client; repeatable. Default: all that are known, each in its newest version.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="Output of --check.",
)
@click.argument("path", metavar="PATH")
def command(path: str, dockerfile: str, output: str, check: bool, clients: tuple[str, ...], form: str) -> int:
    """Write a build context as a tar that every client and machine turns into the same cache keys.

    Names, order, owners, modes and times follow from the files alone; ignore rules are applied, as docker
    applies them. The same files give the same bytes, whoever packs them.

    \b
    Examples:
      layerfork pack . | docker build -
      layerfork pack . -f ci/Dockerfile | docker build -f ci/Dockerfile -
      sed s/3.11/3.12/ Dockerfile | layerfork pack . -f - -o context.tar
      layerfork pack . --check --client docker-build --client docker_py-build
    """
    from layerfork.app.pack import save_pack, write_pack  # late: start-up

    if check:
        return _check(path, dockerfile, clients, form)
    if not output and is_terminal(sys.stdout):
        raise UsageError(
            "a tar does not belong on a terminal",
            hint=f"pipe it: layerfork pack {path} | docker build -; or write it to a file with -o",
        )
    text = _read_stdin() if dockerfile == "-" else None
    source = text if text is not None else Path(dockerfile) if dockerfile else None
    if output:
        save_pack(Path(path), source, checked_output(output), to_stderr)
        return ExitCode.AS_HOPED
    if sys.stdout is None:
        raise OutputError(os.strerror(errno.EBADF))
    try:
        write_pack(Path(path), source, sys.stdout.fileno(), to_stderr)
    except OSError as error:
        raise OutputError(error.strerror or str(error)) from error
    return ExitCode.AS_HOPED


def _check(path: str, dockerfile: str, clients: tuple[str, ...], form: str) -> int:
    from layerfork.app.packcheck import check_sendings  # late: start-up
    from layerfork.report.formats import formats_for  # late: start-up

    if dockerfile == "-":
        raise UsageError("--check takes a Dockerfile by its path", hint="name the file with -f")
    report = check_sendings(Path(path), Path(dockerfile) if dockerfile else None, clients, to_stderr)
    put(formats_for("sendings")[form].render("sendings", [report], look_of(sys.stdout)))
    if not report.sendings:
        return ExitCode.COULD_NOT_RUN
    return ExitCode.FORKED if report.differs else ExitCode.AS_HOPED


def _read_stdin() -> bytes:
    if sys.stdin is None or is_terminal(sys.stdin):
        raise UsageError(
            "-f - reads the Dockerfile from standard input, which is a terminal", hint="pipe it in"
        )
    return sys.stdin.buffer.read()
