"""The reader asked for a cache from elsewhere, and the writer's results did not come with it."""

from collections.abc import Iterator

from layerfork.explain.difference import Difference
from layerfork.explain.finding import Case, CauseRule, Finding, Strength
from layerfork.explain.scope import separate_caches
from layerfork.explain.site import Reason
from layerfork.model.build import Builder

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
    failed = [
        f"{vertex.name}: {vertex.error}"
        for vertex in reader.vertices
        if vertex.name.startswith(IMPORT_VERTEX) and vertex.error
    ]
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


RULE = CauseRule(code=CODE, builders=("buildkit", "buildah"), find=find)
