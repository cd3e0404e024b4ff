"""The network that a RUN step uses; the classic builder's keys do not hold it."""

from layerfork.explain.claims.valuerule import say_values, value_rule

RULE = value_rule(
    code="network",
    builders=("buildkit",),
    say=say_values("network"),
    remedy="give every client the same --network",
)
