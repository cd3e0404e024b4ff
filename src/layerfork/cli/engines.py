"""`layerfork engines`: what can run here, fetching it, opening one."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import format_option, look_of, to_stderr
from layerfork.cli.output import put, say
from layerfork.errors import ExitCode
from layerfork.record.machine import Fetched

if TYPE_CHECKING:
    from layerfork.report.formats import Format


@click.group("engines", invoke_without_command=True)
@format_option("engines")
@click.pass_context
def command(context: click.Context, form: "Format") -> None:
    """List the engines that can build here: versions, builders, image stores, API range.

    An engine that is not ready says what is missing and which command helps. Engines of our own are
    Debian's packages, unpacked below the cache directory and never installed.

    \b
    Examples:
      layerfork engines
      layerfork engines get 20.10 28.5 podman
      layerfork engines run 28.5
    """
    if context.invoked_subcommand is None:
        from layerfork.app.machine import list_engines  # late: start-up

        put(form.render("engines", list_engines(), look_of(sys.stdout)))


@command.command("get")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--all", "everything", is_flag=True, help="Every engine of the list.")
def get(names: tuple[str, ...], everything: bool) -> int:
    """Fetch engines. If one cannot be fetched, it says why, and the others are still fetched.

    28.5 alone is private:28.5. What an interrupted fetch left is used by the next one.
    """
    from layerfork.app.machine import get_engines  # late: start-up

    if everything == bool(names):
        raise click.UsageError("name engines, or give --all", click.get_current_context())
    complete = get_engines(names, to_stderr, show_fetched)
    return ExitCode.AS_HOPED if complete else ExitCode.COULD_NOT_RUN


@command.command("stop")
def stop() -> int:
    """Remove the cache that the private engine of `why` keeps from build to build.

    Between two builds no process of it runs; one that is in use now is left alone.
    """
    from layerfork.app.machine import stop_engines  # late: start-up

    return ExitCode.AS_HOPED if stop_engines(to_stderr) else ExitCode.COULD_NOT_RUN


@command.command("check")
@click.argument("names", nargs=-1, metavar="[NAME...]")
def check(names: tuple[str, ...]) -> int:
    """Compare every file of fetched engines with the checksum taken when it was unpacked.

    Without a NAME all that were fetched. Every start checks too, by size and times.
    """
    from layerfork.app.machine import check_engines  # late: start-up

    sound = check_engines(names, show_fetched)
    return ExitCode.AS_HOPED if sound else ExitCode.COULD_NOT_RUN


def show_fetched(fetched: Fetched) -> None:
    """Say what became of one thing that was asked for."""
    if fetched.error:
        say(f"{fetched.name}: {fetched.error}")
    else:
        put(f"{fetched.name}: ready\n")


@command.command("run", context_settings={"ignore_unknown_options": True})
@click.argument("name", metavar="NAME")
@click.option(
    "--registry",
    default="",
    metavar="DIR",
    help="Serve a registry at 127.0.0.1:5000 inside, kept in DIR: to carry caches from engine to engine.",
)
@click.argument("argv", nargs=-1, type=click.UNPROCESSED, metavar="[-- CMD...]")
def run(name: str, registry: str, argv: tuple[str, ...]) -> int:
    """Start an engine and a shell, or CMD, in which docker talks to it; leaving it ends the engine.

    The engine's own docker, podman or buildah come first on PATH, so versions never mix. Nothing of
    the engine is left behind.

    \b
    Examples:
      layerfork engines run 20.10
      layerfork engines run podman -- podman info
      layerfork engines run 26.1+containerd --registry /tmp/caches
    """
    from layerfork.app.machine import open_shell  # late: start-up

    return open_shell(name, argv, registry, to_stderr)
