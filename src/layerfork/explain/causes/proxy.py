"""A proxy variable is in force for one build only.

The classic builder marks every RUN that has any proxy argument, whatever its value; buildah lists the
names of given ones in every ARG.
Source: moby/moby builder/dockerfile/dispatchers.go:prependEnvOnCmd @ v26.1.5, containers/buildah
imagebuildah/stage_executor.go:getCreatedBy @ v1.39.3.
"""

from layerfork.explain.claims.rule import Case
from layerfork.explain.claims.valuerule import show_value, value_rule
from layerfork.explain.compare.differences import Difference

MARK = "prefix"
"""Field of the part that stands for the mark alone (``|0``)."""


def say(case: Case, difference: Difference) -> str:
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


RULE = value_rule(
    code="proxy",
    builders=("classic", "buildkit", "buildah"),
    say=say,
    remedy=(
        "give every client the same proxy settings (the `proxies` entry of ~/.docker/config.json, "
        "use_config_proxy of docker-py), or declare any ARG before the first RUN"
    ),
)
