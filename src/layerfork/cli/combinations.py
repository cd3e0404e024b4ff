"""Options that exclude or need each other, for every command, and parameters that travel as one value.

A value that was not typed, but comes from a variable or a settings file, is dropped where the command line
says something that it cannot be combined with, or lacks what it needs. Two typed values are refused.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import click
from click.core import ParameterSource

from layerfork.errors import UsageError

# The classes are named tuples: data classes take ten times as long to make, in every start of a command.

COMMAND = "argv"
"""The parameter that holds a command after ``--``."""


class Excludes(NamedTuple):
    """An option that cannot be combined with others."""

    option: str
    others: tuple[str, ...]
    hint: str


class Needs(NamedTuple):
    """Options that mean nothing without another one."""

    options: tuple[str, ...]
    needed: tuple[str, ...]
    """Parameters; one of them is enough."""
    hint: str


_OF_DOCKER_BUILD = ("dockerfile", "target", "build_args", "tags")
_ONE_BUILD = Excludes("paths", (COMMAND,), "give a PATH, or a command: layerfork {name} -- docker build PATH")
_IN_THE_COMMAND = "layerfork {name} PATH, or put it into the command after --"

RULES: Mapping[str, tuple[Excludes | Needs, ...]] = {
    "run": (
        Excludes("plan", ("also",), "--plan builds nothing, so there is nothing to report"),
        Excludes(
            "scenarios",
            ("path", "dockerfile", "target", "build_args", "labels"),
            "leave it out: a scenario says what it builds with",
        ),
        Needs(("shard", "times", "dask"), ("scenarios",), "layerfork run --scenario all --shard 1/2"),
    ),
    "why": (_ONE_BUILD, Needs(_OF_DOCKER_BUILD, ("paths",), _IN_THE_COMMAND)),
    "check": (
        Excludes(
            "clients",
            ("baseline", "cold", "load", "stand_ins", "tags", COMMAND),
            "with --client, name a PATH and nothing else",
        ),
        Excludes("cold", ("baseline",), "each says what must be reused"),
        _ONE_BUILD,
        Needs(_OF_DOCKER_BUILD, ("paths", "clients"), _IN_THE_COMMAND),
    ),
    "predict": (
        Excludes(
            "commits",
            (
                *("dockerfile", "target", "build_args", "record", "client"),
                *("changed", "max_age", "own_cache", "ask_engine"),
            ),
            "commits are predicted as the record's build; --against names another record",
        ),
        Excludes("record", ("path", "against"), "--against FILE PATH predicts a tree from a record"),
        Needs(("engine",), ("ask_engine",), "add --ask-engine"),
        Needs(("own_cache",), ("cache_from",), "without it, a builder has only its own cache"),
    ),
    "fix": (
        Needs(("no_verify", "force"), ("apply",), "layerfork fix . --apply"),
        _ONE_BUILD,
        Excludes("records", ("paths", COMMAND), "the records say what was built"),
    ),
    "pack": (
        Excludes("check", ("output",), "--check writes no tar"),
        Needs(("clients",), ("check",), "layerfork pack PATH --check --client ID"),
    ),
}
"""By command; in the order in which they are applied."""


class CheckedCommand(click.Command):
    """A command whose options are checked against each other before it runs."""

    def invoke(self, ctx: click.Context) -> Any:
        settle(ctx, RULES[self.name or ""])
        return super().invoke(ctx)


_AFTER = "layerfork.words after --"


class WordsThenCommand(CheckedCommand):
    """Options may stand before and after arguments, as everywhere; nothing after ``--`` is looked at."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            place = args.index("--")
            args, ctx.meta[_AFTER] = args[:place], tuple(args[place + 1 :])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        ctx.params[COMMAND] = ctx.meta.get(_AFTER)
        return super().invoke(ctx)


def settle(ctx: click.Context, rules: tuple[Excludes | Needs, ...]) -> None:
    """Apply the rules to the parameters of a command. Raises: UsageError."""
    for rule in rules:
        if isinstance(rule, Needs):
            _require(ctx, rule)
        else:
            _exclude(ctx, rule)


def _exclude(ctx: click.Context, rule: Excludes) -> None:
    for other in rule.others:
        if not (_is_given(ctx, rule.option) and _is_given(ctx, other)):
            continue
        if _is_typed(ctx, rule.option) == _is_typed(ctx, other):
            names = f"{_label(ctx, rule.option)} cannot be combined with {_label(ctx, other)}"
            raise UsageError(names, hint=rule.hint.format(name=ctx.command.name))
        _drop(ctx, other if _is_typed(ctx, rule.option) else rule.option)


def _require(ctx: click.Context, rule: Needs) -> None:
    if any(_is_given(ctx, each) for each in rule.needed):
        return
    for option in rule.options:
        if _is_given(ctx, option) and _is_typed(ctx, option):
            needs = f"{_label(ctx, option)} needs {_label(ctx, rule.needed[0])}"
            raise UsageError(needs, hint=rule.hint.format(name=ctx.command.name))
        _drop(ctx, option)


def _is_given(ctx: click.Context, parameter: str) -> bool:
    value = ctx.params[parameter]
    return value is not None if parameter == COMMAND else bool(value)


def _is_typed(ctx: click.Context, parameter: str) -> bool:
    return parameter == COMMAND or ctx.get_parameter_source(parameter) is ParameterSource.COMMANDLINE


def is_typed(parameter: str) -> bool:
    """Whether the command line says it, not a variable, a file or the default."""
    return _is_typed(click.get_current_context(), parameter)


def _drop(ctx: click.Context, parameter: str) -> None:
    """Give a parameter the value of an option that is not there."""
    value = ctx.params[parameter]
    ctx.params[parameter] = None if value is None or isinstance(value, float) else type(value)()


def _label(ctx: click.Context, parameter: str) -> str:
    """What a message calls a parameter: ``--max-age``, ``a PATH``."""
    if parameter == COMMAND:
        return "a command after --"
    found = next(each for each in ctx.command.params if each.name == parameter)
    return max(found.opts, key=len) if isinstance(found, click.Option) else "a PATH"


Command = TypeVar("Command", bound=Callable[..., Any])


def gathered(kind: type, into: str) -> Callable[[Command], Command]:
    """The parameters that a class has as fields reach the command as one value of it, named ``into``."""
    names = tuple(kind.__annotations__)

    def decorate(command: Command) -> Command:
        @wraps(command)
        def call(**given: Any) -> Any:
            own = {name: given.pop(name) for name in names}
            return command(**given, **{into: kind(**own)})

        return call  # type: ignore[return-value]

    return decorate
