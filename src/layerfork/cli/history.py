"""`layerfork history`: the builds that happened, recorded or not, and why each missed."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import (
    engine_option,
    format_option,
    look_of,
    report_option,
    reports_written,
    to_stderr,
)
from layerfork.cli.output import put
from layerfork.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from layerfork.report.formats import Format


@click.command("history")
@engine_option
@click.option(
    "--repo",
    default="",
    metavar="DIR",
    help="Repository with the commits that builds name; default: that of the build's directory, else of this "
    "one.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="So many builds at most."
)
@click.option("--here", is_flag=True, help="Only builds of this directory.")
@click.option("--store", default="", metavar="DIR", help="Record store; default: in the state directory.")
@format_option("found")
@report_option("found")
@click.argument("files", nargs=-1, metavar="[FILE | DIR]...")
def command(
    engine: str,
    repo: str,
    limit: int,
    here: bool,
    store: str,
    form: "Format",
    also: "tuple[tuple[Format, Path], ...]",
    files: tuple[str, ...],
) -> int:
    """List builds that have happened, newest first: what each cost, and why it missed.

    Builds need not have been recorded. They are read from the history that BuildKit keeps (of your Docker,
    every buildx builder and BUILDKIT_HOST; BuildKit 0.11 or newer), and from the records that `why` keeps.
    With FILEs, those are read instead: exports of `docker buildx history export`, provenance, logs, records,
    and directories of them. Nothing is changed there.

    What a context held is read from git, at the commit that the build names. A cause that rests on it is
    INFERRED: it is proven if the files were those of the commit. `layerfork why ID` explains one build.

    \b
    Examples:
      layerfork history
      layerfork history --engine host:ci --limit 200
      layerfork history --repo ~/src/app exports/
      layerfork why 3f9ck2
    """
    from layerfork.app.history.listing import HistoryAsked, list_history  # late: start-up

    report = list_history(
        HistoryAsked(files=files, engine=engine, repository=repo, newest=limit, here=here, store=store),
        to_stderr,
    )
    with reports_written(also, "found", (report,)):
        put(form.render("found", (report,), look_of(sys.stdout)))
    return ExitCode.AS_HOPED if report.builds or not report.problems else ExitCode.COULD_NOT_RUN
