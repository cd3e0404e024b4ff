"""`layerfork history`: the builds that happened, recorded or not, and why each missed."""

import os
import sys
from pathlib import Path
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
from layerfork.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from layerfork.report.formats import Format


_NEWEST = 50
"""The builds that are listed without ``--limit``."""


def _predict(
    files: tuple[str, ...], commits: int, form: "Format", also: "tuple[tuple[Format, Path], ...]"
) -> int:
    from layerfork.app.study.studying import predict_history  # late: start-up

    if len(files) > 1:
        raise UsageError("--predict takes one clone", hint="layerfork history CLONE --predict 100")
    for each in (form, *(each for each, _ in also)):
        each.check("studies")
    report = predict_history(Path(files[0] if files else os.curdir), commits, to_stderr)
    with reports_written(also, "studies", (report,)):
        put(form.render("studies", (report,), look_of(sys.stdout)))
    return ExitCode.AS_HOPED if report.dockerfiles else ExitCode.COULD_NOT_RUN


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
    "--limit",
    type=click.IntRange(min=1),
    default=None,
    help="The most builds to list. Default: 50; all for the runs of a CI system.",
)
@click.option("--here", is_flag=True, help="Only builds of this directory.")
@click.option("--store", default="", metavar="DIR", help="Record store; default: in the state directory.")
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="github:, gitlab: the number of ended runs or pipelines to read, the newest first.",
)
@click.option(
    "--workflow",
    default="",
    metavar="NAME",
    help="github:, gitlab: only runs of this workflow (its file or name), or pipelines of this name.",
)
@click.option(
    "--predict",
    type=click.IntRange(min=1),
    default=None,
    metavar="COMMITS",
    help="Read no builds: predict what the newest commits of a local clone would have rebuilt.",
)
@click.option("--branch", default="", metavar="NAME", help="github:, gitlab: only runs of this branch.")
@format_option("found", "studies")
@report_option("found")
@click.argument("files", nargs=-1, metavar="[FILE | DIR | github:OWNER/NAME | gitlab:GROUP/NAME]...")
def command(
    engine: str,
    repo: str,
    limit: int | None,
    here: bool,
    store: str,
    runs: int,
    workflow: str,
    predict: int | None,
    branch: str,
    form: "Format",
    also: "tuple[tuple[Format, Path], ...]",
    files: tuple[str, ...],
) -> int:
    """List builds that have happened, newest first: what each cost, and why it missed.

    Builds need not have been recorded. They are read from the history that BuildKit keeps (of your Docker,
    every buildx builder and BUILDKIT_HOST; BuildKit 0.11 or newer), and from the records that `why` keeps.
    With FILEs, those are read instead: exports of `docker buildx history export`, provenance, logs, records,
    and directories of them. Nothing is changed there.

    github:OWNER/NAME reads what the runs of a repository's workflows left: the .dockerbuild artifacts that
    docker/build-push-action and docker/bake-action upload, else the logs. gitlab:GROUP/NAME reads the logs of
    a project's jobs. The token is that of GH_TOKEN, GITHUB_TOKEN or `gh`, and of GITLAB_TOKEN or `glab`. A
    server of your own is named by its URL. What was fetched is kept: the next call goes on from there.

    What a context held is read from git, at the commit that the build names. A cause that rests on it is
    INFERRED: it is proven if the files were those of the commit. `layerfork why ID` explains one build.

    From five builds on, the list ends with what they say together: where the time went, which causes cost
    most and what their fixes would have saved, since which commit a step is slow, which builds should have
    reused steps. --report html:FILE makes a page of it.

    --predict COMMITS needs no builds and no engine. For each Dockerfile of a clone it says what builds of
    its newest commits would have built again, which line makes most of it run again, and which edit that
    lint knows saves how much.

    \b
    Examples:
      layerfork history
      layerfork history --engine host:ci --limit 200
      layerfork history --repo ~/src/app exports/
      layerfork history github:OWNER/NAME --workflow build.yml --runs 50
      layerfork history gitlab:https://gitlab.example/GROUP/NAME --branch main
      layerfork history github:OWNER/NAME --report html:page.html
      layerfork history ~/src/app --predict 100
      layerfork why 3f9ck2
    """
    if predict is not None:
        return _predict(files, predict, form, also)
    from layerfork.app.history.ci import names_ci  # late: start-up
    from layerfork.app.history.listing import HistoryAsked, list_history  # late: start-up

    of_ci = any(map(names_ci, files))
    for option, given in (("--workflow", workflow), ("--branch", branch)):
        if given and not of_ci:
            raise UsageError(f"{option} needs a project of a CI system", hint="add github:OWNER/NAME")
    asked = HistoryAsked(
        files=files,
        engine=engine,
        repository=repo,
        newest=limit or (0 if of_ci else _NEWEST),
        here=here,
        store=store,
        runs=runs,
        workflow=workflow,
        branch=branch,
    )
    report = list_history(asked, to_stderr)
    with reports_written(also, "found", (report,)):
        put(form.render("found", (report,), look_of(sys.stdout)))
    return ExitCode.AS_HOPED if report.builds or not report.problems else ExitCode.COULD_NOT_RUN
