"""`layerfork run`: the experiment."""

import os
import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple

import click

from layerfork.cli.combinations import CheckedCommand, gathered
from layerfork.cli.options import (
    format_option,
    look_of,
    parse_pairs,
    report_option,
    reports_written,
    use_color,
    verbose_option,
)
from layerfork.cli.output import is_terminal, put
from layerfork.errors import ExitCode
from layerfork.record.build import Builder
from layerfork.record.progress import Listener
from layerfork.record.scenario import RunOptions

if TYPE_CHECKING:
    from pathlib import Path

    from layerfork.app.experiment.planning import CatalogueOptions
    from layerfork.report.formats import Format
    from layerfork.report.rendering import Look

OWN_CHOICE = "default"
HELP = """\
Build one Dockerfile with several clients, in order, and show where the cache forks.

PATH is a directory with a Dockerfile, or a bundled scenario: seed, seed-random. Without it the
experiment of 2015 is run (scenario seed). The first client fills a clean cache; every later one
should reuse it. Each client also builds twice: one whose own second build misses a step
says nothing about other clients.

\b
Examples:
  layerfork run                                  the experiment of 2015
  layerfork run --builder classic                everything on the classic builder, as in 2015
  layerfork run . --client docker-build --client docker_py-build
  layerfork run . --engine host --format json
  layerfork run --engine private:20.10 --engine private:28.5 --client 'mine=make image TAG={tag}'
  layerfork run --scenario modes --client docker-build --report html:modes.html
  layerfork run --scenario all --client all --engine all --dask tcp://HOST:8786 -o all.jsonl
"""


class PathOptions(NamedTuple):
    """What is built: a directory, or one bundled scenario."""

    path: str
    dockerfile: str
    target: str
    build_args: tuple[str, ...]
    labels: tuple[str, ...]


class ScenarioOptions(NamedTuple):
    """Which phases of scenarios are built, and where."""

    scenarios: tuple[str, ...]
    shard: str
    times: str
    dask: str


class BuildingOptions(NamedTuple):
    """Who builds, and how."""

    clients: tuple[str, ...]
    builder: str
    engines: tuple[str, ...]
    load: tuple[str, ...]
    no_controls: bool
    timeout: float
    inherit_config: bool
    save: str
    resume: str


class OutputOptions(NamedTuple):
    """What is printed and written at the end."""

    form: "Format"
    also: "tuple[tuple[Format, Path], ...]"
    verbose: bool

    @property
    def look(self) -> "Look":
        """How standard output is printed."""
        return look_of(sys.stdout, verbose=self.verbose)


