"""What a fork graph shows: caches as lines that run together, and part at the step where they fork."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from layerfork.record.answer import Answer, CauseStatus, Fork, MissKind
from layerfork.record.record import StepRecord
from layerfork.record.run import DiffReport, RunReport
from layerfork.report.svg.drawing import shorten
from layerfork.report.views.overview import (
    Known,
    Overview,
    align,
    answer_to,
    fold_clients,
    keyword,
    known_versions,
    letters,
)
from layerfork.report.views.sentences import findings, names_of, own_misses

OFFICIAL = "docker.io/library/"
"""What Docker leaves out when it names an official image."""
LABEL_LETTERS, VALUE_LETTERS = 32, 26
"""What is longer is cut in the middle; the answer has all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One step, of every line that has it."""

    text: str
    """The instruction, as the build that shows most of it has it."""
    line: int = 0
    """Of the Dockerfile; 0 when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One cache, and the builds that use it."""

    letter: str
    color: int = 0
    """Its place among the colours of lines."""
    names: tuple[str, ...]
    """Clients, folded."""
    clients: int = 1
    """How many they are."""
    cells: tuple[int | None, ...]
    """For each column the number of the line whose cache it uses there: its own where it is apart, else that
    of the first line that it runs together with. None where it has no such step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A fork: where one line leaves another, and why."""

    parent: int
    child: int
    column: int
    cause: str
    """``entry-name``; several with commas. Not proven ones say so."""
    cost: str
    """``1.2 s``; empty when unknown."""
    values: str
    """What differs, the writer's value first; empty where one word says all."""
    headline: str
    """The first line of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkGraph:
    """Columns, lines and splits; lines and columns are named by their places."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    splits: tuple[Split, ...]
    own_misses: str = ""
    """Clients that miss what they stored themselves, as a sentence: no line leaves another there."""


