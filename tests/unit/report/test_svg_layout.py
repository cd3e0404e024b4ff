"""Where things lie in a picture: nothing lies on anything else."""

from itertools import combinations, pairwise

import pytest
from golden.recorded import RUNS, compared, filed
from hypothesis import given, settings
from hypothesis import strategies as st

from layerfork.report.svg.drawing import Box, Drawing, Point
from layerfork.report.svg.graph import Column, ForkGraph, Line, Split, graph_of_diff, graph_of_run
from layerfork.report.svg.layout import lay_out

INSTRUCTIONS = (
    "FROM python:3.13-slim AS build",
    "RUN apt-get update && apt-get install -y --no-install-recommends build-essential git",
    "WORKDIR /app",
    "COPY requirements.txt requirements-dev.txt ./",
    "RUN pip install -r requirements.txt",
    "COPY . .",
    "ENV PYTHONUNBUFFERED=1",
)


@st.composite
def graphs(draw: st.DrawFn) -> ForkGraph:
    """Up to eight caches over up to thirty steps; some lines come back after some steps."""
    count = draw(st.integers(1, 30))
    columns = tuple(
        Column(text=draw(st.sampled_from(INSTRUCTIONS)), line=2 * each + 1) for each in range(count)
    )
    lines = [Line(letter="A", names=("docker-build",), cells=(0,) * count)]
    splits = []
    for number in range(1, draw(st.integers(1, 8))):
        parent, start = draw(st.integers(0, number - 1)), draw(st.integers(0, count - 1))
        end = draw(st.sampled_from((count, draw(st.integers(start + 1, count)))))
        above = lines[parent].cells
        cells = (*above[:start], *(number,) * (end - start), *above[end:])
        names = tuple(f"client-{each}-of-{number}@4.4.4" for each in range(draw(st.integers(1, 12))))
        lines.append(Line(letter=chr(65 + number), names=names, cells=cells))
        splits.append(
            Split(
                parent=parent,
                child=number,
                column=start,
                cause=draw(st.sampled_from(("mode", "entry-name, mode-type-bits", "suspected content"))),
                cost=draw(st.sampled_from(("", "1.2 s", "123.4 s"))),
                values=draw(st.sampled_from(("", "0644 → 0755", f"name of a: {'x' * 90} → y"))),
                headline="",
            )
        )
    return ForkGraph(columns=columns, lines=tuple(lines), splits=tuple(splits))


def real_graphs() -> list[ForkGraph]:
    runs = [graph_of_run(report) for name in RUNS for report in filed(name)]
    return [*runs, *(graph_of_diff(report) for report in compared("seed-buildkit"))]


def boxes(drawing: Drawing) -> list[Box]:
    """Of everything that is read or counted, but stations of one column, which lie on their guide."""
    circles = [Box(x=each.x - 10, y=each.y - 10, width=20, height=20) for each in drawing.ends]
    labels = (*drawing.steps, *drawing.forks, *drawing.names)
    return [*(label.box for label in labels), *(station.box for station in drawing.stations), *circles]


def holds(drawing: Drawing) -> None:
    assert [(one, other) for one, other in combinations(boxes(drawing), 2) if one.overlaps(other)] == []
    for box in boxes(drawing):
        assert box.x >= 0
        assert box.y >= 0
        assert box.right <= drawing.width
        assert box.bottom <= drawing.height


def on_the_way(drawing: Drawing, line: int) -> list[Point]:
    """Points of a line, close to each other: straight, then the bend."""
    track = next(each for each in drawing.tracks if each.line == line)
    found = []
    for here, there in pairwise(track.points):
        start = there.x if here.y == there.y else max(here.x, there.x - drawing.bend)
        found += [Point(x=here.x + (start - here.x) * part / 20, y=here.y) for part in range(21)]
        for part in range(21):
            t = part / 20
            x = start + (there.x - start) * (1.5 * t * (1 - t) + t**3)
            found.append(Point(x=x, y=here.y + (there.y - here.y) * (3 * t * t - 2 * t**3)))
    return found


