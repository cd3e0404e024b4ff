"""Graphs of a scenario, each once: engines that have the same share one."""

from collections.abc import Iterator

from layerfork.report.overview.overview import Overview
from layerfork.report.picture.graph import ForkGraph, graph_of_run


def graphs_of(overview: Overview) -> Iterator[tuple[str, ForkGraph]]:
    """Names of engines, and the graph that they all have."""
    found: dict[object, list[tuple[str, ForkGraph]]] = {}
    for column, (name, report) in enumerate(zip(overview.engines, overview.reports, strict=True)):
        letters = overview.letters_of(column)
        marks = [(letter, overview.number_of(letter) or 0) for letter in letters]
        graph = graph_of_run(report, overview.known, marks)
        found.setdefault(_shape(graph), []).append((name, graph))
    for alike in found.values():
        yield f"Engine {', '.join(name for name, _ in alike)}", alike[0][1]


def _shape(graph: ForkGraph) -> tuple[object, ...]:
    """What graphs of several engines have alike when they are drawn once: all but times and ids of images."""
    splits = tuple((each.parent, each.child, each.column, each.cause, each.values) for each in graph.splits)
    keywords = tuple(column.text.partition(" ")[0] for column in graph.columns)
    return graph.lines, keywords, splits, graph.own_misses
