"""`layerfork scenarios`: what there is to run."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import format_option, look_of
from layerfork.cli.output import put

if TYPE_CHECKING:
    from layerfork.report.formats import Format


@click.command("scenarios")
@click.argument("names", nargs=-1, metavar="[NAME|FAMILY|FOLDER]...")
@format_option("scenarios")
def command(names: tuple[str, ...], form: "Format") -> int:
    """List scenarios: each asks one question about the cache, and says what it expects of each builder.

    \b
    Examples:
      layerfork scenarios                   all that come with layerfork, by family
      layerfork scenarios modes             one family
      layerfork scenarios ./mine            checks a scenario of your own (docs/scenarios.md)
      layerfork run --scenario modes --client docker-build --engine private
    """
    from layerfork.app.experiment.findscenarios import list_scenarios  # late: start-up

    put(form.render("scenarios", list_scenarios(names), look_of(sys.stdout)))
    return 0
