"""`layerfork why`: why this build missed."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from layerfork.cli.build_options import BuildOptions, bring_options, build_command, build_options
from layerfork.cli.combinations import WordsThenCommand, is_typed
from layerfork.cli.options import (
    engine_option,
    format_option,
    look_of,
    report_option,
    reports_written,
    to_stderr,
    verbose_option,
)
from layerfork.cli.output import put
from layerfork.errors import ExitCode, UsageError
from layerfork.record.answer import Verdict
from layerfork.record.engine import Brought

if TYPE_CHECKING:
    from layerfork.report.formats import Format


@click.command("why", cls=WordsThenCommand)
@build_options
@engine_option
@bring_options
@click.option(
    "--against",
    default="",
    metavar="FILE|ID",
    help="Compare with this: a record file, FILE#N, or the ID of a build that `layerfork history` lists. "
    "Default: of the known builds of the same directory, Dockerfile, target, platform and service, the one "
    "that shares most steps.",
)
@click.option("--store", default="", metavar="DIR", help="Record store; default: in the state directory.")
@format_option("diffs")
@report_option("diffs")
@verbose_option
@click.argument("paths", nargs=-1, metavar="[PATH | ID | -- CMD...]")
def command(
    build: BuildOptions,
    engine: str,
    brought: Brought,
    against: str,
    store: str,
    form: "Format",
    also: "tuple[tuple[Format, Path], ...]",
    verbose: bool,
    paths: tuple[str, ...],
    argv: tuple[str, ...] | None,
) -> int:
    """Record a build and say why it missed what an earlier one of the same kind had stored.

    With PATH, `docker build PATH` is run, with the options -f, --target, --build-arg and -t as given; with a
    command after --, that, with every build that it makes. With the ID of a build that `layerfork history`
    lists, that build is explained; so does BuildKit's reference, as `docker buildx history ls` prints it, and
    ^1 is the build before the newest. Without any of these, the newest recorded builds of this directory are
    explained; where none was recorded, the newest that the history of its BuildKit has. The first build of a
    kind is saved as baseline. Without Docker a private engine is used that keeps its cache until `layerfork
    engines stop`. With a --format for programs, what the command writes to standard output goes to standard
    error.

    When the command fails, its exit code is ours; otherwise 1 says that a step missed, 0 that none did, 3
    that no build was seen.
    """
    from layerfork.app.history.naming import names_past_build  # late: start-up
    from layerfork.app.why import explain_builds  # late: start-up

    past = paths[0] if argv is None and len(paths) == 1 and names_past_build(paths[0]) else ""
    if past and any(map(is_typed, BuildOptions._fields)):
        raise UsageError("options of a build need a PATH, not the id of a build", hint="layerfork why PATH")
    explained = explain_builds(
        build_command("why", () if past else paths, argv, build),
        engine,
        store,
        to_stderr,
        against=against,
        build=past,
        apart=form.name != "text",
        brought=brought,
    )
    reports = explained.reports
    with reports_written(also, "diffs", reports):
        put(form.render("diffs", reports, look_of(sys.stdout, verbose=verbose)))
    for hint in explained.hints:
        to_stderr(hint)
    if explained.exit_code:
        return explained.exit_code
    forked = any(report.judgement.verdict is Verdict.FORKED for report in reports)
    return ExitCode.FORKED if forked else ExitCode.AS_HOPED
