"""The reader asked for a cache from elsewhere, and the writer's results did not come with it."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.compare.cachescope import separate_caches
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason
from layerfork.model.build import Builder
from layerfork.model.record import BuildRecord

CODE = "cache-not-imported"
IMPORT_VERTEX = "importing cache manifest from "
"""How BuildKit names the vertex of an import.
Source: moby/buildkit solver/llbsolver/bridge.go @ v0.13.2."""


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Equal keys in two caches, and an import that failed or did not hold this step."""
    reader, writer = case.reader.record, case.writer.record
    separate = separate_caches(writer, reader) is not None
    if case.site.reason is not Reason.EQUAL_KEYS or not separate or reader.builder is Builder.CLASSIC:
        return
    failed = failed_imports(reader)
    sources = ", ".join(reader.request.cache_from)
    exports = ", ".join(writer.request.cache_to)
    if failed:
        what = f"{case.reader_name} could not import its cache from {sources}"
    else:
        what = f"the cache that {case.reader_name} imported from {sources} did not hold this step"
    yield Finding(
        code=CODE,
        field="cache-from",
        writer=exports,
        reader=sources,
        what=what,
        evidence=(
            *failed,
            f"cache-from of {case.reader_name}: {sources}",
            f"cache-to of {case.writer_name}: {exports or 'none'}",
        ),
        remedy="export every step (--cache-to …,mode=max), and check that the import finds it",
        strength=Strength.RECORDS if failed else Strength.GUESS,
    )


def failed_imports(record: BuildRecord) -> list[str]:
    """What a build said about each cache that it could not import."""
    return [
        f"{vertex.name}: {vertex.error}"
        for vertex in record.vertices
        if vertex.name.startswith(IMPORT_VERTEX) and vertex.error
    ]


RULE = CauseRule(code=CODE, builders=("buildkit", "buildah"), find=find)
