"""Rules about variables: parts of their own, or values that a text was expanded with."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from layerfork.diagnose.causes.forms import (
    ENTRY_CAUSES,
    Say,
    one_sided_paths,
    say_values,
    show_value,
    value_finding,
    value_rule,
)
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, Undo
from layerfork.diagnose.compare.differences import Difference, claimed_by_origins
from layerfork.diagnose.compare.structure import declared_names
from layerfork.diagnose.undo.variables import undo_proxy, undo_variable
from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.keys.buildkit import epoch
from layerfork.record.cause import CauseCode
from layerfork.record.record import BuildRecord

ORDER_OF_ENV = "order of env"
"""Field of the part that holds the order in which the variables of a RUN are set."""


def variable_rule(
    *,
    code: CauseCode,
    undo: Undo,
    say: Say,
    remedy: str,
    remedies: Mapping[str, str] = MappingProxyType({}),
) -> CauseRule:
    """A rule for ``build-arg`` or ``env``. ``remedies`` are those of variables that need another one."""

    def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
        arguments = argument_names(case) if code == "build-arg" else frozenset()
        orders = order_of_names(unclaimed)
        if code == "env":
            yield from _behind_derived(case, unclaimed, argument_names(case), say, remedy)
        for difference in unclaimed:
            if difference.cause == code or (difference.cause == "env" and difference.path in arguments):
                own = remedies.get(difference.path, remedy)
                finding = value_finding(case, difference, code=code, what=say(case, difference), remedy=own)
                yield replace(finding, claims=(difference, *(orders if difference.one_sided else ())))
        if not case.site.origins:
            return
        claims = claimed_by_origins(unclaimed, _named_otherwise(case, unclaimed))
        told: frozenset[str] = frozenset()
        if not claims and code == "build-arg":
            claims = tuple(each for each in unclaimed if _is_derived(case, each, arguments))
            told = frozenset(each.path for each in unclaimed if each.path in arguments or each.cause == code)
        for origin in case.site.origins if claims else ():
            if origin.cause == code and origin.path not in told:
                own = remedies.get(origin.path, remedy)
                finding = value_finding(case, origin, code=code, what=say(case, origin), remedy=own)
                yield replace(finding, claims=(), shared=claims)

    return CauseRule(code=code, find=find, undo=undo)


def _behind_derived(
    case: Case, unclaimed: tuple[Difference, ...], arguments: frozenset[str], say: Say, remedy: str
) -> Iterator[Finding]:
    """Variables that have another value by now, and were set otherwise when others of the environment were
    made from them: by lines that read otherwise."""
    held = {each.path for each in unclaimed if each.cause == "env"}
    derived = tuple(each for each in unclaimed if _is_derived(case, each, arguments))
    for origin in case.site.origins if derived else ():
        if origin.cause == "env" and origin.path not in held and not _is_set_alike(case, origin.path):
            finding = value_finding(case, origin, code=CauseCode.ENV, what=say(case, origin), remedy=remedy)
            yield replace(finding, claims=(), shared=derived)


def _is_derived(case: Case, difference: Difference, arguments: frozenset[str]) -> bool:
    """A variable whose ENV lines read alike in both Dockerfiles: its value is that of what they name."""
    name = difference.path
    if difference.cause != "env" or not name or name in arguments:
        return False
    return _is_set_alike(case, name)


def _is_set_alike(case: Case, name: str) -> bool:
    lines = [_setters(dockerfile_of(each.record), name) for each in (case.writer, case.reader)]
    return bool(lines[0]) and lines[0] == lines[1]


def _setters(dockerfile: Dockerfile | None, name: str) -> list[str]:
    found = dockerfile.instructions if dockerfile is not None else ()
    return [each.text for each in found if each.keyword == "ENV" and name in dict(each.pairs)]


def _named_otherwise(case: Case, unclaimed: tuple[Difference, ...]) -> frozenset[str]:
    """Paths of entries that may differ because a variable names other sources."""
    if case.reads_elsewhere:
        return frozenset(each.path for each in unclaimed if each.cause in ENTRY_CAUSES)
    return frozenset().union(*one_sided_paths(case, unclaimed))


def argument_names(case: Case) -> frozenset[str]:
    """Names that are build arguments and no environment variables of the Dockerfile.

    BuildKit holds both as the environment of a RUN; given ones are among the origins of a step.
    """
    names = {
        origin.path
        for view in (case.writer_view, case.reader_view)
        for origin in view.key.origins
        if origin.cause == "build-arg"
    }
    for build in (case.writer, case.reader):
        dockerfile = dockerfile_of(build.record)
        names |= declared_names(dockerfile, "ARG") - declared_names(dockerfile, "ENV")
    return frozenset(names)


def order_of_names(unclaimed: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Orders of variables that differ only because a variable is there or not."""
    return tuple(
        each
        for each in unclaimed
        if each.cause == "instruction-order"
        and each.field == ORDER_OF_ENV
        and _common(each.writer, each.reader) == _common(each.reader, each.writer)
    )


