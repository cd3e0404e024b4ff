"""`layerfork records`: the builds that `why` keeps."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import AgeType, format_option, look_of, to_stderr, verbose_option
from layerfork.cli.output import put

if TYPE_CHECKING:
    from layerfork.report.formats import Format

store_option = click.option(
    "--store", default="", metavar="DIR", help="Record store; default: in the state directory."
)


@click.group("records", invoke_without_command=True)
@store_option
@format_option("stored")
@click.pass_context
def command(context: click.Context, store: str, form: "Format") -> None:
    """The builds that `layerfork why` keeps to compare later ones with.

    The newest 500 are kept, or as many as fit into 512 MiB.

    \b
    Examples:
      layerfork records
      layerfork records show 3f9c
      layerfork records prune --older-than 30
    """
    if context.invoked_subcommand is None:
        _list(store, form)


@command.command("list")
@store_option
@format_option("stored")
def list_all(store: str, form: "Format") -> None:
    """List them, the newest first."""
    _list(store, form)


def _list(store: str, form: "Format") -> None:
    from layerfork.app.records import list_stored  # late: start-up

    put(form.render("stored", list_stored(store), look_of(sys.stdout)))


@command.command("show")
@click.argument("record", metavar="ID")
@store_option
@click.option(
    "--max-age",
    type=AgeType(),
    default=None,
    metavar="AGE",
    help="Mark steps that reused a result older than 7d, 12h …",
)
@format_option("records")
@verbose_option
def show(record: str, store: str, max_age: float | None, form: "Format", verbose: bool) -> None:
    """Print one of them; the first digits of its ID are enough."""
    from layerfork.app.records import show_stored  # late: start-up

    report = show_stored(store, record, max_age)
    put(form.render("records", [report], look_of(sys.stdout, verbose=verbose)))


@command.command("rm")
@click.argument("records", nargs=-1, required=True, metavar="ID...")
@store_option
def remove(records: tuple[str, ...], store: str) -> None:
    """Remove some of them."""
    from layerfork.app.records import remove_stored  # late: start-up

    to_stderr(f"removed {remove_stored(store, records)}")


@command.command("prune")
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N.")
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Remove what is older.")
@store_option
@click.pass_context
def prune(context: click.Context, keep: int | None, older_than: float | None, store: str) -> None:
    """Remove old ones: those beyond the newest N, and those older than DAYS."""
    from layerfork.app.records import prune_stored  # late: start-up

    if keep is None and older_than is None:
        raise click.UsageError("say which to remove: --keep N, --older-than DAYS", context)
    to_stderr(f"removed {prune_stored(store, keep=keep, older_than_days=older_than)}")
