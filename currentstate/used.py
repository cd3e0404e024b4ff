"""What was used: enough to repeat it."""

from collections.abc import Iterator

from layerfork.reporters.markdown.text import code, escaped
from layerfork.reporters.overview.overview import Overview


def engines(overview: Overview) -> Iterator[str]:
    """A row for each engine."""
    yield "| engine | version | image store | API | parts |"
    yield "|---|---|---|---|---|"
    for name, report in zip(overview.engines, overview.reports, strict=True):
        engine = report.engine
        if engine is not None:
            parts = ", ".join(
                f"{part} {version}" for part, version in engine.components if version != engine.version
            )
            cells = (name, engine.version, engine.image_store, engine.api_version, parts)
            yield f"| {' | '.join(map(escaped, cells))} |"


def clients(overview: Overview) -> Iterator[str]:
    """A row for each client without a pinned version: those of the engines' own toolchains differ."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, report in zip(overview.engines, overview.reports, strict=True):
        for build in report.builds:
            if build.version and "@" not in build.client:
                found.setdefault(build.client, {}).setdefault(build.version, []).append(name)
    yield "| client | version |"
    yield "|---|---|"
    for client, versions in found.items():
        told = (
            version if len(versions) == 1 else f"{version} ({', '.join(where)})"
            for version, where in versions.items()
        )
        yield f"| {code(client)} | {', '.join(map(escaped, told))} |"


def packages(overview: Overview) -> Iterator[str]:
    """A line for each environment of a client library."""
    found = {name: lines for report in overview.reports for name, lines in report.versions.packages}
    for name, lines in sorted(found.items()):
        yield f"- {code(name)}: {code(', '.join(lines))}"
