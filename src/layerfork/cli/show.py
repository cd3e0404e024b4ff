"""`layerfork show`: print recorded builds."""

import click

from layerfork.cli.options import format_option, verbose_option


@click.command("show")
@click.argument("file", metavar="FILE")
@format_option
@verbose_option
def command(file: str, form: str, verbose: bool) -> None:
    """Print the builds of a record file: what was asked, what was sent, what became of each step.

    FILE#N prints only its N-th.
    """
    from layerfork.pipeline.comparison import show_records

    click.echo(show_records(file, form, verbose), nl=False)
