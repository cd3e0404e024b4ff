"""A URL or a repository that ADD or the context fetches gave something else."""

from layerfork.explain.claims.valuerule import say_values, value_rule

RULE = value_rule(
    code="remote-source",
    builders=("classic", "buildkit", "buildah"),
    say=say_values("remote source"),
    remedy="pin the source: ADD --checksum=sha256:…, or a commit instead of a branch",
)
