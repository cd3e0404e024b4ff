"""What the FROM lines of a Dockerfile name, once their variables are replaced."""

from collections.abc import Mapping

from layerfork.dockerfile.instruction import Dockerfile, Stage
from layerfork.dockerfile.scope import JoinedScope, expand_in
from layerfork.dockerfile.substitution import BadSubstitutionError

SCRATCH = "scratch"
"""The base that is no image."""
BUILTIN_ARGUMENTS = frozenset(
    {f"{side}{part}" for side in ("BUILD", "TARGET") for part in ("PLATFORM", "OS", "ARCH", "VARIANT")}
    | {"TARGETSTAGE"}
)
"""Global arguments that BuildKit sets by itself, where none is given.

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
