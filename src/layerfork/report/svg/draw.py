"""The fork graph as SVG: alone, one panel for each scenario, or inline in a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from layerfork.record.run import DiffReport, RunReport
from layerfork.report.rendering import Look, Theme
from layerfork.report.svg.colors import LIGHT, SHAPES, color_of, colors
from layerfork.report.svg.drawing import Box, Drawing, Label, Station, Track
from layerfork.report.svg.graph import ForkGraph, graph_of_diff, graphs_of
from layerfork.report.svg.layout import ROW, lay_out
from layerfork.report.views.overview import Overview, overviews
from layerfork.report.views.sentences import counted

BASELINE = 12
"""From the top of a row to the foot of its letters."""
WIDE = 1100
"""Pixels from which a graph of a page is printed across."""
CAPTION = (
    "Lines that run together share one cache. A filled station missed what the other line had stored;",
    "hollow stations after it were built again. Labels: cause, seconds lost, values of both builds.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One graph of a picture, with the words above it."""

    title: str
    subtitle: str
    graph: ForkGraph


def inline(graph: ForkGraph, title: str) -> Markup:
    """A graph as an element of a page, whose style is the page's; what is cut here stands beside it there."""
    drawing = lay_out(graph)
    return Markup(
        '<svg class="fg{5}" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" role="img" '
        'stroke-width="{2}"><title>{3}</title>{4}</svg>'
    ).format(
        drawing.width,
        drawing.height,
        _n(drawing.stroke),
        title,
        _body(drawing, graph, whole=False),
        " wide" if drawing.width > WIDE else "",
    )


def document(panels: Sequence[Panel], theme: Theme) -> str:
    """A file of its own: the graphs one below the other, on paper of the theme."""
    drawings = [lay_out(panel.graph) for panel in panels]
    width = max([700.0, *(drawing.width for drawing in drawings)])
    parts, y = [], 0.0
    for panel, drawing in zip(panels, drawings, strict=True):
        parts += [_text("h", 16, y + 30, panel.title), _text("q", 16, y + 49, panel.subtitle)]
        y += 56
        body = _body(drawing, panel.graph, whole=True)
        parts.append(
            Markup('<g transform="translate(0 {})" stroke-width="{}">\n{}</g>').format(
                _n(y), _n(drawing.stroke), body
            )
        )
        y += drawing.height
    for row in CAPTION:
        y += ROW
        parts.append(_text("q s", 16, y, row))
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="fg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" '
        'height="{1:.0f}" role="img"><style>{2}</style>\n{3}\n<rect class="p" width="100%" height="100%"/>\n'
    ).format(width, y + 16, Markup(SHAPES + colors(theme)), _description(panels))
    return str(head + Markup("\n").join(parts) + Markup("\n</svg>\n"))


def _description(panels: Sequence[Panel]) -> Markup:
    """For those who do not see it: what it is of, and every fork in a sentence."""
    splits = [split for panel in panels for split in panel.graph.splits]
    sentences = [split.headline or f"{split.cause} {split.values}" for split in splits]
    return Markup("<title>{}</title><desc>{}</desc>").format(
        "; ".join(panel.title for panel in panels),
        ". ".join(sentences) or "; ".join(panel.subtitle for panel in panels),
    )


def _body(drawing: Drawing, graph: ForkGraph, *, whole: bool) -> Markup:
    """``whole`` gives texts that are cut a title with all that they are cut from."""
    labels = (
        *((label, _step(label)) for label in drawing.steps),
        *((label, _fork(label)) for label in drawing.forks),
        *((label, _name(label)) for label in drawing.names),
    )
    parts = (
        *(_guide(box) for box in drawing.guides),
        *(_track(track, graph.lines[track.line].color, drawing) for track in drawing.tracks),
        _start(drawing.start),
        *(_station(each, graph.lines[each.lines[0]].color) for each in drawing.stations),
        *_ends(drawing, graph),
        *(_titled(label, rows) if whole else rows for label, rows in labels),
    )
    return Markup("\n").join(parts)


def _n(value: float) -> str:
    """A number with one digit at most behind the point."""
    return f"{round(value, 1):g}"


