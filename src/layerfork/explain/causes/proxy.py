"""A proxy variable is in force for one build only.

The classic builder marks every RUN that has any proxy argument, whatever its value.
"""

from layerfork.explain.value_rule import say_values, value_rule

RULE = value_rule(
    code="proxy",
    builders=("classic", "buildkit"),
    say=say_values("proxy setting"),
    remedy=(
        "give every client the same proxy settings (the `proxies` entry of ~/.docker/config.json, "
        "use_config_proxy of docker-py), or declare any ARG before the first RUN"
    ),
)
