"""`docs/commands.md` has the help of every command, as it is printed; ``make golden`` writes it."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from layerfork.cli.root import root

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
HEAD = """\
# Commands

What `layerfork COMMAND --help` prints. [Output](output.md) says what commands print and end with,
[settings](settings.md) where the values of options may stand besides.
"""


def paths(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command with those above it, each group before what it holds."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if command.hidden:
            continue
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from paths(command, (*above, name))


def help_of(path: tuple[str, ...]) -> str:
    done = CliRunner().invoke(root, [*path, "--help"], prog_name="layerfork", terminal_width=100)
    assert done.exit_code == 0, done.output
    return done.output.strip("\n")


def written() -> str:
    sections = [f"```text\n{help_of(())}\n```\n"]
    sections += [
        f"{'#' * (len(path) + 1)} layerfork {' '.join(path)}\n\n```text\n{help_of(path)}\n```\n"
        for path in paths(root)
    ]
    return "\n".join([HEAD, *sections])


def test_the_page_is_current() -> None:
    if os.environ.get("LAYERFORK_REWRITE_GOLDEN"):
        PAGE.write_text(written(), encoding="utf-8")
    assert PAGE.read_text("utf-8") == written(), "make golden writes it"
