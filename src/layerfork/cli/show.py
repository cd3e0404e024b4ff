"""`layerfork show`: print recorded builds."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import AgeType, format_option, look_of, verbose_option
from layerfork.cli.output import put

if TYPE_CHECKING:
    from layerfork.report.formats import Format


@click.command("show")
@click.argument("file", metavar="FILE")
@click.option(
    "--max-age",
    type=AgeType(),
    default=None,
    metavar="AGE",
    help="Mark steps that reused a result older than 7d, 12h …",
)
@format_option("records")
@verbose_option
def command(file: str, max_age: float | None, form: "Format", verbose: bool) -> None:
    """Print the builds of a record file: what was asked, what was sent, what became of each step.

    FILE#N prints only its N-th. Of each step that was reused it says how old the result was then, where the
    image's history tells, or an earlier build in the file or among those that `why` keeps.

    \b
    Examples:
      layerfork show ci.jsonl
      layerfork show ci.jsonl#2 --max-age 7d
    """
    from layerfork.app.records import show_records  # late: start-up

    put(form.render("records", show_records(file, max_age), look_of(sys.stdout, verbose=verbose)))