def _text(style: str, x: float, y: float, text: str) -> Markup:
    return Markup('<text{} x="{}" y="{}">{}</text>').format(
        Markup(' class="{}"').format(style) if style else "", _n(x), _n(y), text
    )


def _guide(box: Box) -> Markup:
    return Markup('<path class="g" d="M{} {}v{}"/>').format(_n(box.x), _n(box.y), _n(box.height))


def _start(box: Box) -> Markup:
    return Markup('<rect class="t" x="{}" y="{}" width="4" height="{}" rx="2"/>').format(
        _n(box.x), _n(box.y), _n(box.height)
    )


def _track(track: Track, color: int, drawing: Drawing) -> Markup:
    return Markup('<path class="l{}{}" d="{}"/>').format(
        color_of(color),
        " w" if color >= len(LIGHT.lines) else "",
        "".join(_path(track, drawing.bend)),
    )


def _path(track: Track, bend: float) -> Iterator[str]:
    first = track.points[0]
    yield f"M{_n(first.x)} {_n(first.y)}"
    for here, there in pairwise(track.points):
        if here.y != there.y:
            start = max(here.x, there.x - bend)
            middle = _n((start + there.x) / 2)
            yield f"H{_n(start)}C{middle} {_n(here.y)} {middle} {_n(there.y)} {_n(there.x)} {_n(there.y)}"
        else:
            yield f"H{_n(there.x)}"


def _station(station: Station, number: int) -> Markup:
    box, color = station.box, color_of(number)
    filled = f" f{color}" if station.forked else ""
    if len(station.lines) > 1:
        return Markup('<rect class="st{}" x="{}" y="{}" width="{}" height="{}" rx="7"/>').format(
            filled, _n(box.x), _n(box.y), _n(box.width), _n(box.height)
        )
    return Markup('<circle class="st l{}{}" cx="{}" cy="{}" r="7"/>').format(
        color, filled, _n(box.x + box.width / 2), _n(box.y + box.height / 2)
    )


def _ends(drawing: Drawing, graph: ForkGraph) -> Iterator[Markup]:
    for point, line in zip(drawing.ends, graph.lines, strict=True):
        color = color_of(line.color)
        circle = Markup('<circle class="f{}" cx="{}" cy="{}" r="10"/>').format(
            color, _n(point.x), _n(point.y)
        )
        yield circle + _text(f"n n{color} b c", point.x, point.y + 4, line.letter)


def _step(label: Label) -> Markup:
    middle = label.box.x + label.box.width / 2
    rows = [_text("m c", middle, _foot(label, place), row) for place, row in enumerate(label.rows)]
    if label.more:
        rows.append(_text("q s c", middle, _foot(label, len(label.rows)), label.more))
    return Markup("").join(rows)


def _fork(label: Label) -> Markup:
    cause, *values = label.rows
    cost = Markup('<tspan class="q s" dx="8">{}</tspan>').format(label.more) if label.more else ""
    first = Markup('<text x="{}" y="{}"><tspan class="b">{}</tspan>{}</text>').format(
        _n(label.box.x), _n(_foot(label, 0)), cause, cost
    )
    rows = [_text("m s", label.box.x, _foot(label, place), row) for place, row in enumerate(values, 1)]
    return Markup("").join((first, *rows))


def _name(label: Label) -> Markup:
    rows = (
        _text("" if place else "b", label.box.x, _foot(label, place), row)
        for place, row in enumerate(label.rows)
    )
    return Markup("").join(rows)


def _foot(label: Label, row: int) -> float:
    """Of the letters of a row."""
    return label.box.y + row * ROW + BASELINE


def _titled(label: Label, rows: Markup) -> Markup:
    """Texts together, with all that they are cut from."""
    cut = label.whole and " ".join(label.rows) != label.whole
    return Markup("<g><title>{}</title>{}</g>").format(label.whole, rows) if cut else rows


# The fork graph alone, as a picture: one graph for all engines of a scenario that have the same.


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
    parts = [each for each in (forked, graph.own_misses) if each] or ["no fork"]
    return "; ".join((counts, *parts))
