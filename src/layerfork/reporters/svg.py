"""The fork graph alone, as a picture: one graph for all engines of a scenario that have the same."""

from collections.abc import Iterator, Sequence

from layerfork.model.report import DiffReport, RunReport
from layerfork.reporters.overview.overview import Overview, overviews
from layerfork.reporters.picture.graph import ForkGraph, graph_of_diff, graph_of_run
from layerfork.reporters.reporter import Look, Reporter


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """A graph for each scenario and shape."""
    from layerfork.reporters.picture.draw import Panel, document

    panels = [
        Panel(title=f"{overview.scenario} on {engines}", subtitle=_counts(graph), graph=graph)
        for overview in overviews(reports)
        for engines, graph in graphs_of(overview)
    ]
    return document(panels, look.theme)


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """A graph for each pair of builds."""
    from layerfork.reporters.picture.draw import Panel, document

    graphs = [(report, graph_of_diff(report)) for report in reports if report.compared]
    panels = [
        Panel(title=report.build or f"{report.writer}, {report.reader}", subtitle=_counts(graph), graph=graph)
        for report, graph in graphs
    ]
    return document(panels, look.theme)


def graphs_of(overview: Overview) -> Iterator[tuple[str, ForkGraph]]:
    """Names of engines, and the graph that they all have."""
    found: dict[object, list[tuple[str, ForkGraph]]] = {}
    for name, report in zip(overview.engines, overview.reports, strict=True):
        graph = graph_of_run(report, overview.known)
        found.setdefault(_shape(graph), []).append((name, graph))
    for alike in found.values():
        yield f"Engine {', '.join(name for name, _ in alike)}", alike[0][1]


def _shape(graph: ForkGraph) -> tuple[object, ...]:
    """What graphs of several engines have alike when they are drawn once: all but times and ids of images."""
    splits = tuple((each.parent, each.child, each.column, each.cause, each.values) for each in graph.splits)
    return graph.lines, tuple(column.text.partition(" ")[0] for column in graph.columns), splits


def _counts(graph: ForkGraph) -> str:
    """``5 clients, 3 caches; they fork at step 1 and step 3``."""
    clients, caches = sum(line.clients for line in graph.lines), len(graph.lines)
    counts = ", ".join(
        f"{count} {noun}{'' if count == 1 else 's'}"
        for count, noun in ((clients, "client"), (caches, "cache"))
    )
    steps = sorted({split.column + 1 for split in graph.splits})
    if not steps:
        return f"{counts}; no fork"
    return f"{counts}; they fork at {' and '.join(f'step {step}' for step in steps)}"


SVG = Reporter(name="svg", runs=render_runs, diffs=render_diffs)
