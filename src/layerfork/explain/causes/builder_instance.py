"""The same kind of builder, but another one: another engine, another buildx builder."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason
from layerfork.model.record import BuildRecord

CODE = "builder-instance"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """The records come from two caches, and the reader imported none."""
    scope = case.comparison.scope
    if case.site.reason is not Reason.OTHER_CACHE or scope is None or scope.code != CODE:
        return
    yield Finding(
        code=CODE,
        field=scope.field,
        writer=scope.writer,
        reader=scope.reader,
        what=f"{case.reader_name} and {case.writer_name} used two builders with a cache each",
        evidence=(
            f"{scope.field} of {case.reader_name}: {scope.reader}",
            f"{scope.field} of {case.writer_name}: {scope.writer}",
            f"engine of {case.reader_name}: {_describe(case.reader.record)}",
            f"engine of {case.writer_name}: {_describe(case.writer.record)}",
        ),
        remedy="build on one builder, or export the cache and import it (--cache-to, --cache-from)",
        strength=Strength.RECORDS,
    )


def _describe(record: BuildRecord) -> str:
    engine = record.engine
    if engine is None:
        return "unknown"
    return f"{engine.kind} {engine.version}, image store {engine.image_store}"


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
