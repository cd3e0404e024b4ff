"""`layerfork record`: watch the builds of any command."""

import click

from layerfork.cli.build_options import bring_options
from layerfork.cli.options import engine_option, to_stderr
from layerfork.record.engine import Brought


@click.command("record", context_settings={"allow_interspersed_args": False})
@click.option("-o", "--output", required=True, metavar="FILE", help="Write the records here.")
@engine_option
@bring_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD...")
def command(output: str, engine: str, brought: Brought, command: tuple[str, ...]) -> int:
    """Run a command and record every build that it makes through the engine.

    The command keeps its terminal, its output, its signals and its exit code; only its DOCKER_HOST
    points at the recorder. Works with anything that ends up building: make image, docker compose up
    --build, a test suite.

    \b
    Examples:
      layerfork record -o ci.jsonl -- make image
      layerfork record -o up.jsonl -- docker compose up --build -d
      layerfork show ci.jsonl
      layerfork diff ci.jsonl laptop.jsonl
    """
    from layerfork.app.recording import record_builds  # late: start-up

    return record_builds(command, output, engine, to_stderr, brought)
