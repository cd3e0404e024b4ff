"""Build arguments, environment variables and proxies."""

from layerfork.diagnose.claims.rule import Case
from layerfork.diagnose.claims.valuerule import say_values, show_value, value_rule
from layerfork.diagnose.claims.variablerule import variable_rule
from layerfork.diagnose.compare.parts import Difference
from layerfork.diagnose.undo.variables import undo_proxy, undo_variable
from layerfork.keys.buildkit import epoch
from layerfork.record.cause import CauseCode
from layerfork.record.record import BuildRecord

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
