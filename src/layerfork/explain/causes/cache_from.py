"""--cache-from of the classic builder hides local results that are no ancestor of a listed image."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason
from layerfork.model.build import Builder

CODE = "cache-from"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Equal keys, the classic builder, and a list that only the reader gave, or another list."""
    mine, theirs = case.writer.record.request.cache_from, case.reader.record.request.cache_from
    classic = case.reader.record.builder is Builder.CLASSIC
    if case.site.reason is not Reason.EQUAL_KEYS or not classic or not theirs:
        return
    yield Finding(
        code=CODE,
        field="cachefrom",
        writer=", ".join(mine),
        reader=", ".join(theirs),
        what=f"{case.reader_name} allowed only results of {', '.join(theirs)} (--cache-from)",
        evidence=(
            f"cache-from of {case.reader_name}: {', '.join(theirs)}",
            f"cache-from of {case.writer_name}: {', '.join(mine) or 'none'}",
        ),
        remedy="drop --cache-from for local builds, or list the local image as well",
        strength=Strength.RECORDS if _was_there(case) else Strength.GUESS,
    )


def _was_there(case: Case) -> bool:
    """The writer's control found its results, and no image that the reader allowed stands on them."""
    facts = dict(case.reader.record.base_images)
    stored = {step.identity for step in case.writer.record.steps if step.index >= case.site.step}
    allowed = [facts.get(reference) for reference in case.reader.record.request.cache_from]
    apart = all(
        image is not None and not stored & {row.image_id for row in image.history} for image in allowed
    )
    return apart and case.writer.control == "hit"


RULE = CauseRule(code=CODE, builders=("classic",), find=find)
