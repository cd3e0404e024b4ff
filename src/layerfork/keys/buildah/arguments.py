"""What ARG lines do in buildah, and how the strings of ARG and RUN show it.

Source: openshift/imagebuilder dispatchers.go:arg, evaluator.go:Resolve,
builder.go:{Step,Arguments,extractHeadingArgsFromNode,builtinAllowedBuildArgs} @ v1.2.15; containers/buildah
imagebuildah/stage_executor.go:{getBuildArgsKey,getBuildArgsResolvedForRun}, build.go @ v1.39.3. Measured with
buildah 1.39.3.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from layerfork.dockerfile import Instruction
from layerfork.dockerfile.scope import LayeredScope
from layerfork.keys.buildah.expansion import expand
from layerfork.keys.classic.stage import Notes, StageState
from layerfork.record.cachekey import KeyPart
from layerfork.record.record import BuildRecord

NOP = "/bin/sh -c #(nop) "
PROXIES = frozenset(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")
    for name in (upper, upper.lower())
)
"""Arguments that need no ARG: when given, every ARG step lists their names."""
PREDEFINED = frozenset(
    side + name for side in ("TARGET", "BUILD") for name in ("PLATFORM", "OS", "ARCH", "VARIANT")
)
"""Arguments that an ARG line gives the builder's own value, whatever default it names."""


@dataclass(slots=True, kw_only=True)
class Arguments:
    """The arguments of one build, and of each stage which proxies it names without a default."""

    predefined: Mapping[str, str]
    """Values of `PREDEFINED` as far as the record tells them."""
    bare: dict[int, set[str]] = field(default_factory=dict)
    """Names without a default in ARG lines, by stage index."""

    def declare(self, stage: int, state: StageState, instruction: Instruction) -> None:
        """Go past an ARG line: its defaults are expanded with what held before it."""
        expanded = [
            (name, None if default is None else state.define(name, default, Notes()))
            for name, default in instruction.pairs
        ]
        for name, default in expanded:
            self.declare_one(state.scope, name, default)
        self.bare.setdefault(stage, set()).update(
            name for name, default in instruction.pairs if default is None
        )

    def declare_one(self, scope: LayeredScope, name: str, default: str | None) -> None:
        """One name of an ARG line; ``default`` is expanded already."""
        scope.declare(name, self.predefined.get(name, "") if name in PREDEFINED else default)

    def shown(self, stage: int, scope: LayeredScope) -> dict[str, str]:
        """Arguments in the string of a RUN, by name: a proxy only where an ARG names it without a default,
        or an ENV line of the stage sets it."""
        bare = self.bare.get(stage, set())
        return {
            name: value
            for name, value in scope.listed().items()
            if name not in PROXIES or name in bare or name in scope.own_env
        }

    def unknown(self, names: Iterable[str], scope: LayeredScope) -> list[str]:
        """What cannot be told of the values of arguments."""
        settled = {*self.predefined, *scope.given, *scope.own_env}
        return [f"value of {name}" for name in sorted(names) if name in PREDEFINED and name not in settled]


def arguments_of(record: BuildRecord) -> Arguments:
    """Predefined values are known for a build for the engine's own platform, where that has no variants."""
    engine = record.engine
    if record.request.platform or engine is None or engine.architecture != "amd64":
        return Arguments(predefined={})
    platform = {"PLATFORM": f"{engine.os}/amd64", "OS": engine.os, "ARCH": "amd64", "VARIANT": ""}
    return Arguments(
        predefined={side + name: value for side in ("TARGET", "BUILD") for name, value in platform.items()}
    )


def global_scope(record: BuildRecord, meta_args: Iterable[Instruction]) -> LayeredScope:
    """What every stage begins with: the ARG lines before the first FROM, expanded."""
    arguments = arguments_of(record)
    given = dict(record.request.build_args)
    scope = LayeredScope(given=given, undeclared=PROXIES, bare_keeps=True)
    state = StageState(scope=scope, expander=expand)
    for name, value in arguments.predefined.items():
        scope.declare(name, value)
    for instruction in meta_args:
        arguments.declare(-1, state, instruction)
    return LayeredScope(
        given=given,
        undeclared=PROXIES,
        bare_keeps=True,
        meta_args={**scope.listed()},
        made_from=scope.made_from,
    )


def arg_step(scope: LayeredScope, *, with_values: bool) -> tuple[list[KeyPart], str]:
    """Parts and string of an ARG step: the names that have a value, or names and values; proxies need no
    ARG."""
    if with_values:
        values = dict(scope.with_value())
        parts = [_value_part(name, values[name]) for name in sorted(values)]
        return [_ARG, *parts], f"{NOP}ARG {' '.join(sorted(f'{name}={values[name]}' for name in values))}"
    names = sorted(scope.listed().keys() | (PROXIES & scope.given.keys()))
    return [_ARG, *map(_name_part, names)], f"{NOP}ARG {' '.join(names)}"


_ARG = KeyPart(cause="instruction", field="created by", value="ARG")


def _name_part(name: str) -> KeyPart:
    if name in PROXIES:
        return KeyPart(cause="proxy", path=name, field="name", value="given")
    return KeyPart(cause="build-arg", path=name, field="name", value="a value")


def _value_part(name: str, value: str) -> KeyPart:
    cause = "proxy" if name in PROXIES else "build-arg"
    return KeyPart(cause=cause, path=name, field="created by", value=value)
