"""Draws what is laid out, as SVG: every text escaped, every colour from the style."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from layerfork.reporters.markup import visible
from layerfork.reporters.picture.drawing import Drawing, Label, Station, Track
from layerfork.reporters.picture.graph import ForkGraph
from layerfork.reporters.picture.layout import ROW, lay_out
from layerfork.reporters.picture.palette import LIGHT, color_of
from layerfork.reporters.picture.style import SHAPES, colors
from layerfork.reporters.reporter import Theme

BASELINE = 12
"""From the top of a row to the foot of its letters."""
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
    """A graph as an element of a page, whose style is the page's."""
    drawing = lay_out(graph)
    return Markup(
        '<svg class="fg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" role="img">'
        "{2}{3}</svg>"
    ).format(drawing.width, drawing.height, _title(title, graph), _body(drawing, graph))


def document(panels: Sequence[Panel], theme: Theme) -> str:
    """A file of its own: the graphs one below the other, on paper of the theme."""
    drawings = [lay_out(panel.graph) for panel in panels]
    width = max([700.0, *(drawing.width for drawing in drawings)])
    body, y = Markup(), 0.0
    for panel, drawing in zip(panels, drawings, strict=True):
        body += Markup('<text class="h" x="16" y="{:.0f}">{}</text>').format(y + 30, visible(panel.title))
        body += Markup('<text class="q" x="16" y="{:.0f}">{}</text>').format(y + 49, visible(panel.subtitle))
        y += 56
        body += Markup('<g transform="translate(0 {:.0f})">{}</g>').format(y, _body(drawing, panel.graph))
        y += drawing.height
    for row in CAPTION:
        y += ROW
        body += Markup('<text class="q s" x="16" y="{:.0f}">{}</text>').format(y, row)
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="fg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" '
        'height="{1:.0f}" role="img"><style>{2}</style>'
    ).format(width, y + 16, Markup(SHAPES + colors(theme)))
    title = _title("; ".join(panel.title for panel in panels), *(panel.graph for panel in panels))
    return str(
        head + title + Markup('<rect class="p" width="100%" height="100%"/>') + body + Markup("</svg>\n")
    )


def _title(title: str, *graphs: ForkGraph) -> Markup:
    """For those who do not see it: what it is of, and every fork in a sentence."""
    told = (split.headline or f"{split.cause} {split.values}" for graph in graphs for split in graph.splits)
    description = visible(". ".join(told)) or "no fork"
    return Markup("<title>{}</title><desc>{}</desc>").format(visible(title), description)


def _body(drawing: Drawing, graph: ForkGraph) -> Markup:
    parts = (
        *(
            Markup('<path class="g" d="M{:.0f} {:.0f}v{:.0f}"/>').format(each.x, each.y, each.height)
            for each in drawing.guides
        ),
        *(_track(track, graph.lines[track.line].color, drawing) for track in drawing.tracks),
        Markup('<rect class="t" x="{:.0f}" y="{:.1f}" width="4" height="{:.1f}" rx="2"/>').format(
            drawing.start.x, drawing.start.y, drawing.start.height
        ),
        *(_station(each, graph.lines[each.lines[0]].color) for each in drawing.stations),
        *_ends(drawing, graph),
        *(_step(label) for label in drawing.steps),
        *(_fork(label) for label in drawing.forks),
        *(_name(label) for label in drawing.names),
    )
    return Markup("\n").join(parts)


def _track(track: Track, color: int, drawing: Drawing) -> Markup:
    return Markup('<path class="l{}{}" stroke-width="{:g}" d="{}"/>').format(
        color_of(color),
        " w" if color >= len(LIGHT.lines) else "",
        round(drawing.stroke, 1),
        " ".join(_path(track, drawing.bend)),
    )


def _path(track: Track, bend: float) -> Iterator[str]:
    first = track.points[0]
    yield f"M{first.x:.0f} {first.y:.1f}"
    for here, there in pairwise(track.points):
        if here.y != there.y:
            start = max(here.x, there.x - bend)
            middle = (start + there.x) / 2
            yield f"H{start:.0f}C{middle:.0f} {here.y:.1f} {middle:.0f} {there.y:.1f}"
            yield f"{there.x:.0f} {there.y:.1f}"
        else:
            yield f"H{there.x:.0f}"


def _station(station: Station, number: int) -> Markup:
    box = station.box
    color = color_of(number)
    style = "" if len(station.lines) > 1 else f" f{color} l{color}" if station.forked else f" l{color}"
    return Markup('<rect class="st{}" x="{:.0f}" y="{:.1f}" width="{:.0f}" height="{:.1f}" rx="7"/>').format(
        style, box.x, box.y, box.width, box.height
    )


def _ends(drawing: Drawing, graph: ForkGraph) -> Iterator[Markup]:
    for point, line in zip(drawing.ends, graph.lines, strict=True):
        color = color_of(line.color)
        yield Markup(
            '<circle class="f{0}" cx="{1:.0f}" cy="{2:.1f}" r="10"/>'
            '<text class="n n{0} b" x="{1:.0f}" y="{3:.1f}" text-anchor="middle">{4}</text>'
        ).format(color, point.x, point.y, point.y + 4, line.letter)


def _step(label: Label) -> Markup:
    middle = label.box.x + label.box.width / 2
    rows = [
        Markup('<text class="m" x="{:.0f}" y="{:.0f}" text-anchor="middle">{}</text>').format(
            middle, label.box.y + place * ROW + BASELINE, visible(row)
        )
        for place, row in enumerate(label.rows)
    ]
    if label.more:
        y = label.box.y + len(label.rows) * ROW + BASELINE
        rows.append(
            Markup('<text class="q s" x="{:.0f}" y="{:.0f}" text-anchor="middle">{}</text>').format(
                middle, y, label.more
            )
        )
    return _told(label, rows)


def _fork(label: Label) -> Markup:
    cause, *values = label.rows
    first = Markup('<text x="{:.0f}" y="{:.0f}"><tspan class="b">{}</tspan>{}</text>').format(
        label.box.x,
        label.box.y + BASELINE,
        visible(cause),
        Markup('<tspan class="q s" dx="8">{}</tspan>').format(label.more) if label.more else "",
    )
    rows = [
        Markup('<text class="m s" x="{:.0f}" y="{:.0f}">{}</text>').format(
            label.box.x, label.box.y + place * ROW + BASELINE, visible(row)
        )
        for place, row in enumerate(values, start=1)
    ]
    return _told(label, [first, *rows])


def _name(label: Label) -> Markup:
    rows = [
        Markup('<text{} x="{:.0f}" y="{:.0f}">{}</text>').format(
            Markup("") if place else Markup(' class="b"'),
            label.box.x,
            label.box.y + place * ROW + BASELINE,
            visible(row),
        )
        for place, row in enumerate(label.rows)
    ]
    return _told(label, rows)


def _told(label: Label, rows: Sequence[Markup]) -> Markup:
    """Texts together, with all that they are cut from."""
    body = Markup("").join(rows)
    cut = label.whole and " ".join(label.rows) != label.whole
    return Markup("<g><title>{}</title>{}</g>").format(visible(label.whole), body) if cut else body
