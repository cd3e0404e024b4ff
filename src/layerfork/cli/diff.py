"""`layerfork diff`: why one recorded build missed what another had stored."""

import sys

import click

from layerfork.cli.options import format_option, use_color, verbose_option
from layerfork.errors import ExitCode
from layerfork.model.judgement import Verdict


@click.command("diff")
@click.argument("writer", metavar="WRITER")
@click.argument("reader", metavar="READER")
@format_option
@verbose_option
def command(writer: str, reader: str, form: str, verbose: bool) -> int:
    """Say why the build in READER could not use what the build in WRITER had stored.

    Both are record files, of any client, day and machine; no engine is needed. A file that holds
    several builds gives its last one, FILE#N gives its N-th.
    """
    from layerfork.pipeline.comparison import diff_files, render_diffs

    report = diff_files(writer, reader)
    click.echo(render_diffs([report], form, use_color(sys.stdout), verbose), nl=False)
    return ExitCode.FORKED if report.judgement.verdict is Verdict.FORKED else ExitCode.AS_HOPED
