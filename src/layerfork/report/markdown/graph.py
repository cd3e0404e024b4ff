"""The fork graph where a picture cannot be: as Mermaid, which GitHub and GitLab draw.

Neither shows an SVG that stands in Markdown, and an image needs an address that everybody may read.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from layerfork.record.visible import visible_line
from layerfork.report.markdown.text import block
from layerfork.report.picture.graph import ForkGraph, Line
from layerfork.report.picture.words import shorten

STEP_LETTERS = 40
MOST_EDGES = 200
"""Mermaid draws no more than 500 by default, and nobody reads as many."""
_SPECIAL = re.compile(r"[^\w .,:;=/()\[\]{}+*-]|_")
"""Written as entities: what could end a label, or be markup or a link in it."""


def graph_block(graph: ForkGraph) -> str:
    """A block that draws the graph; empty where nothing forks, or too much would have to be drawn."""
    edges = list(_edges(graph))
    if not graph.splits or len(edges) > MOST_EDGES:
        return ""
    return block(["flowchart LR", *_stations(graph), *_terminals(graph), *edges], "mermaid")


def _stations(graph: ForkGraph) -> Iterator[str]:
    """Steps, once for each cache that has them."""
    for column, step in enumerate(graph.columns):
        place = f"{step.line} " if step.line else ""
        label = _text(place + shorten(step.text, STEP_LETTERS))
        for cache in sorted({cell for line in graph.lines if (cell := line.cells[column]) is not None}):
            yield f'  s{column}_{cache}["{label}"]'


def _terminals(graph: ForkGraph) -> Iterator[str]:
    """Who uses a cache, at the end of its line."""
    for number, line in enumerate(graph.lines):
        names = ", ".join(line.names)
        yield f'  e{number}(["{_text(f"{line.letter}: {shorten(names, 2 * STEP_LETTERS)}")}"])'


def _edges(graph: ForkGraph) -> Iterator[str]:
    """From step to step, each once; the first of a fork says why."""
    causes = {f"s{split.column}_{split.child}": split.cause for split in graph.splits}
    drawn = dict.fromkeys(edge for number, line in enumerate(graph.lines) for edge in _way(number, line))
    for start, end in drawn:
        cause = causes.get(end, "")
        yield f'  {start} -- "{_text(cause)}" --> {end}' if cause else f"  {start} --> {end}"


def _way(number: int, line: Line) -> Iterator[tuple[str, str]]:
    stations = (f"s{column}_{cell}" for column, cell in enumerate(line.cells) if cell is not None)
    return pairwise((*stations, f"e{number}"))


def _text(text: str) -> str:
    """A label in quotes, whatever is in it."""
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", visible_line(text))
