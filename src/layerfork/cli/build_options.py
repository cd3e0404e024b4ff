"""A build as a command line asks for it: a PATH with options of `docker build`, or a command after ``--``."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from layerfork.cli.options import give_way
from layerfork.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])
_OPTIONS = (
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


def build_options(command: Command) -> Command:
    """``-f``, ``--target``, ``--build-arg`` and ``-t``, as `docker build` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def build_command(
    name: str,
    paths: Sequence[str],
    argv: tuple[str, ...] | None,
    *,
    dockerfile: str,
    target: str,
    build_args: tuple[str, ...],
    tags: tuple[str, ...],
) -> tuple[str, ...]:
    """The command to run; empty where neither a PATH nor a command was given. ``name`` is our subcommand.

    Raises: UsageError.
    """
    asked = _options(
        give_way(dockerfile, "dockerfile", when=not paths),
        give_way(target, "target", when=not paths),
        give_way(build_args, "build_args", when=not paths),
        give_way(tags, "tags", when=not paths),
    )
    if argv is not None and paths:
        raise UsageError("give a PATH or a command, not both", hint=f"layerfork {name} -- docker build PATH")
    if len(paths) > 1:
        raise UsageError("give one PATH, or a command after --", hint=f"layerfork {name} -- docker build .")
    if asked and not paths:
        raise UsageError(
            f"{asked[0]} needs a PATH", hint=f"layerfork {name} PATH, or put it into the command after --"
        )
    if argv == ():
        raise UsageError("there is no command after --", hint=f"layerfork {name} -- docker build .")
    return ("docker", "build", *asked, paths[0]) if paths else argv or ()


def _options(
    dockerfile: str, target: str, build_args: tuple[str, ...], tags: tuple[str, ...]
) -> tuple[str, ...]:
    """As ``docker build`` takes them."""
    values = (
        ("--file", (dockerfile,)),
        ("--target", (target,)),
        ("--build-arg", build_args),
        ("--tag", tags),
    )
    return tuple(word for option, given in values for value in given if value for word in (option, value))
