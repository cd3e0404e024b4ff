"""`layerfork merge`: shards of a run become one file."""

import click

from layerfork.cli.options import checked_output, to_stderr


@click.command("merge")
@click.option("-o", "--output", required=True, metavar="FILE", help="File to write.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def command(files: tuple[str, ...], output: str) -> int:
    """Make one file of all shards of a run of scenarios; refuses while one is missing or not whole.

    \b
    Examples:
      layerfork run --scenario all --client all --engine all --shard 1/2 -o 1.jsonl     here
      layerfork run --scenario all --client all --engine all --shard 2/2 -o 2.jsonl     there
      layerfork merge 1.jsonl 2.jsonl -o all.jsonl
      layerfork report all.jsonl
    """
    checked_output(output)
    from layerfork.app.experiment.shards import merge_files  # late: start-up

    to_stderr(f"{merge_files(files, output)} cells in {output}")
    return 0
