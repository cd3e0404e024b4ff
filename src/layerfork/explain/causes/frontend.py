"""Another frontend (`# syntax=`) made another definition of the same Dockerfile."""

from layerfork.explain.claims.valuerule import say_values, value_rule

RULE = value_rule(
    code="frontend",
    builders=("buildkit",),
    say=say_values("frontend"),
    remedy="pin the frontend: `# syntax=docker/dockerfile:<version>@sha256:…`",
)