Mark = tuple[str, int]
"""Letter and colour of a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cache:
    """The builds of one class, and the steps that all of them have."""

    members: tuple[str, ...]
    steps: tuple[StepRecord, ...]


def graph_of_run(
    report: RunReport, known: Known | None = None, marks: Sequence[Mark] | None = None
) -> ForkGraph:
    """One line for each class; forks of controls are left out.

    ``marks`` are letter and colour of each class; None gives them in order.
    """
    builds = {build.client: build for build in report.builds}
    caches = []
    for members in report.judgement.classes:
        steps = [builds[each].steps for each in members if each in builds and builds[each].steps]
        caches.append(_Cache(members=members, steps=min(steps, key=len, default=())))
    known = known or known_versions({build.client: build.version for build in report.builds})
    return _graph(caches, report.judgement.forks, report.answers, known, marks=marks)


def graph_of_diff(report: DiffReport) -> ForkGraph:
    """Two lines, or one that both builds share."""
    writer, reader = names_of(report)
    if not report.judgement.forks:
        both = _Cache(members=(writer, reader), steps=report.reader_steps)
        return _graph([both], (), (), {})
    ends = {report.writer: 0, report.reader: 1}
    caches = [
        _Cache(members=(writer,), steps=report.writer_steps),
        _Cache(members=(reader,), steps=report.reader_steps),
    ]
    return _graph(caches, report.judgement.forks, report.answers, {}, ends)


def _graph(
    caches: Sequence[_Cache],
    forks: Sequence[Fork],
    answers: Sequence[Answer],
    known: Known,
    ends: Mapping[str, int] | None = None,
    marks: Sequence[Mark] | None = None,
) -> ForkGraph:
    """``ends`` says which cache a writer or reader of a fork is; None: the one that it is a member of."""
    number = ends or {client: place for place, each in enumerate(caches) for client in each.members}
    columns, places = align([[keyword(step.instruction) for step in each.steps] for each in caches])
    column_of = [
        {step.index: column for step, column in zip(each.steps, own, strict=True)}
        for each, own in zip(caches, places, strict=True)
    ]
    own_forks = [fork for fork in forks if fork.writer in number and fork.reader in number]
    cells = _cells(len(columns), column_of, own_forks, number)
    marked = marks or [(letter, color) for color, letter in zip(range(len(caches)), letters(), strict=False)]
    lines = [
        Line(
            letter=letter,
            color=color,
            names=fold_clients(each.members, known),
            clients=len(each.members),
            cells=own,
        )
        for each, own, (letter, color) in zip(caches, cells, marked, strict=True)
    ]
    splits = [
        _split(fork, answer_to(fork, forks, answers), number, column_of)
        for fork in own_forks
        if fork.step in column_of[number[fork.reader]]
    ]
    answered = {
        column_of[number[fork.reader]].get(fork.step): answer.line
        for fork in own_forks
        if (answer := answer_to(fork, forks, answers)) is not None
    }
    return ForkGraph(
        columns=tuple(_columns(len(columns), caches, column_of, answered)),
        lines=tuple(lines),
        splits=tuple(splits),
        own_misses="" if ends else own_misses(forks),
    )


def _cells(
    count: int, column_of: Sequence[Mapping[int, int]], forks: Sequence[Fork], number: Mapping[str, int]
) -> list[tuple[int | None, ...]]:
    """A reader runs with the writer but at the steps that forked, and those that missed for it.

    With another builder it shares nothing: what both found there, such as a base image, is in two caches.
    """
    found: list[tuple[int | None, ...]] = []
    for line, columns in enumerate(column_of):
        own = [fork for fork in forks if number[fork.reader] == line and number[fork.writer] < line]
        missed = {index for fork in own for index in (fork.step, *fork.consequences)}
        apart = {columns[index] for index in missed if index in columns}
        elsewhere = not own or any(fork.miss_kind is MissKind.OTHER_BUILDER for fork in own)
        parent = (None,) * count if elsewhere else found[number[own[0].writer]]
        cells: list[int | None] = [None] * count
        for column in columns.values():
            shared = None if column in apart else parent[column]
            cells[column] = line if shared is None else shared
        found.append(tuple(cells))
    return found


def _columns(
    count: int,
    caches: Sequence[_Cache],
    column_of: Sequence[Mapping[int, int]],
    answered: Mapping[int | None, int],
) -> Iterator[Column]:
    """Each as the shortest build has it; its line as some build shows it, else that of an answer."""
    for column in range(count):
        steps = [
            step
            for cache, columns in zip(caches, column_of, strict=True)
            for step in cache.steps
            if columns[step.index] == column
        ]
        line = next((step.line for step in steps if step.line), answered.get(column, 0))
        text = min((step.instruction for step in steps), key=len, default="")
        yield Column(text=text.replace(OFFICIAL, ""), line=line)


def _split(
    fork: Fork, answer: Answer | None, number: Mapping[str, int], column_of: Sequence[Mapping[int, int]]
) -> Split:
    child = number[fork.reader]
    marks = [
        name if status is CauseStatus.PROVEN else f"{status.value.lower()} {name}"
        for status, name in findings(fork, answer)
    ]
    return Split(
        parent=number[fork.writer],
        child=child,
        column=column_of[child][fork.step],
        cause=", ".join(marks),
        cost="" if fork.seconds_lost is None else f"{fork.seconds_lost:.1f} s",
        values=_values(fork, answer),
        headline=answer.headline if answer else "",
    )


def _values(fork: Fork, answer: Answer | None) -> str:
    """``name of important.txt: ./important.txt → important.txt``."""
    rows = answer.points[0].rows if answer else ()
    cause = fork.causes[0]
    if rows:
        label = "" if rows[0].label == cause.code else f"{shorten(rows[0].label, LABEL_LETTERS)}: "
        return label + _change(rows[0].writer, rows[0].reader)
    return _change(cause.writer, cause.reader) if cause.writer or cause.reader else ""


def _change(writer: str, reader: str) -> str:
    return " → ".join(shorten(value or "none", VALUE_LETTERS) for value in (writer, reader))


# Graphs of a scenario, each once: engines that have the same share one.


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
