"""What an upgrade changed, as Markdown."""

from collections.abc import Iterator, Sequence

from layerfork.record.scenarioresults import EngineChange, UpgradeReport
from layerfork.report.markdown.text import code, escaped
from layerfork.report.overview.upgrade import heading, sentences, verdict, version
from layerfork.report.rendering import Look


def render_upgrades(reports: Sequence[UpgradeReport], look: Look) -> str:
    """A section for each engine."""
    return "\n".join(line for report in reports for line in _lines(report, look)) + "\n"


def _lines(report: UpgradeReport, look: Look) -> Iterator[str]:
    yield f"### layerfork: {code(report.old)} → {code(report.new)}, {verdict(report)}\n"
    for engine in report.engines:
        yield from _engine(engine, look)
    yield from (f"- only in {code(report.old)}: {escaped(each)}" for each in report.only_old)
    yield from (f"- only in {code(report.new)}: {escaped(each)}" for each in report.only_new)


def _engine(engine: EngineChange, look: Look) -> Iterator[str]:
    name = engine.old if engine.old == engine.new else f"{engine.old} → {engine.new}"
    yield f"**{escaped(name)}**\n"
    for scenario in engine.scenarios:
        lines = list(sentences(scenario, whole=look.verbose))
        if lines or len(engine.scenarios) == 1:
            yield f"- {escaped(heading(scenario))}"
            yield from (f"  - {escaped(line)}" for line in lines)
    if engine.versions:
        yield "\n<details><summary>Versions</summary>\n"
        yield from (f"- {escaped(version(each, whole=True))}" for each in engine.versions)
        yield "\n</details>"
    yield ""
