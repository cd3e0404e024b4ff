"""Another version of the engine computes keys in another way."""

from collections.abc import Iterator

from layerfork.explain.causes.cache_not_imported import failed_imports
from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.claims.valuerule import value_finding
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason
from layerfork.model.record import BuildRecord

CODE = "engine-version"
REMEDY = "build once with the new engine, or keep all builders on one version"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """A key part that depends on the version differs; or nothing else does but the versions."""
    for difference in open_:
        if difference.cause == CODE and not difference.one_sided:
            what = (
                f"the engine of {case.reader_name} keys {difference.field} as `{difference.reader}`, "
                f"that of {case.writer_name} as `{difference.writer}`"
            )
            yield value_finding(case, difference, code=CODE, what=what, remedy=REMEDY)
    scope = case.comparison.scope
    separate = scope is not None and scope.code == CODE and case.site.reason is Reason.OTHER_CACHE
    if separate or (case.site.reason is Reason.EQUAL_KEYS and not failed_imports(case.reader.record)):
        yield from _guess(case)


def _guess(case: Case) -> Iterator[Finding]:
    mine, theirs = _version(case.writer.record), _version(case.reader.record)
    if not (mine and theirs) or mine == theirs:
        return
    yield Finding(
        code=CODE,
        field="engine version",
        writer=mine,
        reader=theirs,
        what=f"{case.reader_name} built on engine {theirs}, {case.writer_name} on engine {mine}",
        evidence=(
            f"engine and key rules, {case.reader_name}: {theirs}; {case.reader.keys.rules}",
            f"engine and key rules, {case.writer_name}: {mine}; {case.writer.keys.rules}",
        ),
        remedy=REMEDY,
        strength=Strength.GUESS,
    )


def _version(record: BuildRecord) -> str:
    engine = record.engine
    if engine is None:
        return ""
    return (
        f"{engine.version} (BuildKit {engine.buildkit_version})"
        if engine.buildkit_version
        else engine.version
    )


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
