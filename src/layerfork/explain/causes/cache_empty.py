"""Equal keys, and not one step of the reader was reused: the cache had nothing to give."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.compare.cachescope import separate_caches
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason
from layerfork.model.record import StepStatus

CODE = "cache-empty"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Every cacheable step missed, and no control of the writer shows that its results were kept."""
    if case.site.reason is not Reason.EQUAL_KEYS or case.writer.control == "hit":
        return
    if case.reader.record.request.cache_from or separate_caches(case.writer.record, case.reader.record):
        return
    steps = [
        view.step.status
        for view in case.comparison.reader_views.values()
        if not (view.always_runs or view.neutral)
    ]
    if any(status is StepStatus.HIT for status in steps):
        return
    yield Finding(
        code=CODE,
        field="cache",
        what=f"nothing of {case.writer_name}'s build was left in the cache when {case.reader_name} built",
        evidence=(f"{len(steps)} cacheable steps of {case.reader_name}, none reused; keys are equal",),
        remedy="keep the builder's cache between builds (no prune, no fresh builder), or import one",
        strength=Strength.GUESS,
    )


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
