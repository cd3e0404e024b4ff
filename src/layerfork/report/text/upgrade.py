"""What an upgrade changed, for a person at a terminal."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.scenarioresults import EngineChange, UpgradeReport
from layerfork.report.overview.upgrade import heading, sentences, verdict, version
from layerfork.report.rendering import Look
from layerfork.report.text.console import print_lines
from layerfork.report.text.wrapping import wrap


def render_upgrades(reports: Sequence[UpgradeReport], look: Look) -> str:
    """What changed, engine by engine; scenarios in which nothing did are counted."""
    return print_lines((line for report in reports for line in _lines(report, look)), look)


def _lines(report: UpgradeReport, look: Look) -> Iterator[Text]:
    yield Text(f"{report.old} → {report.new}: {verdict(report)}", style="bold")
    for engine in report.engines:
        yield Text()
        yield Text(engine.old if engine.old == engine.new else f"{engine.old} → {engine.new}", style="bold")
        yield from _engine(engine, look)
    alone = [(report.old, each) for each in report.only_old] + [
        (report.new, each) for each in report.only_new
    ]
    if alone:
        yield Text()
    for file, what in alone:
        yield from wrap(Text(f"only in {file}: {what}", style="yellow"), look.width, 2)


def _engine(engine: EngineChange, look: Look) -> Iterator[Text]:
    for change in engine.versions:
        yield from wrap(Text(f"  {version(change, whole=look.verbose)}", style="dim"), look.width, 4)
    quiet = 0
    for scenario in engine.scenarios:
        lines = list(sentences(scenario, whole=look.verbose))
        if not lines and len(engine.scenarios) > 1 and not look.verbose:
            quiet += 1
            continue
        yield from wrap(Text(f"  {heading(scenario)}"), look.width, 4)
        for line in lines:
            yield from wrap(Text(f"    {line}"), look.width, 6)
    if quiet:
        yield Text(f"  {quiet} more of {len(engine.scenarios)} scenarios: all as before")
