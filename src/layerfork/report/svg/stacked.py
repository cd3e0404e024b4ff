"""Builds side by side: their seconds stacked by step, and below each what was reused and what was built.

`columns_of` says what is drawn; `lay_out` gives places in pixels; `inline` draws. All are pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log10

from markupsafe import Markup

from layerfork.record.record import StepStatus
from layerfork.record.trends import BuildPoint, SeriesTrends
from layerfork.report.svg.colors import LIGHT
from layerfork.report.svg.drawing import Box, shorten

OWN_COLORS = len(LIGHT.lines) - 1
"""How many steps have a colour of their own; the last colour is for all others together."""
OTHERS = "all other steps"
_LEFT, _WIDTH, _TOP, _HEIGHT, _ROW, _FOOT = 250.0, 830.0, 26.0, 200.0, 15.0, 22.0
_WIDEST, _NARROWEST = 26.0, 2.0
_LETTERS = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One build: seconds and status of each row of the chart, in the order of the rows."""

    title: str
    """What is shown of it where a pointer rests."""
    target: str
    """Id of the element of the page that it leads to."""
    date: str
    seconds: tuple[float, ...]
    missed: tuple[bool | None, ...]
    """None where the build did not come to the step, or does not show what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn."""

    rows: tuple[str, ...]
    """Names of steps, the costliest first; the last may be `OTHERS`."""
    columns: tuple[Column, ...]
    """Builds, the oldest first."""
    marks: tuple[tuple[int, str], ...]
    """Places of columns from which something changed, and what to write there."""

    def color_of(self, row: int) -> int:
        """Place of a row's colour in those of the themes."""
        return OWN_COLORS if self.rows[row] == OTHERS else row


def chart_of(series: SeriesTrends, targets: Sequence[str]) -> Chart:
    """The chart of a series; ``targets`` are ids of the page, one for each of its points."""
    order = sorted(range(len(series.steps)), key=lambda at: -series.steps[at].seconds)
    own = order if len(order) <= OWN_COLORS + 1 else order[:OWN_COLORS]
    place = {at: row for row, at in enumerate(own)}
    names = [_name(series, at) for at in own] + ([OTHERS] if len(own) < len(order) else [])
    changes = {change.id: change for change in series.changes}
    return Chart(
        rows=tuple(names),
        columns=tuple(
            _column(series, point, target, place, len(names))
            for point, target in zip(series.points, targets, strict=True)
        ),
        marks=tuple(
            (at, changes[point.id].commit[:8] or point.id[:8])
            for at, point in enumerate(series.points)
            if point.id in changes
        ),
    )


def _name(series: SeriesTrends, at: int) -> str:
    step = series.steps[at]
    return f"{f'{step.line}  ' if step.line else ''}{' '.join(step.name.instruction.split())}"


