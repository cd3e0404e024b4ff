"""The reader was told not to use the cache, for the whole build or for some stages."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason

CODE = "cache-off"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """The request says no cache, or the step's op carries BuildKit's ignore-cache flag."""
    request = case.reader.record.request
    step = case.reader_view.step
    if case.site.reason is Reason.CACHE_OFF:
        scope, told = "no-cache", "not to use the cache"
    elif case.site.reason is not Reason.OTHER_CACHE and step.stage_name in request.no_cache_stages:
        scope = f"no-cache of stage {step.stage_name}"
        told = f"not to use the cache in stage {step.stage_name}"
    elif case.site.reason is Reason.EQUAL_KEYS and _ignores_cache(case):
        scope, told = "ignore-cache flag of the op", "not to use the cache for this step"
    else:
        return
    yield Finding(
        code=CODE,
        field=scope,
        writer="off" if case.writer.record.request.no_cache else "on",
        reader="off",
        what=f"{case.reader_name} was told {told}",
        evidence=(f"request of {case.reader_name}: {scope}",),
        remedy="drop --no-cache (nocache=True, no_cache: true, --no-cache-filter) where reuse is wanted",
        strength=Strength.RECORDS,
    )


def _ignores_cache(case: Case) -> bool:
    definition = case.reader.record.definition
    if definition is None:
        return False
    vertices = set(case.reader_view.step.vertices)
    return any(op.ignore_cache for op in definition.ops if op.digest in vertices)


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
