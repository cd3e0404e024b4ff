"""Two builders never share a cache, whatever they build."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason

CODE = "builder"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """The two records name different builders."""
    scope = case.comparison.scope
    if case.site.reason is not Reason.OTHER_CACHE or scope is None or scope.code != CODE:
        return
    yield Finding(
        code=CODE,
        field=scope.field,
        writer=scope.writer,
        reader=scope.reader,
        what=(
            f"{case.reader_name} built with {scope.reader}, {case.writer_name} with {scope.writer}, "
            "and each has a cache of its own"
        ),
        evidence=(
            f"builder of {case.reader_name}: {scope.reader}",
            f"builder of {case.writer_name}: {scope.writer}",
        ),
        remedy="use one builder for all clients (DOCKER_BUILDKIT=0 or 1; SDKs speak to the classic one)",
        strength=Strength.RECORDS,
    )


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
