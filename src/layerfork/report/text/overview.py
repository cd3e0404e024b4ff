"""Many clients or engines at a glance: classes as rows, engines as columns, forks as labelled edges."""

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from layerfork.record.answer import CauseStatus
from layerfork.record.run import RunReport
from layerfork.report.rendering import Look
from layerfork.report.text.answer import STATUS_STYLES
from layerfork.report.text.layout import section, wrap
from layerfork.report.views.overview import NO_RESULT, NOT_KNOWN, Edge, Overview, Row
from layerfork.report.views.sentences import cost_of, findings, size_of, where
from layerfork.report.views.sentvalues import missing_of

FEWEST_COLUMNS_OF_NAMES = 30
"""With less beside the engines' columns, the names have lines of their own."""
MOST_COLUMNS_OF_NAMES = 72
"""Where there is no terminal to fill."""
STYLES = ("blue", "yellow", "green", "red", "magenta", "cyan")


def overview_lines(overview: Overview, look: Look) -> Iterator[Text]:
    """The rows, the edges between them, and whether the engines agree."""
    yield Text(_title(overview), style="bold")
    yield Text()
    yield from _matrix(overview, look.width)
    yield from _agreement(overview)
    yield from _edges(overview, look)


def _title(overview: Overview) -> str:
    return f"{overview.scenario}: {size_of(overview)}; each letter is a cache"


def _matrix(overview: Overview, width: int | None) -> Iterator[Text]:
    mark = max((len(row.letter) for row in overview.rows), default=1) + 3
    columns = [max(len(name), 3) + 2 for name in overview.engines]
    names = max((len(", ".join(row.names)) for row in overview.rows), default=0)
    room = min(names, MOST_COLUMNS_OF_NAMES if width is None else width - mark - sum(columns))
    if room >= min(names, FEWEST_COLUMNS_OF_NAMES):
        yield _header(overview.engines, mark + room)
        for row in overview.rows:
            yield from _side_by_side(row, room, mark, columns, overview)
        return
    for row in overview.rows:
        yield from wrap(Text.assemble(_letter(row.letter, overview), ", ".join(row.names)), width, mark)
    yield Text()
    yield from _blocks(overview, mark, width)


def _side_by_side(
    row: Row, room: int, mark: int, columns: Sequence[int], overview: Overview
) -> Iterator[Text]:
    first, *rest = wrap(Text(", ".join(row.names)), room)
    cells = _cells(row, range(len(columns)), columns, overview)
    yield Text.assemble(_letter(row.letter, overview), first, " " * (room - len(first)), cells)
    yield from (Text(" " * mark) + line for line in rest)


def _blocks(overview: Overview, mark: int, width: int | None) -> Iterator[Text]:
    """The cells alone, the engines in as many blocks as the width takes."""
    columns = [max(len(name), 3) + 2 for name in overview.engines]
    blocks: list[list[int]] = [[]]
    for place, size in enumerate(columns):
        if blocks[-1] and mark + sum(columns[each] for each in blocks[-1]) + size > (width or 0):
            blocks.append([])
        blocks[-1].append(place)
    for number, block in enumerate(blocks):
        if number:
            yield Text()
        yield _header([overview.engines[each] for each in block], mark)
        for row in overview.rows:
            yield Text.assemble(_letter(row.letter, overview), _cells(row, block, columns, overview))


def _header(engines: Iterable[str], indent: int) -> Text:
    return Text(" " * indent + "".join(f"  {name.ljust(3)}" for name in engines), style="dim")


def _letter(letter: str, overview: Overview) -> Text:
    mark = max(len(row.letter) for row in overview.rows) + 3
    return Text(f" {letter}".ljust(mark), style=f"bold {_style(letter, overview)}")


def _cells(row: Row, block: Iterable[int], columns: Sequence[int], overview: Overview) -> Text:
    cells = (
        (f"  {row.cells[each]}".ljust(columns[each]), _style(row.cells[each], overview)) for each in block
    )
    return Text.assemble(*cells)


def _style(letter: str, overview: Overview) -> str:
    """A letter has its colour in all columns; what is no letter has none."""
    number = overview.number_of(letter)
    return "dim" if number is None else STYLES[number % len(STYLES)]


def _agreement(overview: Overview) -> Iterator[Text]:
    cells = {cell for row in overview.rows for cell in row.cells}
    yield Text()
    if NO_RESULT in cells:
        yield Text(f"  {NO_RESULT} no result", style="dim")
    if NOT_KNOWN in cells:
        yield Text(f"  {NOT_KNOWN} cache unknown", style="dim")
    if len(overview.engines) == 1:
        return
    if overview.agree:
        yield Text("  engines agree", style="bold green")
    else:
        apart = [row.letter for row in overview.rows if len(set(row.cells)) > 1]
        yield Text(f"  engines differ in {', '.join(apart)}", style="bold yellow")


def _edges(overview: Overview, look: Look) -> Iterator[Text]:
    for edge in overview.edges:
        yield Text()
        yield from edge_lines(edge, overview, look)


def edge_lines(edge: Edge, overview: Overview, look: Look) -> Iterator[Text]:
    """One fork: which caches, where and why; what it cost and on which engines; what helps."""
    fork, answer = edge.fork, edge.answer
    caches = f"{edge.writer} ─ {edge.reader}"
    headline = answer.headline if answer else f"step {fork.step}  {fork.instruction}"
    yield from wrap(Text.assemble((caches, "bold"), f"  {headline}"), look.width, 4)
    codes = Text(", ").join(Text(code, style=STATUS_STYLES[status]) for code, status in _codes(edge))
    parts = [codes, *map(Text, filter(None, (cost_of(edge), where(edge, overview))))]
    yield from wrap(Text("    ") + Text(", ").join(parts), look.width, 4)
    if answer:
        yield from wrap(Text(f"    fix: {answer.fix.sentence}"), look.width, 6)


def _codes(edge: Edge) -> Iterator[tuple[str, CauseStatus]]:
    """``PROVEN mode``, each once; a pattern by its name."""
    yield from dict.fromkeys(
        (f"{status.value} {name}", status) for status, name in findings(edge.fork, edge.answer)
    )


def missing_lines(overview: Overview, look: Look) -> Iterator[Text]:
    """Clients without a result, folded by the reason."""
    groups = missing_of(overview)
    if groups:
        yield from section("Without a result")
    for group in groups:
        place = f" ({', '.join(group.engines)})" if group.engines else ""
        line = f"  {', '.join(group.names)}{place}: {group.outcome}: {group.reason}"
        yield from wrap(Text(line), look.width, 4)


def all_warnings(reports: Sequence[RunReport], look: Look) -> Iterator[Text]:
    """Each warning and problem once, however many engines have it."""
    cautions = dict.fromkeys(
        (f"{caution.code}: {caution.text}", "yellow")
        for each in reports
        for caution in each.judgement.warnings
    )
    if cautions or any(each.problems for each in reports):
        yield from section("Warnings")
    for text, style in cautions:
        yield from wrap(Text(f"  {text}", style=style), look.width, 4)
    yield from all_problems(reports, look)


def all_problems(reports: Sequence[RunReport], look: Look) -> Iterator[Text]:
    """What went wrong outside any build, each once."""
    for problem in dict.fromkeys(problem for each in reports for problem in each.problems):
        yield from wrap(Text(f"  {problem.what}", style="red"), look.width, 4)
        for line in problem.details.splitlines():
            yield from wrap(Text(f"      {line}", style="dim"), look.width, 8)
