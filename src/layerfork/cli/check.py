"""`layerfork check`: the gate."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from layerfork.cli.build_options import BuildOptions, bring_options, build_command, build_options
from layerfork.cli.combinations import WordsThenCommand, gathered, is_typed
from layerfork.cli.options import (
    checked_output,
    engine_option,
    format_option,
    look_of,
    parse_pairs,
    report_option,
    reports_written,
    to_stderr,
    use_color,
    verbose_option,
)
from layerfork.cli.output import is_terminal, put
from layerfork.cli.root import settings_of
from layerfork.errors import UsageError
from layerfork.record.engine import Brought
from layerfork.record.scenario import RunOptions

if TYPE_CHECKING:
    from layerfork.app.check.checking import Checked
    from layerfork.record.check import CheckReport
    from layerfork.report.formats import Format


class Tolerance(NamedTuple):
    """What may be built again."""

    allow: tuple[str, ...]
    max_lost_s: float | None


@click.command("check", cls=WordsThenCommand)
@build_options
@engine_option
@click.option(
    "--baseline",
    default="",
    metavar="FILE",
    help="Build once, and require the keys of this record file, or of FILE#N alone: of the same build, made "
    "anywhere. Default: build twice, and require that the second build reuses what the first stored.",
)
@click.option(
    "--cold",
    is_flag=True,
    help="Build on two clean engines, one after the other, and require that the second reuses what the first "
    "exported. With PATH, all of the cache is handed on in a directory (mode=max); a command after -- "
    "exports and imports by itself (--cache-to, --cache-from). Needs root, and an image store that "
    "exports caches: private+containerd if --engine names no other.",
)
@bring_options
@click.option(
    "--allow",
    multiple=True,
    metavar="CAUSE|STEP",
    help="Let this be built again: a cause (build-arg), a line (Dockerfile:8) or a step (`step 3`), as "
    "answers say it, with what follows from it; repeatable.",
)
@click.option(
    "--max-lost",
    "max_lost_s",
    type=click.FloatRange(min=0),
    default=None,
    metavar="SECONDS",
    help="Fail only when the steps that are not reused take longer than this.",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="ID",
    help="Build with these clients instead, as `layerfork run` does, and require that all share one cache; "
    "two or more.",
)
@click.option("-o", "--output", default="", metavar="FILE", help="Write the builds' records here.")
@click.option(
    "--no-ci",
    is_flag=True,
    help="In GitHub Actions, add neither annotations to the text output nor a part to the job summary.",
)
@format_option("checks")
@report_option("checks")
@verbose_option
@click.argument("paths", nargs=-1, metavar="[PATH | -- CMD...]")
@gathered(Tolerance, "tolerance")
def command(
    build: BuildOptions,
    engine: str,
    baseline: str,
    cold: bool,
    brought: Brought,
    tolerance: Tolerance,
    clients: tuple[str, ...],
    output: str,
    no_ci: bool,
    form: "Format",
    also: "tuple[tuple[Format, Path], ...]",
    verbose: bool,
    paths: tuple[str, ...],
    argv: tuple[str, ...] | None,
) -> int:
    """Build twice, and fail unless the second build reuses every step that a cache can hold.

    With PATH, `docker build PATH` is run, with the options -f, --target, --build-arg and -t as given; with a
    command after --, that, with every build that it makes. FROM is not counted: it has no cache. Without
    Docker a private engine is used that keeps its cache until `layerfork engines stop`. With a --format for
    programs, what the command writes to standard output goes to standard error.

    When the command fails, its exit code is ours; otherwise 0 says that everything was reused or allowed
    not to be, 1 that it was not, and 3 that nothing can be said: no build was seen, or what became of a step
    is not known.

    \b
    Examples:
      layerfork check .
      layerfork check --allow build-arg -- make image
      layerfork check . --baseline main.jsonl --max-lost 30
      layerfork check . --cold --load base.tar
      layerfork check . --client docker-build --client docker_py-build
    """
    if output:
        checked_output(output)
    if clients:
        if len(paths) > 1:
            raise UsageError("give one PATH", hint="layerfork check . --client docker-build --client …")
        options = RunOptions(
            path=paths[0] if paths else os.curdir,
            dockerfile=build.dockerfile,
            target=build.target,
            build_args=parse_pairs(build.build_args, "--build-arg", os.environ),
            clients=clients,
            engines=(engine,) if engine else (),
            save=output,
        )
        checked = _check_clients(options, tolerance)
    else:
        words = build_command("check", paths, argv, build)
        if not words:
            raise UsageError("there is nothing to build", hint="layerfork check ., or layerfork check -- CMD")
        from layerfork.app.check.checking import CheckOptions, check_command  # late: start-up

        rules, ignored = _lint_settings()
        checked = check_command(
            CheckOptions(
                argv=words,
                engine=engine,
                baseline=baseline,
                allow=tolerance.allow,
                max_lost_s=tolerance.max_lost_s,
                output=output,
                apart=form.name != "text",
                cold=cold,
                exchange=cold and bool(paths),
                # In a settings file it is for the private engines of `run`, and of --cold.
                load=brought.load if cold or is_typed("load") else (),
                stand_ins=brought.stand_ins,
                lint_rules=rules,
                lint_ignored=ignored,
            ),
            to_stderr,
        )
    with reports_written(also, "checks", [checked.report]):
        put(form.render("checks", [checked.report], look_of(sys.stdout, verbose=verbose)))
        if not no_ci:
            _tell_github(checked.report, annotate=form.name == "text")
    return checked.exit_code


def _lint_settings() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The rules that settings ask `layerfork lint` for, and those that they leave out."""

    try:
        said = settings_of("lint")
    except UsageError:  # for `layerfork lint` to say
        return (), ()
    return tuple(said["rules"]), tuple(said["ignored"])


def _check_clients(options: RunOptions, tolerance: Tolerance) -> "Checked":
    from layerfork.app.check.clientsharing import check_clients  # late: start-up
    from layerfork.report.progress import progress  # late: start-up

    with progress(live=is_terminal(sys.stderr), color=use_color(sys.stderr)) as listener:
        return check_clients(options, tolerance.allow, tolerance.max_lost_s, listener)


def _tell_github(report: "CheckReport", *, annotate: bool) -> None:
    """What GitHub Actions shows beside the log, where its runner asks for it in the environment.

    Source: docs.github.com, Workflow commands for GitHub Actions (GITHUB_STEP_SUMMARY); Variables reference
    (GITHUB_ACTIONS is always true there).
    """
    if annotate and not report.passed and os.environ.get("GITHUB_ACTIONS") == "true":
        from layerfork.report.formats import GITHUB  # late: start-up

        put(GITHUB.render("checks", [report], look_of(None)))
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        from layerfork.report.formats import MARKDOWN  # late: start-up

        try:
            with Path(summary).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(MARKDOWN.render("checks", [report], look_of(None)))
        except OSError as error:
            to_stderr(f"no job summary: cannot write {summary}: {error.strerror}")
