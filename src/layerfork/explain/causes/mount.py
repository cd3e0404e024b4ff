"""A mount of a RUN step: its target, id, sharing or source."""

from layerfork.explain.claims.valuerule import say_values, value_rule

RULE = value_rule(
    code="mount",
    builders=("buildkit", "buildah"),
    say=say_values("mount"),
    remedy="keep mount ids, targets and modes the same in every build",
)
