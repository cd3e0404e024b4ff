"""The fork graph alone, as a picture: one graph for all engines of a scenario that have the same."""

from collections.abc import Iterator, Sequence

from layerfork.record.run import DiffReport, RunReport
from layerfork.report.overview.overview import Overview, overviews
from layerfork.report.overview.words import counted
from layerfork.report.picture.draw import Panel, document
from layerfork.report.picture.graph import ForkGraph, graph_of_diff
from layerfork.report.picture.shapes import graphs_of
from layerfork.report.rendering import Look


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """A graph for each scenario and shape."""
    return document([panel for overview in overviews(reports) for panel in panels_of(overview)], look.theme)


def panels_of(overview: Overview) -> Iterator[Panel]:
    """A graph for each shape; engines that have the same share one."""
    for engines, graph in graphs_of(overview):
        yield Panel(title=f"{overview.scenario} on {engines}", subtitle=_counts(graph), graph=graph)


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """A graph for each pair of builds."""
    graphs = [(report, graph_of_diff(report)) for report in reports if report.compared]
    panels = [
        Panel(title=report.build or f"{report.writer}, {report.reader}", subtitle=_counts(graph), graph=graph)
        for report, graph in graphs
    ]
    return document(panels, look.theme)


def _counts(graph: ForkGraph) -> str:
    """``5 clients, 3 caches; they fork at step 1 and step 3``."""
    if not graph.lines:
        return "no client built it"
    clients = sum(line.clients for line in graph.lines)
    counts = f"{counted(clients, 'client')}, {counted(len(graph.lines), 'cache')}"
    steps = sorted({split.column + 1 for split in graph.splits})
    forked = f"they fork at {' and '.join(f'step {step}' for step in steps)}" if steps else ""
    told = [each for each in (forked, graph.own_misses) if each] or ["no fork"]
    return "; ".join((counts, *told))