@click.command("run", help=HELP, cls=CheckedCommand)
@click.argument("path", required=False, default="", metavar="[PATH]")
@click.option("-f", "--file", "dockerfile", default="", help="Dockerfile; default: PATH/Dockerfile.")
@click.option("--target", default="", help="Stage to build.")
@click.option(
    "--build-arg",
    "build_args",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Build argument; without a value, that of the environment; repeatable.",
)
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="Image label; repeatable.")
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME|FAMILY|FOLDER",
    help="Build the phases of these scenarios instead, each client from a clean cache, and hold each phase "
    "against what is expected; all is every one that `layerfork scenarios` lists; repeatable.",
)
@click.option(
    "--shard",
    default="",
    metavar="N/OF",
    help="With --scenario: build this part of the cells only (-o FILE); `layerfork merge` makes one "
    "file of all parts.",
)
@click.option(
    "--times",
    default="",
    metavar="FILE",
    help="With --shard or --dask: a file of an earlier run, whose times make the parts alike.",
)
@click.option(
    "--dask",
    default="",
    metavar="ADDRESS",
    help="With --scenario: build on the workers of this Dask scheduler, on private engines that they start; "
    "each worker offers some (dask worker ADDRESS --resources engine=1, as root). Needs "
    "layerfork[distributed].",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="ID",
    help="Client to build with, such as docker_py-build@4.4.4; repeatable. Default: the five of 2015.",
)
@click.option(
    "--builder",
    type=click.Choice([OWN_CHOICE, Builder.CLASSIC.value, Builder.BUILDKIT.value]),
    default=OWN_CHOICE,
    show_default=True,
    help="Builder to ask every client for; default is each client's own choice.",
)
@click.option(
    "--engine",
    "engines",
    multiple=True,
    metavar="NAME",
    help="private, private:28.5, private:26.1+containerd: a clean engine of our own; host, host:CONTEXT: the "
    "user's; all: every engine that layerfork brings; repeatable. Default: host if it answers, else private.",
)
@click.option(
    "--load",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    metavar="TAR",
    help="Image archive (docker save) to load into a private engine first; repeatable.",
)
@click.option("--no-controls", is_flag=True, help="Skip the second build of each client.")
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=600.0, show_default=True, help="Seconds for one build."
)
@click.option(
    "--inherit-config", is_flag=True, help="Let your environment and docker config reach the clients."
)
@click.option("-o", "--output", "save", default="", metavar="FILE", help="Write every build's record here.")
@click.option(
    "--resume",
    default="",
    metavar="FILE",
    help="Continue the run that wrote FILE (-o) where it was interrupted. Finished engines are taken from "
    "FILE. On the others the relay starts again, because later clients must meet the cache that earlier "
    "ones fill; controls that were hits, and clients that never asked for a build, are not repeated. "
    "FILE is rewritten, or with -o another one is written and FILE stays as it is.",
)
@click.option("--plan", is_flag=True, help="Print what would run, what would not and why; build nothing.")
@format_option("runs", "catalogues")
@report_option("runs")
@verbose_option
@gathered(PathOptions, "what")
@gathered(ScenarioOptions, "cells")
@gathered(BuildingOptions, "how")
@gathered(OutputOptions, "output")
def command(
    what: PathOptions, cells: ScenarioOptions, how: BuildingOptions, output: OutputOptions, plan: bool
) -> int:
    options = RunOptions(
        path=what.path,
        dockerfile=what.dockerfile,
        target=what.target,
        build_args=parse_pairs(what.build_args, "--build-arg", os.environ),
        labels=parse_pairs(what.labels, "--label"),
        clients=how.clients,
        engines=how.engines,
        builder=None if how.builder == OWN_CHOICE else Builder(how.builder),
        controls=not how.no_controls,
        timeout_s=how.timeout,
        inherit_config=how.inherit_config,
        load=how.load,
        save=how.save,
        resume=how.resume,
    )
    if cells.scenarios:
        return _plan_scenarios(cells, options) if plan else _run_scenarios(cells, options, output)
    return _plan(options, output) if plan else _run(options, output)


def _run(options: RunOptions, output: OutputOptions) -> int:
    from layerfork.app.experiment.experiment import exit_code, run_experiment  # late: start-up

    with _progress() as listener:
        reports = run_experiment(options, listener)
    with reports_written(output.also, "runs", reports):
        put(output.form.render("runs", reports, output.look))
    return exit_code(reports)


def _run_scenarios(cells: ScenarioOptions, options: RunOptions, output: OutputOptions) -> int:
    for form in (output.form, *(form for form, _ in output.also)):
        form.check("catalogues")  # before hours of building
    from layerfork.app.experiment.judging import exit_code  # late: start-up
    from layerfork.app.experiment.runscenarios import run_catalogue  # late: start-up

    with _progress(alive=True) as listener:
        report = run_catalogue(_asked(cells), options, listener)
    with reports_written(output.also, "catalogues", [report]):
        put(output.form.render("catalogues", [report], output.look))
    return exit_code(report)


def _plan_scenarios(cells: ScenarioOptions, options: RunOptions) -> int:
    from layerfork.app.experiment.planning import outline  # late: start-up
    from layerfork.report.views.outcomes import outlined  # late: start-up

    put("".join(f"{line}\n" for line in outlined(outline(_asked(cells), options))))
    return ExitCode.AS_HOPED


def _asked(cells: ScenarioOptions) -> "CatalogueOptions":
    from layerfork.app.experiment.planning import CatalogueOptions  # late: start-up

    return CatalogueOptions(names=cells.scenarios, shard=cells.shard, times=cells.times, dask=cells.dask)


def _plan(options: RunOptions, output: OutputOptions) -> int:
    from layerfork.app.experiment.experiment import plan_experiment  # late: start-up

    with _progress() as listener:
        reports = plan_experiment(options, listener)
    put(output.form.render("plans", reports, output.look))
    return ExitCode.AS_HOPED


def _progress(*, alive: bool = False) -> AbstractContextManager[Listener]:
    from layerfork.report.progress import progress  # late: start-up

    return progress(live=is_terminal(sys.stderr), color=use_color(sys.stderr), alive=alive)
