"""`layerfork setup`: fetch what `run` needs."""

import click

from layerfork.cli.output import say


@click.command("setup")
@click.option("--engine", default="private", show_default=True, help="Engine to prepare.")
def command(engine: str) -> None:
    """Fetch what `layerfork run` needs and has not got yet.

    That is an engine (Debian's packages, unpacked below the cache directory and never installed) and
    the libraries of the client programs, in isolated environments. Says what it fetches and why.
    Running a private engine needs root; fetching it does not.
    """
    from layerfork.app.machine import prepare_all  # late: start-up

    prepare_all(engine, lambda line: say(f"setup: {line}"))
