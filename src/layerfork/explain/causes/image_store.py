"""One engine with two image stores: each store has results of its own."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason

CODE = "image-store"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """The engine kept its images in another store for each of the builds."""
    scope = case.comparison.scope
    if case.site.reason is not Reason.OTHER_CACHE or scope is None or scope.code != CODE:
        return
    yield Finding(
        code=CODE,
        field=scope.field,
        writer=scope.writer,
        reader=scope.reader,
        what=(
            f"the engine's image store was {scope.reader} for {case.reader_name} "
            f"and {scope.writer} for {case.writer_name}"
        ),
        evidence=(
            f"image store, {case.reader_name}: {scope.reader}",
            f"image store, {case.writer_name}: {scope.writer}",
        ),
        remedy="keep one image store, or move the cache with --cache-to and --cache-from",
        strength=Strength.RECORDS,
    )


RULE = CauseRule(code=CODE, builders=("classic", "buildkit"), find=find)
