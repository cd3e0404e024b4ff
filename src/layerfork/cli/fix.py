"""`layerfork fix`: do something about the last fork, and prove that it helps."""

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from layerfork.cli.build_options import bring_options
from layerfork.cli.combinations import WordsThenCommand, gathered
from layerfork.cli.options import (
    checked_output,
    engine_option,
    format_option,
    look_of,
    to_stderr,
    verbose_option,
    write_bytes,
)
from layerfork.cli.output import put
from layerfork.errors import UsageError
from layerfork.record.engine import Brought

if TYPE_CHECKING:
    from layerfork.report.formats import Format

STANDARD_OUTPUT = "-"


class Applying(NamedTuple):
    """Whether and how files are edited."""

    apply: bool
    no_verify: bool
    force: bool


@click.command("fix", cls=WordsThenCommand)
@click.option("--apply", is_flag=True, help="Build with it on a copy, and edit the files if that helps.")
@click.option("--no-verify", is_flag=True, help="With --apply: edit the files at once, and build nothing.")
@click.option(
    "--force", is_flag=True, help="With --apply: edit files also where git could not bring them back."
)
@click.option(
    "--patch",
    default="",
    metavar="FILE",
    help="Write the edits here, for `git apply` or `patch -p1`; - prints them and nothing else.",
)
@click.option(
    "--record",
    "records",
    multiple=True,
    metavar="FILE",
    help="Record files instead of the kept builds: those of the earlier and the later build, or one of both. "
    "--apply runs the commands that they hold: only with files that you trust.",
)
@engine_option
@bring_options
@click.option("--store", default="", metavar="DIR", help="Record store; default: in the state directory.")
@format_option("fixes")
@verbose_option
@click.argument("paths", nargs=-1, metavar="[PATH | -- CMD...]")
@gathered(Applying, "applying")
def command(
    applying: Applying,
    patch: str,
    records: tuple[str, ...],
    engine: str,
    brought: Brought,
    store: str,
    form: "Format",
    verbose: bool,
    paths: tuple[str, ...],
    argv: tuple[str, ...] | None,
) -> int:
    """Say what to edit or run so that the last fork does not happen again; with --apply do it, if it helps.

    It takes the last build of PATH, of CMD or of the working directory that missed something, of those that
    `layerfork why` keeps, and prints each edit as a patch that `git apply` takes, or a command, with the
    steps that the key model predicts to be reused. Nothing is edited or built without --apply.

    With --apply, a copy of the project is built with the edit, and once more after what forked the cache has
    happened again. Only if that brings steps back, the edit is made in the project's own files, which
    stay as they are in any other case: also after Ctrl-C. Files that git could not bring back are not edited
    without --force.

    The exit code is 0 when everything that was found is verified, or there is nothing to fix; 1 when edits
    were found and not made, or did not help, or when the fork that cost most is left to you, which the last
    line says; 3 when it is unknown whether they help.

    \b
    Examples:
      layerfork why . && layerfork fix
      layerfork fix --patch - | git apply
      layerfork fix . --apply
      layerfork fix --apply -- make image
      layerfork fix --record main.jsonl --record branch.jsonl --patch fix.patch
    """
    _check(paths, argv, records)
    if patch not in ("", STANDARD_OUTPUT):
        checked_output(patch)
    if applying.apply:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # also where `&` of a script had it ignored
    from layerfork.app.fix.fixing import FixOptions, fix_builds, patch_of  # late: start-up
    from layerfork.record.fixing import exit_code_of_fixes  # late: start-up

    reports = fix_builds(
        FixOptions(
            path=paths[0] if paths else "",
            argv=argv or (),
            records=records,
            store=store,
            engine=engine,
            brought=brought,
            apply=applying.apply,
            verify=not applying.no_verify,
            force=applying.force,
        ),
        to_stderr,
    )
    if patch == STANDARD_OUTPUT:
        put(patch_of(reports))
        for line in filter(None, (report.left_line for report in reports)):
            to_stderr(line)
        return exit_code_of_fixes(reports)
    if patch:
        write_bytes(Path(patch), patch_of(reports))
    put(form.render("fixes", reports, look_of(sys.stdout, verbose=verbose)))
    return exit_code_of_fixes(reports)


def _check(paths: tuple[str, ...], argv: tuple[str, ...] | None, records: tuple[str, ...]) -> None:
    """Raises: UsageError."""
    if argv == ():
        raise UsageError("there is no command after --", hint="layerfork fix -- docker build .")
    if len(paths) > 1 or len(records) > 2:
        raise UsageError("give one PATH, and at most two --record FILE", hint="layerfork fix . --apply")
    if paths and not os.path.isdir(paths[0]):  # noqa: PTH112 - a word
        raise UsageError(f"there is no directory {paths[0]}", hint="name the directory that is built")
