"""`layerfork diff`: why one recorded build missed what another had stored."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import format_option, look_of, verbose_option
from layerfork.errors import ExitCode
from layerfork.model.judgement import Verdict

if TYPE_CHECKING:
    from layerfork.reporters.reporter import Reporter


@click.command("diff")
@click.argument("writer", metavar="WRITER")
@click.argument("reader", metavar="READER")
@format_option("diffs")
@verbose_option
def command(writer: str, reader: str, form: "Reporter", verbose: bool) -> int:
    """Say why the build in READER could not use what the build in WRITER had stored.

    Both are record files, of any client, day and machine; no engine is needed. A file that holds
    several builds gives its last one, FILE#N gives its N-th.
    """
    from layerfork.pipeline.comparison import diff_files

    report = diff_files(writer, reader)
    click.echo(form.render("diffs", [report], look_of(sys.stdout, verbose=verbose)), nl=False)
    return ExitCode.FORKED if report.judgement.verdict is Verdict.FORKED else ExitCode.AS_HOPED
