"""A variable of the step's environment, or one that its text was expanded with."""

from layerfork.explain.claims.valuerule import say_values
from layerfork.explain.claims.variablerule import variable_rule

RULE = variable_rule(
    code="env",
    builders=("classic", "buildkit", "buildah"),
    say=say_values("environment variable"),
    remedy="set the same value for every client, or set the variable after the steps that do not need it",
)
