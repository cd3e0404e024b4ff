"""`layerfork config`: the settings that are in force."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import format_option, look_of, verbose_option
from layerfork.cli.output import put
from layerfork.cli.root import COMMANDS, root

if TYPE_CHECKING:
    from layerfork.report.formats import Format


@click.command("config")
@format_option("settings")
@verbose_option
@click.pass_context
def command(context: click.Context, form: "Format", verbose: bool) -> None:
    """Show which settings are in force here, and where each comes from.

    Settings are values of options for when the command line does not give them. The environment comes first
    (LAYERFORK_CHECK_ALLOW; LAYERFORK_ENGINE for every command with --engine), then the file: layerfork.toml,
    or [tool.layerfork] in pyproject.toml, of the working directory or the next one above it that has
    settings, up to the root of the git repository. With -v defaults are shown too.

    \b
    Examples of a layerfork.toml:
      engine = "private:28.5"      for all commands
      \b
      [check]
      allow = ["build-arg"]
      max-lost = 30
    """
    from layerfork.app.machine import list_own_clients  # late: start-up
    from layerfork.cli.settings_file import report_settings, settings_here  # late: start-up

    named = {name: root.get_command(context, name) for name in COMMANDS}
    commands = {name: each for name, each in named.items() if each is not None}
    report = report_settings(commands, settings_here(), list_own_clients())
    put(form.render("settings", [report], look_of(sys.stdout, verbose=verbose)))
