"""`layerfork plugin`: `docker layerfork`, installed and removed."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from layerfork.cli.output import say

Command = TypeVar("Command", bound=Callable[..., Any])


def _directory_option(command: Command) -> Command:
    return click.option(
        "--dir",
        "directory",
        type=click.Path(path_type=Path),
        help="Where docker looks for plugins; default: cli-plugins in docker's configuration directory "
        "(DOCKER_CONFIG, else ~/.docker). For all users: /usr/local/lib/docker/cli-plugins.",
    )(command)


@click.group("plugin")
def command() -> None:
    """Make `docker layerfork …` the same as `layerfork …`, or undo that.

    What is installed is one small file, docker-layerfork, that starts the layerfork which wrote it.

    \b
    Examples:
      layerfork plugin install
      docker layerfork why .
      docker --context remote layerfork check .
      layerfork plugin remove
    """


@command.command("install")
@_directory_option
def install(directory: Path | None) -> None:
    """Write docker-layerfork where docker finds it; again after layerfork has moved.

    A file of that name which is not layerfork's is left alone.
    """
    from layerfork.app.dockerplugin import install, plugin_directory  # late: start-up

    say(f"{install(directory or plugin_directory(os.environ))} is there: try `docker layerfork --help`")


@command.command("remove")
@_directory_option
def remove(directory: Path | None) -> None:
    """Remove docker-layerfork again, and nothing else."""
    from layerfork.app.dockerplugin import plugin_directory, remove  # late: start-up

    place = directory or plugin_directory(os.environ)
    say(
        f"{place}: docker-layerfork is removed"
        if remove(place)
        else f"there is no docker-layerfork in {place}"
    )
