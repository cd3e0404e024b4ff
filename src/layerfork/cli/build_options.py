"""A build as a command line asks for it: a PATH with options of `docker build` or a command, and images."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import click

from layerfork.cli.combinations import gathered
from layerfork.errors import UsageError
from layerfork.record.engine import Brought

Command = TypeVar("Command", bound=Callable[..., Any])
_OF_DOCKER_BUILD = (
    click.option("-f", "--file", "dockerfile", default="", help="Dockerfile; default: PATH/Dockerfile."),
    click.option("--target", default="", help="Stage to build."),
    click.option(
        "--build-arg",
        "build_args",
        multiple=True,
        metavar="NAME[=VALUE]",
        help="Build argument; without a value, that of the environment; repeatable.",
    ),
    click.option("-t", "--tag", "tags", multiple=True, metavar="NAME", help="Name of the image; repeatable."),
)


class BuildOptions(NamedTuple):
    """Options that go to ``docker build`` as they are."""

    dockerfile: str
    target: str
    build_args: tuple[str, ...]
    tags: tuple[str, ...]

    def words(self) -> Iterator[str]:
        """As ``docker build`` takes them."""
        values = (
            ("--file", (self.dockerfile,)),
            ("--target", (self.target,)),
            ("--build-arg", self.build_args),
            ("--tag", self.tags),
        )
        for option, given in values:
            for value in filter(None, given):
                yield from (option, value)


def build_options(command: Command) -> Command:
    """``-f``, ``--target``, ``--build-arg`` and ``-t``: the parameter ``build``."""
    command = gathered(BuildOptions, "build")(command)
    for option in reversed(_OF_DOCKER_BUILD):
        command = option(command)
    return command


def build_command(
    name: str, paths: Sequence[str], argv: tuple[str, ...] | None, build: BuildOptions
) -> tuple[str, ...]:
    """The command to run; empty where neither a PATH nor a command was given. ``name`` is our subcommand.

    Raises: UsageError.
    """
    if len(paths) > 1:
        raise UsageError("give one PATH, or a command after --", hint=f"layerfork {name} -- docker build .")
    if argv == ():
        raise UsageError("there is no command after --", hint=f"layerfork {name} -- docker build .")
    return ("docker", "build", *build.words(), paths[0]) if paths else argv or ()


# Images for an engine of ours, which has no network: ``--load`` and ``--stand-in``.

_IMAGES = (
    click.option(
        "--load",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False),
        metavar="TAR",
        help="Image archive (docker save) to load first into an engine of our own, which has no network; "
        "repeatable.",
    ),
    click.option(
        "--stand-in",
        "stand_ins",
        multiple=True,
        metavar="IMAGE",
        help="Make an image of this name from busybox, for this run, on an engine of our own. Steps that "
        "need more than a shell fail, and no key is that of the real image; repeatable.",
    ),
)


def bring_options(command: Command) -> Command:
    """``--load`` and ``--stand-in``: the parameter ``brought``."""
    command = gathered(Brought, "brought")(command)
    for option in reversed(_IMAGES):
        command = option(command)
    return command
