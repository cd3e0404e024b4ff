"""Lines cross only where no order avoids it."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from layerfork.report.svg.order import count_crossings, order_of_lines

COLUMNS = 6


@st.composite
def trees(draw: st.DrawFn) -> list[list[int | None]]:
    """Lines that leave an earlier one at some column and never come back."""
    cells: list[list[int | None]] = [[0] * COLUMNS]
    for line in range(1, draw(st.integers(1, 8))):
        parent, column = draw(st.integers(0, line - 1)), draw(st.integers(0, COLUMNS - 1))
        cells.append([*cells[parent][:column], *[line] * (COLUMNS - column)])
    return cells


@given(trees())
def test_lines_that_only_part_never_cross(cells: list[list[int | None]]) -> None:
    order = order_of_lines(cells)

    assert sorted(order) == list(range(len(cells)))
    assert count_crossings(order, cells) == 0


@given(
    st.integers(2, 4).flatmap(
        lambda n: st.tuples(*(st.lists(st.integers(0, line), min_size=4, max_size=4) for line in range(n)))
    )
)
def test_no_other_order_of_few_lines_has_fewer_crossings(drawn: tuple[list[int], ...]) -> None:
    cells = [[_lead(drawn, line, column) for column in range(4)] for line in range(len(drawn))]

    fewest = min(count_crossings(order, cells) for order in permutations(range(len(cells))))
    assert count_crossings(order_of_lines(cells), cells) == fewest


def _lead(drawn: tuple[list[int], ...], line: int, column: int) -> int:
    """Whom a line runs with, when everyone runs with the one that was drawn."""
    while drawn[line][column] != line:
        line = drawn[line][column]
    return line


def test_a_line_that_comes_back_is_taken_to_the_other_side() -> None:
    """B leaves first and stays away; C leaves and comes back: with C above, nothing crosses."""
    cells = [[0, 0, 0, 0], [0, 1, 1, 1], [0, 0, 2, 0]]

    assert count_crossings(order_of_lines(cells), cells) == 0


def test_a_line_without_a_step_crosses_nothing_there() -> None:
    assert count_crossings((0, 1), [[0, 0, 0], [0, None, 1]]) == 0
    assert count_crossings((1, 0), [[0, 0], [0, 1]]) == 0
    assert count_crossings((1, 0, 2), [[0, 0], [1, 1], [2, 1]]) == 1
