"""`layerfork lint`: cache traps, before any build."""

import os
import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import format_option, look_of, report_option, reports_written
from layerfork.cli.output import put
from layerfork.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from layerfork.report.formats import Format


@click.command("lint")
@click.option(
    "--rule", "rules", multiple=True, metavar="RULE", help="Ask this rule and no other; repeatable."
)
@click.option("--ignore", "ignored", multiple=True, metavar="RULE", help="Leave this rule out; repeatable.")
@format_option("lints")
@report_option("lints")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
def command(
    rules: tuple[str, ...],
    ignored: tuple[str, ...],
    form: "Format",
    also: "tuple[tuple[Format, Path], ...]",
    paths: tuple[str, ...],
) -> int:
    """Find cache traps in Dockerfiles, ignore, bake, compose and CI files, without an engine or a build.

    PATH is a file, or a directory with all below it but other people's (node_modules, vendor); the working
    directory when none is given. Each trap is a line that makes builds miss, or reuse what is old: what it
    costs, and one thing to do. How a Dockerfile looks is not judged: other linters do that.

    A comment `# layerfork: ignore=RULE` above a line, or on it, keeps a rule from saying anything about it.
    `layerfork explain RULE` has the page of a rule, with a proof by building.

    0 says that there is none, 1 that there is one, 2 that a file could not be read.

    \b
    Examples:
      layerfork lint
      layerfork lint ci/Dockerfile --ignore moving-base
      layerfork lint --format sarif > lint.sarif
      layerfork explain copy-before-install
    """
    from layerfork.app.lint import find_traps  # late: start-up

    report = find_traps(paths or (os.curdir,), rules, ignored)
    with reports_written(also, "lints", [report]):
        put(form.render("lints", [report], look_of(sys.stdout)))
    if report.bad:
        return ExitCode.USAGE
    return ExitCode.FORKED if report.traps else ExitCode.AS_HOPED
