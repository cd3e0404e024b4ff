"""A variable of the step's environment."""

from layerfork.explain.value_rule import say_values, value_rule

RULE = value_rule(
    code="env",
    builders=("classic", "buildkit", "buildah"),
    say=say_values("environment variable"),
    remedy="set the same value for every client, or set the variable after the steps that do not need it",
)
