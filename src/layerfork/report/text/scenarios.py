"""Scenarios, runs of them, and two runs compared, for a person."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.scenarioresults import CatalogueReport, EngineChange, ScenarioRow, UpgradeReport
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.layout import fitted, hung, print_lines, wrap
from layerfork.report.views.outcomes import alike, pace, phase_titles, summary, surprises
from layerfork.report.views.upgrade import heading, sentences, verdict, version


def render_scenarios(rows: Sequence[ScenarioRow], look: Look) -> str:
    """One line for each, by family."""
    lines: list[str] = []
    width = max((len(row.name) for row in rows), default=0)
    for family in dict.fromkeys(row.family for row in rows):
        lines.append(family)
        for row in rows:
            if row.family == family:
                lines += hung(row.question, look.width, f"  {row.name:<{width}}  ", width + 4)
    return "\n".join(lines) + "\n"


def render_catalogues(reports: Sequence[CatalogueReport], look: Look) -> str:
    """Everything that was measured; unexpected results again at the end."""
    lines = (line for report in reports for line in _catalogue_lines(report, look))
    return "".join(line + "\n" for line in fitted(lines, look.width))


def _catalogue_lines(report: CatalogueReport, look: Look) -> Iterator[str]:
    for row in report.scenarios:
        if not report.of(row.name):
            continue  # of a run that was interrupted, or a part of one
        yield f"{row.name}: {row.question}"
        for number, title in phase_titles(report, row):
            yield f"  {title}"
            for each in alike(report, row, number):
                mark = "UNEXPECTED  " if each.unexpected else ""
                yield f"    {each.builder:<9} {mark}{each.outcome}  ({each.who})"
        if look.verbose:
            left = [cell for cell in report.of(row.name) if not cell.phases]
            yield from (f"  not built: {cell.client} on {cell.engine}: {cell.reason}" for cell in left)
        yield ""
    yield from (f"UNEXPECTED {line}" for line in surprises(report))
    yield from (f"problem: {problem}" for problem in report.problems)
    yield summary(report)
    yield from filter(None, [pace(report)])


# What an upgrade changed, for a person at a terminal.


def render_upgrades(reports: Sequence[UpgradeReport], look: Look) -> str:
    """What changed, engine by engine; scenarios in which nothing did are counted."""
    return print_lines((line for report in reports for line in _upgrade_lines(report, look)), look)


def _upgrade_lines(report: UpgradeReport, look: Look) -> Iterator[Text]:
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


RENDERERS: Renderers = {
    "scenarios": render_scenarios,
    "catalogues": render_catalogues,
    "upgrades": render_upgrades,
}
