"""Images for an engine of ours, which has no network: ``--load`` and ``--stand-in``."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
_OPTIONS = (
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
    """``--load`` and ``--stand-in``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
