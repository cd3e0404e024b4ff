"""What was used: enough to repeat it."""

from collections.abc import Iterator

from layerfork.report.markdown.words import code, escaped
from layerfork.report.views.overview import Overview
from research.currentstate.columns import named, newest_first


def engines(overview: Overview) -> Iterator[str]:
    """A row for each engine."""
    yield "| engine | version | image store | API | parts |"
    yield "|---|---|---|---|---|"
    for place in newest_first(overview, range(len(overview.engines))):
        name, engine = overview.engines[place], overview.reports[place].engine
        if engine is not None:
            parts = ", ".join(
                f"{part} {version}" for part, version in engine.components if version != engine.version
            )
            cells = (name, engine.version, engine.image_store, engine.api_version, parts)
            yield f"| {' | '.join(map(escaped, cells))} |"


def clients(overview: Overview) -> Iterator[str]:
    """Clients without a pinned version by what they had: those of the engines' own toolchains differ."""
    found: dict[str, dict[str, list[int]]] = {}
    for place in newest_first(overview, range(len(overview.engines))):
        for build in overview.reports[place].builds:
            if build.version and "@" not in build.client:
                found.setdefault(build.client, {}).setdefault(build.version, []).append(place)
    by_version: dict[str, list[str]] = {}
    for client, versions in found.items():
        several = (f"{version} ({named(overview, places)})" for version, places in versions.items())
        by_version.setdefault(next(iter(versions)) if len(versions) == 1 else ", ".join(several), []).append(
            client
        )
    yield "| clients | version |"
    yield "|---|---|"
    for version, names in by_version.items():
        yield f"| {', '.join(map(code, names))} | {escaped(version)} |"
