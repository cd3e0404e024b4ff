"""`layerfork show`: print recorded builds."""

import click

from layerfork.cli.options import format_option, verbose_option


@click.command("show")
@click.argument("file", metavar="FILE")
@format_option
@verbose_option
def command(file: str, form: str, verbose: bool) -> None:
    """Print the builds of a record file: what was asked, what was sent, what became of each step."""
    from layerfork import pipeline

    click.echo(pipeline.show_records(file, form, verbose), nl=False)
