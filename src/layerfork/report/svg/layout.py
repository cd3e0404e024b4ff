"""Where everything of a fork graph lies: a pure function from the graph to places in pixels."""

from collections.abc import Iterator, Mapping, Sequence

from layerfork.report.svg.drawing import (
    BOLD,
    MONO,
    Box,
    Drawing,
    Label,
    Point,
    Station,
    Track,
    in_lines,
    shorten,
    width_of,
)
from layerfork.report.svg.graph import ForkGraph, Line, Split
from layerfork.report.svg.order import bundles_at, heights_in, order_of_lines, thickness

MARGIN = 16.0
TEXT, SMALL = 12.0, 11.0
"""Sizes of fonts."""
ROW = 16.0
"""Height of a row of text."""
BEND = 64.0
TAIL = 40.0
"""From the last column to the letters."""
LETTER = 10.0
"""Radius of the circle around a letter."""
STEP_GAP = 24.0
"""Between the texts of two columns."""
HEAD_LETTERS, HEAD_ROWS = 22, 3
LONG_VALUES = 40
NAME_LETTERS, NAME_ROWS = 44, 3
SHORT = 14
"""Texts up to this many letters are never cut."""
FEW_COLUMNS = 8
"""With this many columns or fewer, each one has its whole text."""


def lay_out(graph: ForkGraph) -> Drawing:
    """The whole picture. Of several forks of one line the first is labelled."""
    order = order_of_lines([line.cells for line in graph.lines])
    stroke = min(6.0, 36.0 / max(len(order), 1))
    pitch = stroke + 1
    heads = [_head(graph, column) for column in range(len(graph.columns))]
    xs = _columns(graph, heads)
    top = MARGIN + ROW * (max((len(rows) for rows, _ in heads), default=0) + 1) + 16
    lanes, bottom = _lanes(graph, order, top, pitch)
    heights = [heights_in(bundles_at(graph, order, column), lanes, pitch) for column in range(len(xs))]
    start = heights_in(bundles_at(graph, order, None), lanes, pitch)
    end = (xs[-1] if xs else MARGIN) + max(TAIL, BEND)
    beside = thickness(graph, order)
    forks = tuple(
        _fork_label(split, xs[split.column], lanes[split.child] - beside[split.child][0] * pitch)
        for split in _labelled(graph)
    )
    last = [_last_lane(line, number) for number, line in enumerate(graph.lines)]
    names = _names(graph, order, last, end, lanes)
    steps = tuple(_step(graph, column, heads[column], x) for column, x in enumerate(xs))
    return Drawing(
        width=max(label.box.right for label in (*steps, *forks, *names)) + MARGIN,
        height=bottom + MARGIN,
        stroke=stroke,
        bend=BEND,
        start=_start(start, stroke),
        tracks=tuple(
            _track(line, start, heights, xs, end, lanes[line] if last[line] == line else None)
            for line in reversed(order)
        ),
        stations=tuple(_stations(graph, order, xs, heights, stroke)),
        guides=tuple(Box(x=x, y=top - 12, width=0, height=bottom - top + 12) for x in xs),
        steps=steps,
        forks=forks,
        names=names,
        ends=tuple(Point(x=name.box.x - LETTER - 10, y=lanes[last[name.line or 0]]) for name in names),
    )


def _last_lane(line: Line, number: int) -> int:
    """On whose lane a line ends: where it ran last. It leaves no other for its letter alone."""
    return next((cell for cell in reversed(line.cells) if cell is not None), number)


def _names(
    graph: ForkGraph, order: Sequence[int], last: Sequence[int], end: float, lanes: Mapping[int, float]
) -> tuple[Label, ...]:
    """By number of line. Lines that end on one lane have their letters and names one after the other."""
    found: dict[int, Label] = {}
    right: dict[int, float] = {}
    for line in sorted(order, key=lambda each: (each != last[each], each)):
        lane = last[line]
        label = _name(graph.lines[line], line, right.get(lane, end), lanes[lane])
        right[lane] = label.box.right + LETTER + STEP_GAP
        found[line] = label
    return tuple(found[line] for line in sorted(found))


