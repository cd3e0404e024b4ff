"""FROM gave another image."""

from layerfork.explain.claims.rule import Case
from layerfork.explain.claims.valuerule import show_value, value_rule
from layerfork.explain.compare.differences import Difference


def say(case: Case, difference: Difference) -> str:
    """Which image each of the two started from."""
    return (
        f"base image {difference.path or 'of this stage'} is {show_value(difference.reader)} "
        f"for {case.reader_name}, {show_value(difference.writer)} for {case.writer_name}"
    )


RULE = value_rule(
    code="base-image",
    builders=("classic", "buildkit", "buildah"),
    say=say,
    remedy="pin the base image by digest: FROM image@sha256:…; do not pull in only some builds",
)
