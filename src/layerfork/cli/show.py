"""`layerfork show`: print recorded builds."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import format_option, look_of, verbose_option
from layerfork.cli.output import put

if TYPE_CHECKING:
    from layerfork.reporters.reporter import Reporter


@click.command("show")
@click.argument("file", metavar="FILE")
@format_option("records")
@verbose_option
def command(file: str, form: "Reporter", verbose: bool) -> None:
    """Print the builds of a record file: what was asked, what was sent, what became of each step.

    FILE#N prints only its N-th.
    """
    from layerfork.pipeline.comparison import show_records

    put(form.render("records", show_records(file), look_of(sys.stdout, verbose=verbose)))
