"""Who shares with whom: the caches of the newest engines, and every client on every engine."""

from collections.abc import Iterator

from layerfork.builders.clients import CLIENTS
from layerfork.record.run import AGAIN
from layerfork.report.markdown.words import code, escaped
from layerfork.report.views.overview import NO_RESULT, NOT_KNOWN, Edge, Overview
from layerfork.report.views.sentences import counted
from research.currentstate.columns import Column

_NAMED = 5
"""More clients of one cache are counted; the table of all has them."""


def caches(overview: Overview, column: Column) -> Iterator[str]:
    """Each cache of a column: who uses it, who builds it, where it parts from which and why."""
    place = column.engines[0]
    letters = overview.letters_of(place)
    clients = sum(len(members) for members in overview.reports[place].judgement.classes)
    yield f"**{escaped(column.name)}**: {counted(clients, 'client')}, {counted(len(letters), 'cache')}.\n"
    yield "| cache | clients | builder | parts |"
    yield "|---|---|---|---|"
    for letter in letters:
        parts = _parting(overview, place, letter) if letter != letters[0] else ""
        who = f"{_clients(overview, place, letter)} | {_builder(overview, place, letter)}"
        yield f"| **{letter}** | {who} | {parts} |"


def lookup(overview: Overview, columns: tuple[Column, ...]) -> Iterator[str]:
    """A row for each client, by name; clients with one letter in a column use one cache there."""
    titles = {client.id: client.title for client in CLIENTS}
    yield f"| client | what runs | {' | '.join(escaped(each.name) for each in columns)} |"
    yield f"|---|---|{'---|' * len(columns)}"
    rows = {name: row for row in overview.rows for name in row.names}
    for name, row in sorted(rows.items(), key=lambda each: each[0].casefold()):
        runs = escaped(titles.get(name.partition("@")[0], ""))
        cells = (row.cells[each.engines[0]] for each in columns)
        yield f"| {code(name)} | {runs} | {' | '.join(cells)} |"


def _members(overview: Overview, place: int, letter: str) -> tuple[str, ...]:
    rows = (
        row for row in overview.rows if row.cells[place] == letter and letter not in (NO_RESULT, NOT_KNOWN)
    )
    return tuple(client for row in rows for client in row.clients)


def _clients(overview: Overview, place: int, letter: str) -> str:
    """The first of them, without versions, in the order of the run."""
    members = set(_members(overview, place, letter))
    ordered = [build.client for build in overview.reports[place].builds if build.client in members]
    names = tuple(dict.fromkeys(client.partition("@")[0] for client in ordered))
    told = ", ".join(map(code, names[:_NAMED]))
    return f"{told} and {len(names) - _NAMED} more" if len(names) > _NAMED else told


def _builder(overview: Overview, place: int, letter: str) -> str:
    members = _members(overview, place, letter)
    builders = {build.builder: None for build in overview.reports[place].builds if build.client in members}
    return ", ".join(map(escaped, filter(None, builders)))


def _parting(overview: Overview, place: int, letter: str) -> str:
    """Where it left another cache, and why."""
    members = _members(overview, place, letter)
    again = {AGAIN.format(client) for client in members}
    edges = [edge for edge in overview.edges if place in edge.engines]
    told = [_left(edge) for edge in edges if edge.reader == letter and edge.fork.reader not in again]
    own = [edge for edge in edges if edge.fork.reader in again]
    return "; ".join(told) or ("misses its own builds" if own else "")


def _left(edge: Edge) -> str:
    codes = dict.fromkeys(str(cause.code) for cause in edge.fork.causes)
    causes = ", ".join(f"[{each}](causes/{each}.md)" for each in codes) or "no cause found"
    instruction = edge.answer.instruction if edge.answer else edge.fork.instruction
    return f"from {escaped(edge.writer)} at {code(instruction)}: {causes}"