@pytest.mark.parametrize("graph", real_graphs())
def test_real_graphs(graph: ForkGraph) -> None:
    drawing = lay_out(graph)

    holds(drawing)
    for label in (*drawing.forks, *drawing.names):
        for line in range(len(graph.lines)):
            for point in on_the_way(drawing, line):
                dot = Box(x=point.x - 2, y=point.y - 2, width=4, height=4)
                assert not label.box.overlaps(dot), (label.rows, line, point)


@settings(max_examples=60)
@given(graphs())
def test_nothing_lies_on_anything_else(graph: ForkGraph) -> None:
    holds(lay_out(graph))


@given(graphs())
@settings(max_examples=60)
def test_every_line_is_seen_where_it_runs_alone(graph: ForkGraph) -> None:
    """At a column, lines of one cache are a stroke apart at most times their number; of two they are far."""
    drawing = lay_out(graph)
    xs = [guide.x for guide in drawing.guides]
    for column, x in enumerate(xs):
        at = {}
        for track in drawing.tracks:
            point = next((each for each in track.points if each.x == x), None)
            if point is not None:
                at[track.line] = point.y
        for one, other in combinations(at, 2):
            together = graph.lines[one].cells[column] == graph.lines[other].cells[column]
            apart = abs(at[one] - at[other])
            assert apart >= drawing.stroke
            assert not together or apart <= (drawing.stroke + 1) * len(graph.lines)


def test_a_copy_of_everything_is_never_shortened() -> None:
    columns = tuple(Column(text=text) for text in ("FROM a", *["COPY . ."] * 12))
    graph = ForkGraph(columns=columns, lines=(Line(letter="A", names=("x",), cells=(0,) * 13),), splits=())

    assert [label.rows for label in lay_out(graph).steps][1:] == [("COPY . .",)] * 12


def test_double_blanks_stay() -> None:
    graph = ForkGraph(
        columns=(Column(text="RUN  du -s /"),), lines=(Line(letter="A", names=("x",), cells=(0,)),), splits=()
    )

    assert lay_out(graph).steps[0].rows == ("RUN  du -s /",)


def bends(drawing: Drawing, line: int) -> int:
    """How often a line changes its height, but for the width of those that it runs with."""
    (track,) = (each for each in drawing.tracks if each.line == line)
    return sum(abs(there.y - here.y) > 2 * drawing.stroke for here, there in pairwise(track.points))


@pytest.mark.parametrize(
    ("cells", "count"),
    [
        ((0, 1, 1, 1), 1),
        ((0, 1, 0, 0), 2),
        ((0, 1, 1, 0), 2),
        ((0, 0, 0, 0), 0),
        ((0, 0, None, None), 0),
        ((0, 1, None, None), 1),
    ],
)
def test_a_line_leaves_another_where_it_forks_and_not_for_its_letter(
    cells: tuple[int | None, ...], count: int
) -> None:
    columns = tuple(Column(text=each, line=number) for number, each in enumerate(INSTRUCTIONS[:4], 1))
    lines = (
        Line(letter="A", names=("docker-build",), cells=(0, 0, 0, 0)),
        Line(letter="B", names=("docker-compose-build",), cells=cells),
    )
    splits = tuple(
        Split(parent=0, child=1, column=1, cause="content", cost="", values="", headline="")
        for cell in cells[1:2]
        if cell == 1
    )
    drawing = lay_out(ForkGraph(columns=columns, lines=lines, splits=splits))
    assert (bends(drawing, 0), bends(drawing, 1)) == (0, count)
    first, second = drawing.ends
    assert (first.x, first.y) != (second.x, second.y)
    ran_last = [cell for cell in cells if cell is not None][-1]
    assert (first.y == second.y) is (ran_last == 0)
    holds(drawing)
