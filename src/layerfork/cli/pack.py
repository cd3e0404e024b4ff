"""`layerfork pack`: a context as a tar that gives every client the same keys."""

import sys
from pathlib import Path

import click

from layerfork.cli.options import checked_output, to_stderr
from layerfork.cli.output import OutputError, is_terminal
from layerfork.errors import UsageError


@click.command("pack")
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
@click.argument("path", metavar="PATH")
def command(path: str, dockerfile: str, output: str) -> None:
    """Write a build context as a tar that every client and machine turns into the same cache keys.

    Names, order, owners, modes and times follow from the files alone; ignore rules are applied, as docker
    applies them. The same files give the same bytes, whoever packs them.

    \b
    Examples:
      layerfork pack . | docker build -
      layerfork pack . -f ci/Dockerfile | docker build -f ci/Dockerfile -
      sed s/3.11/3.12/ Dockerfile | layerfork pack . -f - -o context.tar
    """
    from layerfork.pipeline.packing import save_pack, write_pack

    if not output and is_terminal(sys.stdout):
        raise UsageError(
            "a tar does not belong on a terminal",
            hint=f"pipe it: layerfork pack {path} | docker build -; or write it to a file with -o",
        )
    text = _read_stdin() if dockerfile == "-" else None
    source = text if text is not None else Path(dockerfile) if dockerfile else None
    if output:
        save_pack(Path(path), source, checked_output(output), to_stderr)
        return
    try:
        write_pack(Path(path), source, sys.stdout.fileno(), to_stderr)
    except OSError as error:
        raise OutputError(error.strerror or str(error)) from error


def _read_stdin() -> bytes:
    if sys.stdin is None or is_terminal(sys.stdin):
        raise UsageError(
            "-f - reads the Dockerfile from standard input, which is a terminal", hint="pipe it in"
        )
    return sys.stdin.buffer.read()
