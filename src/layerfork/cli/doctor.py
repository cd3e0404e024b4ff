"""`layerfork doctor`: what this machine can run, and what would distort results."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import format_option, look_of, verbose_option
from layerfork.cli.output import put
from layerfork.errors import ExitCode

if TYPE_CHECKING:
    from layerfork.report.formats import Format


@click.command("doctor")
@format_option("doctors")
@verbose_option
def command(form: "Format", verbose: bool) -> int:
    """Say what this machine can run, what is missing and how to get it, and what would distort results.

    Some settings make builds or their cache keys differ from those of another machine: an umask, a variable
    such as DOCKER_BUILDKIT, proxies in docker's settings, a chosen buildx builder, git's line endings. The
    command starts, fetches and changes nothing, and shows no password. Without -v it leaves out what needs
    no attention.

    Exit code 0: something can build here. Exit code 1: nothing can.

    \b
    Examples:
      layerfork doctor
      layerfork doctor -v
      layerfork doctor --format json
    """
    from layerfork.app.machine import examine  # late: start-up

    report = examine()
    put(form.render("doctors", [report], look_of(sys.stdout, verbose=verbose)))
    return ExitCode.AS_HOPED if report.ready else ExitCode.FORKED
