"""`layerfork diff`: why one recorded build missed what another had stored."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import (
    format_option,
    look_of,
    report_option,
    reports_written,
    verbose_option,
)
from layerfork.cli.output import put
from layerfork.errors import ExitCode
from layerfork.record.answer import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from layerfork.report.formats import Format


@click.command("diff")
@click.argument("writer", metavar="WRITER")
@click.argument("reader", metavar="READER")
@format_option("diffs")
@report_option("diffs")
@verbose_option
def command(
    writer: str, reader: str, form: "Format", also: "tuple[tuple[Format, Path], ...]", verbose: bool
) -> int:
    """Say why the builds in READER could not use what those in WRITER had stored.

    Both are record files, or files that `import` takes (logs, exports), of any client, day and machine; no
    engine is needed. Each build is compared with the same build of the other file: of the same service or
    bake target, directory, Dockerfile, target and platform; of several such in one file the last one counts.
    FILE#N is its N-th build alone.
    """
    from layerfork.app.compare.comparison import diff_files  # late: start-up

    reports = diff_files(writer, reader)
    with reports_written(also, "diffs", reports):
        put(form.render("diffs", reports, look_of(sys.stdout, verbose=verbose)))
    verdicts = {report.judgement.verdict for report in reports}
    if Verdict.FORKED in verdicts:
        return ExitCode.FORKED
    return ExitCode.COULD_NOT_RUN if Verdict.ERROR in verdicts else ExitCode.AS_HOPED
