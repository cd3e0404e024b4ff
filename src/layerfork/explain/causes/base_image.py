"""FROM gave another image."""

from layerfork.explain.difference import Difference
from layerfork.explain.finding import Case
from layerfork.explain.value_rule import show_value, value_rule


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
