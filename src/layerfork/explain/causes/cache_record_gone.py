"""Equal keys, earlier steps reused, this one not: its result was pruned or its image removed."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.compare.cachescope import separate_caches
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason
from layerfork.model.record import StepStatus

CODE = "cache-record-gone"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Some steps were reused, and no control of the writer shows that this one was kept."""
    if case.site.reason is not Reason.EQUAL_KEYS or case.writer.control == "hit":
        return
    if case.reader.record.request.cache_from or separate_caches(case.writer.record, case.reader.record):
        return
    reused = [
        index
        for index, view in case.comparison.reader_views.items()
        if view.step.status is StepStatus.HIT and not (view.always_runs or view.neutral)
    ]
    if not reused:
        return
    yield Finding(
        code=CODE,
        field="cache",
        what=f"the result that {case.writer_name} stored is gone",
        evidence=(
            "the keys of this step are equal",
            f"steps of {case.reader_name} that were reused: {', '.join(map(str, reused))}",
        ),
        remedy="keep images and cache (no `docker rmi`, `image prune`, `builder prune`, larger GC limit)",
        strength=Strength.GUESS,
    )


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
