"""An option of RUN: user, host names, limits, security mode, working directory."""

from layerfork.explain.claims.valuerule import say_values, value_rule

RULE = value_rule(
    code="run-option",
    builders=("classic", "buildkit", "buildah"),
    say=say_values("option"),
    remedy=(
        "give every client the same options (--add-host, --ulimit, --shm-size, --cgroup-parent, flags of RUN)"
    ),
)
