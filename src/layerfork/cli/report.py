"""`layerfork report`: what lies in files, rendered in any format."""

import sys
from dataclasses import replace
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
from layerfork.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layerfork.report.formats import Format
    from layerfork.report.rendering import Kind, Theme


@click.command("report")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--diff",
    "between",
    is_flag=True,
    help="Say what changed from the run in the first of two FILEs to that in the second.",
)
@format_option("runs", "diffs", "catalogues", "upgrades")
@click.option("-o", "--output", default="", metavar="OUT", help="Write to this file, not to standard output.")
@click.option(
    "--theme",
    type=click.Choice(["auto", "light", "dark"]),
    default="auto",
    show_default=True,
    help="Colours of html and svg; auto are those that the viewer's system prefers.",
)
@verbose_option
def command(
    files: tuple[str, ...], between: bool, form: "Format", output: str, theme: "Theme", verbose: bool
) -> int:
    """Render files of runs (`run -o`), or of recorded builds (`record -o`, `import -o`).

    Runs are judged again from what was recorded: no engine is needed, and nothing is built. Of recorded
    builds, those of every other FILE are compared with those of the first; in a single FILE, each build with
    the one before it of the same kind. FILE#N is its N-th build alone.

    With --diff the runs of two FILEs are compared, client by client: versions, outcomes, who
    shares a cache with whom, forks. What changed from one engine or client version to the next?

    \b
    Examples:
      layerfork report run.jsonl --format html -o report.html
      layerfork report run.jsonl --format svg --theme dark -o forks.svg
      layerfork report ci.jsonl laptop.jsonl --format markdown >> "$GITHUB_STEP_SUMMARY"
      layerfork report --diff docker-26.jsonl docker-28.jsonl

    The exit code is 0 when the report was made, whatever it says.
    """

    path = checked_output(output) if output else None
    kind, reports = _upgrade(files) if between else _filed(files)
    form.check(kind)
    look = replace(look_of(sys.stdout, verbose=verbose), theme=theme)
    look = replace(look, color=False, width=None) if path else look
    text = form.render(kind, reports, look)
    if path:
        write_text(path, text)
    else:
        put(text)
    return ExitCode.AS_HOPED


def _filed(files: tuple[str, ...]) -> "tuple[Kind, Sequence[object]]":
    from layerfork.app.experiment.fromfiles import read_reports  # late: start-up

    found = read_reports(files)
    for line in found.left_out:
        to_stderr(line)
    if found.catalogues:
        return "catalogues", found.catalogues
    return ("runs", found.runs) if found.runs else ("diffs", found.diffs)


def _upgrade(files: tuple[str, ...]) -> "tuple[Kind, Sequence[object]]":
    from layerfork.app.experiment.upgrade import compare_runs  # late: start-up

    if len(files) != len(("OLD", "NEW")):
        raise UsageError(f"--diff takes two files, not {len(files)}", hint="layerfork report --diff OLD NEW")
    return "upgrades", (compare_runs(*files),)
