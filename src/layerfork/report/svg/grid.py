"""A run of scenarios as one picture: a row for each phase, a column for each builder on each engine."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from layerfork.record.scenarioresults import CatalogueReport
from layerfork.report.rendering import Look
from layerfork.report.svg.colors import SHAPES, colors
from layerfork.report.svg.drawing import BOLD, MONO, shorten, width_of
from layerfork.report.views.outcomes import Grid, GridRow, Mark, Went, grid_of, summary

EDGE, ROW, CELL, GAP = 16.0, 19.0, 22.0, 8.0
SIZE, SMALL = 12.0, 11.0
NAME_LETTERS, PHASE_LETTERS, ENGINE_LETTERS = 36, 44, 28
SIGNED = (Went.REUSED, Went.MISSED, Went.SPLIT, Went.FAILED, Went.INCONCLUSIVE, Went.UNEXPECTED)


def render_catalogues(reports: Sequence[CatalogueReport], look: Look) -> str:
    """The runs one below the other."""
    parts: list[Markup] = []
    width, y = 700.0, 0.0
    for report in reports:
        drawn, wide, y = _run(report, y)
        parts += drawn
        width = max(width, wide)
    title = Markup("<title>{}</title><desc>{}</desc>").format(
        "Who reuses what", "; ".join(summary(report) for report in reports)
    )
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="fg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" '
        'height="{1:.0f}" role="img"><style>{2}</style>\n{3}\n<rect class="p" width="100%" height="100%"/>\n'
    ).format(width, y + EDGE, Markup(SHAPES + colors(look.theme)), title)
    return str(head + Markup("\n").join(parts) + Markup("\n</svg>\n"))


def _run(report: CatalogueReport, top: float) -> tuple[list[Markup], float, float]:
    """What is drawn of one run, how wide it is, and where it ends."""
    grid = grid_of(report)
    rows = [row for _, each in grid.families for row in each]
    left = EDGE + max([200.0, *map(_label_width, rows)]) + 12
    heads = max([0.0, *(width_of(_engine(each.engine), SMALL) for each in grid.columns)])
    y = top + 30
    parts = [_text("h", EDGE, y, "Who reuses what"), _text("q", EDGE, y + 19, summary(report))]
    legend, wide = _legend(y + 44)
    parts += legend
    y += 44
    y += ROW + heads + 24
    parts += _heads(grid, left, y)
    for family, each in grid.families:
        y += ROW + GAP
        parts.append(_text("b", EDGE, y, family))
        for row in each:
            y += ROW
            parts += _row(row, left, y)
    return parts, max(left + CELL * len(grid.columns) + EDGE, wide), y


def _label_width(row: GridRow) -> float:
    name, phase = _label(row)
    return width_of(name, SIZE, MONO) + 8 + width_of(phase, SMALL)


def _label(row: GridRow) -> tuple[str, str]:
    return shorten(row.scenario.name, NAME_LETTERS), shorten(row.phase, PHASE_LETTERS)


def _engine(name: str) -> str:
    return shorten(name, ENGINE_LETTERS)


def _legend(y: float) -> tuple[list[Markup], float]:
    parts, x = [], EDGE + 7
    for went in SIGNED:
        parts += [_sign(went, x, y - 4), _text("s", x + 14, y, went.value)]
        x += 14 + width_of(went.value, SMALL) + 22
    return parts, x


def _heads(grid: Grid, left: float, y: float) -> Iterator[Markup]:
    x = left
    for builder, count in grid.builders:
        middle = x + CELL * count / 2
        yield _text("b c", middle, y + 4, shorten(builder, max(3, int(CELL * count / (SIZE * BOLD)))))
        for place, column in enumerate(each for each in grid.columns if each.builder == builder):
            at = x + CELL * place + CELL / 2 + 4
            yield Markup('<text class="q s" transform="translate({} {}) rotate(-90)">{}</text>').format(
                _n(at), _n(y - 12), _engine(column.engine)
            )
        x += CELL * count


def _row(row: GridRow, left: float, y: float) -> Iterator[Markup]:
    name, phase = _label(row)
    yield Markup('<path class="g" d="M{} {}H{}"/>').format(
        _n(EDGE), _n(y + 5), _n(left + CELL * len(row.marks))
    )
    yield Markup("<g><title>{}</title>{}{}</g>").format(
        row.scenario.question,
        _text("m b" if row.unexpected else "m", EDGE, y, name),
        _text("q s", EDGE + width_of(name, SIZE, MONO) + 8, y, phase),
    )
    for place, mark in enumerate(row.marks):
        yield _mark(mark, left + CELL * place + CELL / 2, y - 4)


def _mark(mark: Mark, x: float, y: float) -> Markup:
    if mark.went is Went.NOTHING:
        return Markup("")
    return Markup("<g><title>{}</title>{}</g>").format(
        mark.outcomes or mark.went.value, _sign(mark.went, x, y)
    )


def _sign(went: Went, x: float, y: float) -> Markup:
    """Shapes differ, not only colours."""
    if went is Went.REUSED:
        return Markup('<circle class="f2" cx="{}" cy="{}" r="6"/>').format(_n(x), _n(y))
    if went in (Went.MISSED, Went.SPLIT):
        ring = Markup('<circle class="st" cx="{}" cy="{}" r="5"/>').format(_n(x), _n(y))
        half = Markup('<path class="f2" d="M{0} {1}a5 5 0 0 0 0 10z"/>').format(_n(x), _n(y - 5))
        return ring + half if went is Went.SPLIT else ring
    if went is Went.UNEXPECTED:
        box = Markup('<rect class="f1" x="{}" y="{}" width="16" height="16" rx="3"/>').format(
            _n(x - 8), _n(y - 8)
        )
        return box + _text("n n1 b c", x, y + 4, "!")
    return _text("q c", x, y + 4, "x" if went is Went.FAILED else "?")


def _text(style: str, x: float, y: float, text: str) -> Markup:
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(style, _n(x), _n(y), text)


def _n(value: float) -> str:
    return f"{round(value, 1):g}"
