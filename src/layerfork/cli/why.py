"""`layerfork why`: why this build missed."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import engine_option, format_option, look_of, to_stderr, verbose_option
from layerfork.errors import ExitCode, UsageError
from layerfork.model.judgement import Verdict

if TYPE_CHECKING:
    from layerfork.reporters.reporter import Reporter


@click.command("why", context_settings={"allow_interspersed_args": False})
@engine_option
@click.option("--store", default="", metavar="DIR", help="Record store; default: in the state directory.")
@format_option("diffs")
@verbose_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PATH | -- CMD...]")
def command(engine: str, store: str, form: "Reporter", verbose: bool, arguments: tuple[str, ...]) -> int:
    """Record a build and say why it missed what the last one of the same Dockerfile had stored.

    With PATH, `docker build PATH` is run; with a command after --, that. Without either, the newest
    recorded build of this directory is explained. The first build of a Dockerfile is saved as baseline.
    When the command fails, its exit code is ours; otherwise 1 says that a step missed, 0 that none did.
    """
    from layerfork.pipeline.recording import explain_builds

    if "--" in arguments:
        raise UsageError("give a PATH or a command, not both", hint="layerfork why -- docker build PATH")
    after_dashes = "--" in sys.argv
    if len(arguments) > 1 and not after_dashes:
        raise UsageError("give one PATH, or a command after --", hint="layerfork why -- docker build .")
    path, argv = ("", arguments) if after_dashes else (arguments[0] if arguments else "", ())
    code, reports = explain_builds(path, argv, engine, store, to_stderr)
    click.echo(form.render("diffs", reports, look_of(sys.stdout, verbose=verbose)), nl=False)
    if code:
        return code
    forked = any(report.judgement.verdict is Verdict.FORKED for report in reports)
    return ExitCode.FORKED if forked else ExitCode.AS_HOPED
