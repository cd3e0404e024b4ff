"""`layerfork report`: what lies in files, rendered in any format."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import (
    checked_output,
    format_option,
    look_of,
    to_stderr,
    verbose_option,
    write_text,
)
from layerfork.cli.output import put
from layerfork.errors import ExitCode

if TYPE_CHECKING:
    from layerfork.reporters.reporter import Reporter, Theme


@click.command("report")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@format_option("runs", "diffs", "catalogues")
@click.option("-o", "--output", default="", metavar="OUT", help="Write to this file, not to standard output.")
@click.option(
    "--theme",
    type=click.Choice(["auto", "light", "dark"]),
    default="auto",
    show_default=True,
    help="Colours of html and svg; auto are those that the viewer's system prefers.",
)
@verbose_option
def command(files: tuple[str, ...], form: "Reporter", output: str, theme: "Theme", verbose: bool) -> int:
    """Render files of runs (`run -o`), or of recorded builds (`record -o`, `import -o`).

    Runs are judged again from what was recorded: no engine is needed, and nothing is built. Of recorded
    builds, those of every other FILE are compared with those of the first; in a single FILE, each build with
    the one before it of the same kind. FILE#N is its N-th build alone.

    \b
    Examples:
      layerfork report run.jsonl --format html -o report.html
      layerfork report run.jsonl --format svg --theme dark -o forks.svg
      layerfork report ci.jsonl laptop.jsonl --format markdown >> "$GITHUB_STEP_SUMMARY"

    The exit code is 0 when the report was made, whatever it says.
    """
    from dataclasses import replace

    from layerfork.pipeline.report import read_reports

    path = checked_output(output) if output else None
    found = read_reports(files)
    for line in found.left_out:
        to_stderr(line)
    look = replace(look_of(sys.stdout, verbose=verbose), theme=theme)
    look = replace(look, color=False, width=None) if path else look
    if found.catalogues:
        text = form.render("catalogues", found.catalogues, look)
    else:
        text = (
            form.render("runs", found.runs, look) if found.runs else form.render("diffs", found.diffs, look)
        )
    if path:
        write_text(path, text)
    else:
        put(text)
    return ExitCode.AS_HOPED