def _changes(graph: ForkGraph, column: int) -> bool:
    """Whether some line goes to another lane on the way to this column."""
    if not column:
        return any(line.cells[0] not in (None, 0) for line in graph.lines)
    return any(_moves(*line.cells[column - 1 : column + 1]) for line in graph.lines)


def _moves(before: int | None, after: int | None) -> bool:
    """None where the line has no such column."""
    return before is not None and after is not None and before != after


def _head(graph: ForkGraph, column: int) -> tuple[tuple[str, ...], str]:
    """Rows of text above a column, and the line of its step. Long ones shrink where nothing happens."""
    count = len(graph.columns)
    step = graph.columns[column]
    text = step.text.replace("\n", " ")
    near = [each for each in (column, column + 1) if each < count]
    eventful = column == count - 1 or any(_changes(graph, each) for each in near)
    whole = count <= FEW_COLUMNS or len(text) <= SHORT or eventful
    rows = in_lines(text, HEAD_LETTERS, HEAD_ROWS) if whole else (text.partition(" ")[0][:HEAD_LETTERS],)
    return rows, f"line {step.line}" if step.line else ""


def _width(head: tuple[tuple[str, ...], str]) -> float:
    return max(*(width_of(row, TEXT, MONO) for row in head[0]), width_of(head[1], SMALL))


def _columns(graph: ForkGraph, heads: Sequence[tuple[tuple[str, ...], str]]) -> list[float]:
    """Apart enough for their texts, for bends, and for the labels of lines that return."""
    xs: list[float] = []
    for column, head in enumerate(heads):
        bend = BEND + 20 if _changes(graph, column) else 0.0
        if not column:
            xs.append(MARGIN + max(_width(head) / 2, bend, 30))
            continue
        near = (_width(heads[column - 1]) + _width(head)) / 2 + STEP_GAP
        returning = [
            xs[split.column] + _fork_width(split) + BEND
            for split in _labelled(graph)
            if _return(graph.lines[split.child], split.column) == column
        ]
        xs.append(max(xs[-1] + max(near, bend), *returning, 0.0))
    return xs


def _return(line: Line, start: int) -> int | None:
    """The first column after ``start`` where a line runs on another lane again."""
    later = range(start + 1, len(line.cells))
    return next((each for each in later if line.cells[each] not in (line.cells[start], None)), None)


def _labelled(graph: ForkGraph) -> list[Split]:
    """Of each line the first split; further ones are described beside the picture."""
    first: dict[int, Split] = {}
    for split in sorted(graph.splits, key=lambda each: each.column):
        first.setdefault(split.child, split)
    return list(first.values())


def _lanes(
    graph: ForkGraph, order: Sequence[int], top: float, pitch: float
) -> tuple[Mapping[int, float], float]:
    """The height of each line's own lane, with room for its words and for those that run beside; the end."""
    labels = {split.child: split for split in _labelled(graph)}
    beside = thickness(graph, order)
    lanes: dict[int, float] = {}
    y = top
    for line in order:
        above, below = beside[line]
        label = ROW * len(_fork_rows(labels[line])) + 14 if line in labels else 0
        lanes[line] = y + max(label, LETTER) + above * pitch + 6
        ending = [each for number, each in enumerate(graph.lines) if _last_lane(each, number) == line]
        rows = max((len(_name_rows(each)) for each in ending), default=1)
        names = ROW * (rows - 1) + LETTER
        y = lanes[line] + max(names, below * pitch + 10) + 4
    return lanes, y


def _start(heights: Mapping[int, float], stroke: float) -> Box:
    high, low = min(heights.values(), default=0.0), max(heights.values(), default=0.0)
    return Box(x=MARGIN - 2, y=high - stroke / 2 - 4, width=4, height=low - high + stroke + 8)


