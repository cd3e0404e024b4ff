"""The variables that an instruction or a FROM line sees, and what FROM lines name."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from layerfork.dockerfile.expand import Expansion, expand
from layerfork.dockerfile.instruction import Dockerfile, Stage
from layerfork.dockerfile.substitution import BadSubstitutionError

# The variables that an instruction sees: the base image's, ENV, ARG, global ARG, what the request gave.
#
# Builders differ in what wins. `LayeredScope` is the classic builder's and buildah's: a variable of the
# environment hides an argument, whichever came later. `JoinedScope` is BuildKit's: one list in which the last
# ENV or ARG line wins, and which a stage built on another one inherits whole.

Pairs = Iterable[tuple[str, str]]
Expander = Callable[[str, Mapping[str, str], str], Expansion]
"""Replaces the variables of a word: word, values, escape character. Raises: BadSubstitutionError."""


class ValueSource(StrEnum):
    """Where a variable's value comes from."""

    ENV = "env"
    """An ENV line, or the base image."""
    ARG = "build-arg"
    """An ARG line: given, default or global."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable as an instruction sees it."""

    name: str
    value: str
    source: ValueSource


class Scope(Protocol):
    """What every builder's scope answers."""

    made_from: dict[str, tuple[Variable, ...]]
    """Variables that the value of a variable was expanded with, directly or through others."""

    def find(self, name: str) -> Variable | None:
        """The variable, or None when it is not set."""

    def values(self) -> dict[str, str]:
        """Every variable that text is expanded with, in the builder's order."""


def expand_in(
    scope: Scope, word: str, escape: str, how: Expander = expand
) -> tuple[Expansion, tuple[Variable, ...]]:
    """A word with its variables replaced, and those that it looked up, sorted by name.

    ``how`` replaces them as the builder does.
    Raises: BadSubstitutionError.
    """
    expansion = how(word, scope.values(), escape)
    return expansion, variables_behind(scope, sorted(expansion.used))


def variables_behind(scope: Scope, names: Iterable[str]) -> tuple[Variable, ...]:
    """The variables of these names that are set, and those that their values were made from."""
    found: dict[Variable, None] = {}
    for name in names:
        variable = scope.find(name)
        if variable is not None:
            found[variable] = None
            found.update(dict.fromkeys(scope.made_from.get(name, ())))
    return tuple(found)


@dataclass(slots=True, kw_only=True)
class LayeredScope:
    """Environment above arguments.

    Source: moby/moby builder/dockerfile/{buildargs,evaluator}.go @ v26.1.5; openshift/imagebuilder
    dispatchers.go:arg, builder.go:Arguments @ v1.2.15.
    """

    env: dict[str, str] = field(default_factory=dict)
    """Of the base image and of ENV lines."""
    own_env: set[str] = field(default_factory=set)
    """Names that ENV lines of this stage set."""
    args: dict[str, str | None] = field(default_factory=dict)
    """Declared in this stage: the default, or None."""
    meta_args: dict[str, str | None] = field(default_factory=dict)
    """Declared before the first FROM."""
    given: Mapping[str, str] = field(default_factory=dict)
    """``--build-arg`` values."""
    undeclared: frozenset[str] = frozenset()
    """Names of given arguments that need no ARG: proxies."""
    bare_keeps: bool = False
    """An ARG line without a default leaves an argument its value; else it takes that away."""
    made_from: dict[str, tuple[Variable, ...]] = field(default_factory=dict)

    def of_image(self, env: Pairs) -> "LayeredScope":
        """A stage that begins with an image."""
        return replace(self, env=dict(env), own_env=set(), args={})

    def after(self, base: "LayeredScope") -> "LayeredScope":
        """A stage that begins where another one ended: its arguments end with it."""
        return replace(base, env=dict(base.env), own_env=set(), args={}, meta_args=self.meta_args)

    def copy(self) -> "LayeredScope":
        """The same variables, to be changed apart from these."""
        return replace(
            self,
            env=dict(self.env),
            own_env=set(self.own_env),
            args=dict(self.args),
            meta_args=dict(self.meta_args),
            made_from=dict(self.made_from),
        )

    def declare(self, name: str, default: str | None) -> None:
        """An ARG line; ``default`` is expanded already."""
        if default is None and self.bare_keeps:
            default = self.meta_args.get(name, self.args.get(name))
        self.args[name] = default

    def set_env(self, name: str, value: str) -> None:
        """An ENV line."""
        self.env[name] = value
        self.own_env.add(name)

    def arguments(self) -> dict[str, str]:
        """Arguments in force: those that have a value and that no variable of the environment hides."""
        return {name: value for name, value in self.with_value() if name not in self.env}

    def listed(self) -> dict[str, str]:
        """Declared arguments with a value; where an ENV line of the stage gives one, that counts."""
        return {
            name: self.env[name] if name in self.own_env else value
            for name, value in self.with_value()
            if name in self.args
        }

    def meta_arguments(self) -> dict[str, str]:
        """Arguments that FROM lines may use."""
        names = (*self.meta_args, *self.undeclared)
        values = ((name, self.given.get(name, self.meta_args.get(name))) for name in names)
        return {name: value for name, value in values if value is not None}

    def find(self, name: str) -> Variable | None:
        if name in self.env:
            return Variable(name=name, value=self.env[name], source=ValueSource.ENV)
        arguments = self.arguments()
        return (
            Variable(name=name, value=arguments[name], source=ValueSource.ARG) if name in arguments else None
        )

    def values(self) -> dict[str, str]:
        return self.arguments() | self.env

    def with_value(self) -> Iterator[tuple[str, str]]:
        """Arguments that have a value, whatever the environment says: declared ones, and given proxies."""
        for name in dict.fromkeys((*self.args, *sorted(self.undeclared))):
            value = self.given.get(name, self.args.get(name))
            value = self.meta_args.get(name) if value is None else value
            if value is not None:
                yield name, value


