"""`layerfork clients`: what can build here, and making it ready."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.engines import show_fetched
from layerfork.cli.options import format_option, look_of, to_stderr
from layerfork.cli.output import put
from layerfork.errors import ExitCode

if TYPE_CHECKING:
    from layerfork.report.formats import Format


@click.group("clients", invoke_without_command=True)
@format_option("clients")
@click.pass_context
def command(context: click.Context, form: "Format") -> None:
    """List the build clients: version, builders, whether it is ready, and the command that makes it so.

    Libraries are installed into environments of their own, from lock files with hashes. Programs like
    docker, buildx, compose and podman come with the engines.

    \b
    Examples:
      layerfork clients
      layerfork clients get docker_py-build@4.4.4
      layerfork clients get --all
    """
    if context.invoked_subcommand is None:
        from layerfork.app.machine import list_clients  # late: start-up

        put(form.render("clients", list_clients(), look_of(sys.stdout)))


@command.command("get")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--all", "everything", is_flag=True, help="Every client of the list.")
def get(names: tuple[str, ...], everything: bool) -> int:
    """Install clients. If one cannot be installed, it says why, and the others are still installed."""
    from layerfork.app.machine import get_clients  # late: start-up

    if everything == bool(names):
        raise click.UsageError("name clients, or give --all", click.get_current_context())
    complete = get_clients(names, to_stderr, show_fetched)
    return ExitCode.AS_HOPED if complete else ExitCode.COULD_NOT_RUN
