"""Settings give way to a command line that they do not go with."""

from collections.abc import Sequence
from typing import TypeVar

import click
from click.core import ParameterSource

T = TypeVar("T", str, tuple[str, ...])


def is_typed(parameter: str) -> bool:
    """Whether the command line says it, not a variable, a file or the default."""
    return click.get_current_context().get_parameter_source(parameter) is ParameterSource.COMMANDLINE


def give_way(value: T, parameter: str, *, to: Sequence[str] = (), when: bool = False) -> T:
    """The value of a parameter; an empty one where settings gave it, and either another parameter that it
    does not go with was typed, or it is of no use ``when``."""
    if is_typed(parameter) or not (when or any(map(is_typed, to))):
        return value
    return type(value)()
