"""buildah passes over cached images of another format (Docker's or OCI's) than the build writes."""

from layerfork.explain.claims.valuerule import say_values, value_rule

RULE = value_rule(
    code="image-format",
    builders=("buildah",),
    say=say_values("image format"),
    remedy="ask for one format in every build: `podman build --format docker`, or OCI everywhere",
)
