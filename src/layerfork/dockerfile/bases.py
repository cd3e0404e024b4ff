"""What the FROM lines of a Dockerfile name, once their variables are replaced."""

from collections.abc import Mapping

from layerfork.dockerfile.expand import expand
from layerfork.dockerfile.instruction import Dockerfile, Stage

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


def global_arguments(dockerfile: Dockerfile, given: Mapping[str, str]) -> dict[str, str]:
    """Arguments declared before the first FROM that have a value: given, or else their default, in which
    those before them are replaced.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go @ v0.8.0 to 73ed6825c;
    moby/moby builder/dockerfile/builder.go:processMetaArg @ v26.1.5.
    Raises: BadSubstitutionError.
    """
    values = {name: given[name] for name in BUILTIN_ARGUMENTS & given.keys()}
    for name, default in (pair for argument in dockerfile.meta_args for pair in argument.pairs):
        if name in given:
            values[name] = given[name]
        elif default is not None:
            values[name] = expand(default, values, dockerfile.escape).text
    return values


def base_of(dockerfile: Dockerfile, stage: Stage, given: Mapping[str, str]) -> str | None:
    """Image or stage that a stage begins with; None when it depends on what only the builder knows.

    Raises: BadSubstitutionError.
    """
    base = expand(stage.base, global_arguments(dockerfile, given), dockerfile.escape)
    return None if base.used & BUILTIN_ARGUMENTS - given.keys() else base.text
