"""The base image has the same layers but another configuration."""

from layerfork.explain.claims.valuerule import say_values, value_rule

RULE = value_rule(
    code="base-config",
    builders=("classic", "buildkit", "buildah"),
    say=say_values("base image configuration"),
    remedy="pin the base image by digest: FROM image@sha256:…",
)