def _column(series: SeriesTrends, point: BuildPoint, target: str, place: dict[int, int], rows: int) -> Column:
    seconds = [0.0] * rows
    missed: list[bool | None] = [None] * rows
    for step in point.steps:
        row = place.get(step.step, rows - 1)
        if step.status is StepStatus.MISS:
            seconds[row] += step.seconds or 0.0
        if step.status in (StepStatus.HIT, StepStatus.MISS):
            missed[row] = bool(missed[row]) or step.status is StepStatus.MISS
    longest = sorted(
        ((step.seconds or 0.0, step.step) for step in point.steps if step.status is StepStatus.MISS),
        reverse=True,
    )[:3]
    said = "; ".join(f"{took:,.1f} s {shorten(_name(series, at), _LETTERS)}" for took, at in longest)
    commit = f", commit {point.commit[:12]}" if point.commit else ""
    time = point.recorded_at[:16].replace("T", " ")
    return Column(
        title=f"{point.id[:12]}, {time}{commit}: {sum(seconds):,.1f} s in steps. {said or 'nothing missed'}",
        target=target,
        date=point.recorded_at[:10],
        seconds=tuple(seconds),
        missed=tuple(missed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Everything in its place, in pixels."""

    width: float
    height: float
    bar: float
    """Width of a column, with the gap to the next."""
    gap: float
    top_s: float
    """Seconds at the top of the chart."""

    def x(self, column: int) -> float:
        return _LEFT + column * self.bar

    def height_of(self, seconds: float) -> float:
        return _HEIGHT * seconds / self.top_s

    def cell(self, column: int, row: int) -> Box:
        """Below the chart: what became of a step in a build."""
        y = _TOP + _HEIGHT + 10 + row * _ROW
        return Box(x=self.x(column), y=y, width=self.bar - self.gap, height=_ROW - 3)


def lay_out(chart: Chart) -> Places:
    """Columns fill the width; where there are very many, the chart is as wide as they need."""
    count = max(1, len(chart.columns))
    bar = max(_NARROWEST, min(_WIDEST, _WIDTH / count))
    most = max((sum(column.seconds) for column in chart.columns), default=0.0)
    return Places(
        width=max(_LEFT + count * bar, _LEFT + _WIDTH) + 10,
        height=_TOP + _HEIGHT + 10 + len(chart.rows) * _ROW + _FOOT,
        bar=bar,
        gap=min(2.0, bar * 0.2) if bar > 3 else 0.0,
        top_s=_round_up(most),
    )


def _round_up(seconds: float) -> float:
    """The next round number: a bar that is half as high says less."""
    if seconds <= 0:
        return 1.0
    power = 10.0 ** ceil(log10(seconds) - 1)
    return float(
        next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= seconds * 0.999)
    )


def inline(chart: Chart, title: str) -> Markup:
    """The chart as an element of a page, whose style is the page's; each column is a link."""
    places = lay_out(chart)
    body = Markup("\n").join(
        (
            *_axis(places),
            *(_stack(chart, places, row) for row in range(len(chart.rows))),
            *(_row(chart, places, row) for row in range(len(chart.rows))),
            *_dates(chart, places),
            *(_mark(at, text, places) for at, text in chart.marks),
            *(_link(column, at, places) for at, column in enumerate(chart.columns)),
        )
    )
    return Markup(
        '<svg class="fg stacked" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" role="group">'
        "<title>{2}</title>\n{3}</svg>"
    ).format(places.width, places.height, title, body)


def _axis(places: Places) -> Iterator[Markup]:
    for part in (0.0, 0.5, 1.0):
        y = _TOP + _HEIGHT * (1 - part)
        yield Markup('<path class="g" d="M{} {}H{}"/>').format(_n(_LEFT), _n(y), _n(places.width - 10))
        label = f"{places.top_s * part:,g} s"
        yield Markup('<text class="q s e" x="{}" y="{}">{}</text>').format(_n(_LEFT - 6), _n(y + 4), label)


def _stack(chart: Chart, places: Places, row: int) -> Markup:
    """The seconds of one step in all builds, upon those of the rows before it."""
    pieces = []
    for at, column in enumerate(chart.columns):
        height = places.height_of(column.seconds[row])
        if height >= 0.1:
            foot = _TOP + _HEIGHT - places.height_of(sum(column.seconds[:row]))
            pieces.append(_box(places.x(at), foot - height, places.bar - places.gap, height))
    return Markup('<path class="f{} x" d="{}"/>').format(chart.color_of(row), "".join(pieces))


def _row(chart: Chart, places: Places, row: int) -> Markup:
    """What became of one step in all builds: filled where it was built, a line where it was reused."""
    built, reused = [], []
    for at, column in enumerate(chart.columns):
        cell = places.cell(at, row)
        if column.missed[row]:
            built.append(_box(cell.x, cell.y, cell.width, cell.height))
        elif column.missed[row] is not None:
            reused.append(_box(cell.x, cell.y + cell.height / 2 - 1, cell.width, 2))
    color = chart.color_of(row)
    y = places.cell(0, row).y + 10
    key = Markup('<path class="f{} x" d="{}"/>').format(color, _box(0, y - 9, 10, 10))
    name = chart.rows[row]
    label = Markup('<text class="m s" x="16" y="{}">{}<title>{}</title></text>').format(
        _n(y), shorten(name, _LETTERS - 3), name
    )
    cells = Markup('<path class="f{0} x" d="{1}"/><path class="f{0} x o" d="{2}"/>').format(
        color, "".join(built), "".join(reused)
    )
    return key + label + cells


def _dates(chart: Chart, places: Places) -> Iterator[Markup]:
    if not chart.columns:
        return
    y, end = places.height - 6, places.x(len(chart.columns))
    yield Markup('<text class="q s" x="{}" y="{}">{}</text>').format(_n(_LEFT), _n(y), chart.columns[0].date)
    if end - _LEFT > 200:
        last = chart.columns[-1].date
        yield Markup('<text class="q s e" x="{}" y="{}">{}</text>').format(_n(end), _n(y), last)


def _mark(at: int, text: str, places: Places) -> Markup:
    x = places.x(at) - places.gap / 2
    left = x > places.width - 90
    return Markup(
        '<path class="mark" d="M{0} 14V{1}"/><text class="s b{2}" x="{3}" y="12">{4}</text>'
    ).format(_n(x), _n(places.height - _FOOT), " e" if left else "", _n(x), text)


def _link(column: Column, at: int, places: Places) -> Markup:
    """A place to point at and to click, as high as the chart. Keys reach builds by the list below it."""
    height = places.height - _FOOT - _TOP
    return Markup(
        '<a href="#{}" tabindex="-1"><rect class="point" x="{}" y="{}" width="{}" height="{}"/>'
        "<title>{}</title></a>"
    ).format(column.target, _n(places.x(at)), _n(_TOP), _n(places.bar), _n(height), column.title)


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{_n(x)} {_n(y)}h{_n(width)}v{_n(height)}h-{_n(width)}z"


def _n(value: float) -> str:
    """A number with two digits at most behind the point."""
    return f"{round(value, 2):.7g}"