def _track(
    line: int,
    start: Mapping[int, float],
    heights: Sequence[Mapping[int, float]],
    xs: Sequence[float],
    end: float,
    lane: float | None,
) -> Track:
    """From the common start through all columns that it has to its own lane; None: it ends beside others."""
    through = [Point(x=x, y=here[line]) for x, here in zip(xs, heights, strict=True) if line in here]
    before = (Point(x=MARGIN, y=start[line]), *through)
    return Track(
        line=line,
        points=(*before, Point(x=end, y=before[-1].y if lane is None else lane)),
    )


def _stations(
    graph: ForkGraph,
    order: Sequence[int],
    xs: Sequence[float],
    heights: Sequence[Mapping[int, float]],
    stroke: float,
) -> Iterator[Station]:
    forked = {(split.child, split.column) for split in graph.splits}
    for column, x in enumerate(xs):
        for bundle in bundles_at(graph, order, column):
            own = [heights[column][line] for line in bundle.members]
            radius = stroke / 2 + 4
            yield Station(
                column=column,
                lines=bundle.members,
                box=Box(x=x - 7, y=min(own) - radius, width=14, height=max(own) - min(own) + 2 * radius),
                forked=any((line, column) in forked for line in bundle.members),
            )


def _fork_rows(split: Split) -> tuple[str, ...]:
    """The cause, and what differs: on two rows where that is long."""
    label, colon, change = split.values.rpartition(": ")
    long = colon and len(split.values) > LONG_VALUES
    return tuple(filter(None, (split.cause, *((f"{label}:", change) if long else (split.values,)))))


def _fork_width(split: Split) -> float:
    cause, *values = _fork_rows(split)
    first = width_of(cause, TEXT, BOLD) + (width_of(split.cost, SMALL) + 10 if split.cost else 0)
    return max([first, *(width_of(row, SMALL, MONO) for row in values)])


def _fork_label(split: Split, x: float, top: float) -> Label:
    """Above the line and those that run above it, from the step on that it missed."""
    rows = _fork_rows(split)
    height = ROW * len(rows)
    return Label(
        box=Box(x=x - 7, y=top - 14 - height, width=_fork_width(split), height=height),
        rows=rows,
        more=split.cost,
        whole=" ".join(filter(None, (split.headline or split.cause, split.values, split.cost))),
        line=split.child,
    )


def _name_rows(line: Line) -> tuple[str, ...]:
    """Folded names on a few rows; how many more there are."""
    names = [shorten(name, NAME_LETTERS) for name in line.names]
    for count in range(len(names), 0, -1):
        left_out = [f"and {len(names) - count} more"] if count < len(names) else []
        if len(rows := _in_rows([*names[:count], *left_out])) <= NAME_ROWS:
            return rows
    return ("",)


def _in_rows(names: Sequence[str]) -> tuple[str, ...]:
    rows: list[str] = []
    for name in names:
        if rows and len(rows[-1]) + len(name) + 2 <= NAME_LETTERS:
            rows[-1] += f", {name}"
        else:
            rows.append(name)
    return tuple(rows)


def _name(line: Line, number: int, end: float, lane: float) -> Label:
    rows = _name_rows(line)
    width = max(width_of(row, TEXT, BOLD) for row in rows)
    return Label(
        box=Box(x=end + LETTER + 10, y=lane - ROW / 2, width=width, height=ROW * len(rows)),
        rows=rows,
        whole=", ".join(line.names),
        line=number,
    )


def _step(graph: ForkGraph, column: int, head: tuple[tuple[str, ...], str], x: float) -> Label:
    rows, place = head
    width = _width(head)
    return Label(
        box=Box(x=x - width / 2, y=MARGIN, width=width, height=ROW * (len(rows) + bool(place))),
        rows=rows,
        more=place,
        whole=graph.columns[column].text,
    )