@dataclass(slots=True, kw_only=True)
class JoinedScope:
    """One list of variables: a line that sets a name again moves it to the end.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:{dispatchEnv,dispatchArg,init} and
    client/llb/meta.go:EnvList @ v0.8.0, v0.13.2 and 73ed6825c.
    """

    variables: dict[str, str] = field(default_factory=dict)
    """In the order in which a RUN gets them."""
    config: dict[str, str] = field(default_factory=dict)
    """What the image will hold: of the base image and of ENV lines, each name at its first place."""
    arguments: set[str] = field(default_factory=set)
    """Names among the variables that an ARG line set last."""
    meta_args: dict[str, str] = field(default_factory=dict)
    """Global arguments and those of the platform that have a value."""
    given: Mapping[str, str] = field(default_factory=dict)
    made_from: dict[str, tuple[Variable, ...]] = field(default_factory=dict)

    def of_image(self, env: Pairs) -> "JoinedScope":
        """A stage that begins with an image."""
        config = dict(env)
        made_from = dict(self.made_from)
        return replace(self, variables=dict(config), config=config, arguments=set(), made_from=made_from)

    def after(self, base: "JoinedScope") -> "JoinedScope":
        """A stage that begins where another one ended, arguments included; the image's own come last."""
        scope = base.copy()
        for name, value in base.config.items():
            scope._put(name, value)
            scope.arguments.discard(name)
        return scope

    def copy(self) -> "JoinedScope":
        """The same variables, to be changed apart from these."""
        return replace(
            self,
            variables=dict(self.variables),
            config=dict(self.config),
            arguments=set(self.arguments),
            made_from=dict(self.made_from),
        )

    def declare(self, name: str, default: str | None) -> None:
        """An ARG line; ``default`` is expanded already."""
        value = self.given.get(name, default)
        value = self.meta_args.get(name) if value is None else value
        if value is not None:
            self._put(name, value)
            self.arguments.add(name)

    def set_env(self, name: str, value: str) -> None:
        """An ENV line."""
        self._put(name, value)
        self.config[name] = value
        self.arguments.discard(name)

    def _put(self, name: str, value: str) -> None:
        self.variables.pop(name, None)
        self.variables[name] = value

    def find(self, name: str) -> Variable | None:
        if name not in self.variables:
            return None
        source = ValueSource.ARG if name in self.arguments else ValueSource.ENV
        return Variable(name=name, value=self.variables[name], source=source)

    def values(self) -> dict[str, str]:
        return dict(self.variables)


# What the FROM lines of a Dockerfile name, once their variables are replaced.

SCRATCH = "scratch"
"""The base that is no image."""
BUILTIN_ARGUMENTS = frozenset(
    {
        f"{side}{part}"
        for side in ("BUILD", "TARGET")
        for part in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
    }
    | {"TARGETSTAGE"}
)
"""Global arguments that BuildKit sets by itself, where none is given; some since a release that
`releases.FrontendRules` names.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/platform.go:{getPlatformArgs,defaultArgs}
@ v0.8.0 to 73ed6825c.
"""


def global_scope(dockerfile: Dockerfile, given: Mapping[str, str]) -> JoinedScope:
    """The variables that FROM lines see: arguments declared before the first, as far as they have a value.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go @ v0.8.0 to 73ed6825c;
    moby/moby builder/dockerfile/builder.go:processMetaArg @ v26.1.5.
    Raises: BadSubstitutionError.
    """
    builtin = {name: given[name] for name in BUILTIN_ARGUMENTS & given.keys()}
    scope = JoinedScope(variables=builtin, given=given)
    for name, default in (pair for argument in dockerfile.meta_args for pair in argument.pairs):
        value = None if default is None else expand_in(scope, default, dockerfile.escape)[0].text
        scope.declare(name, value)
    return scope


def base_of(dockerfile: Dockerfile, stage: Stage, given: Mapping[str, str]) -> str | None:
    """Image or stage that a stage begins with; None when it depends on what only the builder knows.

    Raises: BadSubstitutionError.
    """
    base, _ = expand_in(global_scope(dockerfile, given), stage.base, dockerfile.escape)
    return None if base.used & BUILTIN_ARGUMENTS - given.keys() else base.text


def base_or_written(dockerfile: Dockerfile, stage: Stage, given: Mapping[str, str]) -> str:
    """Image or stage that a stage begins with, as written where only the builder knows what that is."""
    try:
        return base_of(dockerfile, stage, given) or stage.base
    except BadSubstitutionError:
        return stage.base