def _common(names: str | None, others: str | None) -> list[str]:
    kept = set((others or "").split())
    return [name for name in (names or "").split() if name in kept]


# Build arguments, environment variables and proxies.

NAME_ONLY = "name"
"""Field of the part of buildah's ARG that says that an argument has a value, whichever."""


def say_build_arg(case: Case, difference: Difference) -> str:
    """Which value each of the two had."""
    name = difference.path or difference.field
    if difference.field == NAME_ONLY and difference.one_sided:
        having, lacking = case.reader_name, case.writer_name
        if difference.reader is None:
            having, lacking = lacking, having
        return (
            f"{name} has a value for {having}, none for {lacking} (every ARG lists the names that have one)"
        )
    reader = _had(case.reader_name, name, difference.reader, case.reader.record)
    return f"{reader}, {_had(case.writer_name, name, difference.writer, case.writer.record)}"


def _had(client: str, name: str, value: str | None, record: BuildRecord) -> str:
    if value is None:
        had = (
            "did not use build argument"
            if name in dict(record.request.build_args)
            else "had no build argument"
        )
        return f"{client} {had} {name}"
    given = dict(record.request.build_args).get(name, value)
    found = f", found for {name}={given}" if name == epoch.NAME and given != value else ""
    return f"{client} had {name}={value}{found}"


BUILD_ARG = variable_rule(
    code=CauseCode.BUILD_ARG,
    undo=undo_variable,
    say=say_build_arg,
    remedy="pass the same value, or declare the ARG after the steps that do not need it",
    remedies={epoch.NAME: f"give every build the same {epoch.NAME}, or none"},
)
"""A build argument has another value, or only one of the builds has it."""


ENV = variable_rule(
    code=CauseCode.ENV,
    undo=undo_variable,
    say=say_values("environment variable"),
    remedy="set the same value for every client, or set the variable after the steps that do not need it",
)
"""A variable of the step's environment, or one that its text was expanded with."""


MARK = "prefix"
"""Field of the part that stands for the mark alone (``|0``)."""


def say_proxy(case: Case, difference: Difference) -> str:
    """Who has a proxy in force; a declared one counts by its value."""
    if difference.field == MARK and difference.one_sided:
        having, lacking = case.reader_name, case.writer_name
        if difference.reader is None:
            having, lacking = lacking, having
        return f"{having} passed a proxy setting, {lacking} passed none (it marks every RUN with |0)"
    return (
        f"proxy argument {difference.path} is {show_value(difference.reader)} for {case.reader_name}, "
        f"{show_value(difference.writer)} for {case.writer_name}"
    )


PROXY = value_rule(
    code=CauseCode.PROXY,
    undo=undo_proxy,
    say=say_proxy,
    remedy=(
        "give every client the same proxy settings (the `proxies` entry of ~/.docker/config.json, "
        "use_config_proxy of docker-py), or declare any ARG before the first RUN"
    ),
)
"""A proxy variable is in force for one build only.

The classic builder marks every RUN that has any proxy argument, whatever its value; buildah lists the
names of given ones in every ARG.
Source: moby/moby builder/dockerfile/dispatchers.go:prependEnvOnCmd @ v26.1.5, containers/buildah
imagebuildah/stage_executor.go:getCreatedBy @ v1.39.3.
"""


RULES = (
    BUILD_ARG,
    ENV,
    PROXY,
)
