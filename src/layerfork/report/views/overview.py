"""Runs of one scenario at a glance: the caches, who uses which, and where they part."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import count
from string import ascii_uppercase

from layerfork.record.answer import Answer, Caution, Fork, Verdict, worst
from layerfork.record.record import StepRecord
from layerfork.record.run import AGAIN, RunReport, TrialBuild

# Names of clients folded: versions that lie side by side are one range, ``docker_py-build@1.6-7.2``.

Known = Mapping[str, Mapping[str, str]]
"""Name without version to the clients of that name: id to version, in the order of versions."""


def known_versions(clients: Mapping[str, str]) -> Known:
    """Of all clients of a run, by id with the version that each has (empty when unknown)."""
    found: dict[str, dict[str, str]] = {}
    for client, version in clients.items():
        stem, _, pinned = client.partition("@")
        found.setdefault(stem, {})[client] = pinned or version
    return {
        stem: dict(sorted(versions.items(), key=lambda each: (_numbers(each[1]), "@" in each[0])))
        for stem, versions in found.items()
    }


def fold_clients(members: Sequence[str], known: Known) -> tuple[str, ...]:
    """The clients by name; where all versions from one to another are among them, as a range.

    What is between two ends of a range was in the run and is a member. In the members' order.
    """
    stems = dict.fromkeys(client.partition("@")[0] for client in members)
    return tuple(name for stem in stems for name in _fold_stem(stem, members, known.get(stem, {})))


def _fold_stem(stem: str, members: Sequence[str], versions: Mapping[str, str]) -> Sequence[str]:
    own = [client for client in members if client.partition("@")[0] == stem]
    runs: list[list[str]] = [[]]
    for client in versions:
        if client in own:
            runs[-1].append(client)
        elif runs[-1]:
            runs.append([])
    strangers = [client for client in own if client not in versions]
    return [_range(stem, run, versions) for run in runs if run] + strangers


def _range(stem: str, run: Sequence[str], versions: Mapping[str, str]) -> str:
    first, last = versions[run[0]], versions[run[-1]]
    if first == last:
        return run[0]
    if not (first and last):
        return ", ".join(run)
    low, high = _minor(first), _minor(last)
    return f"{stem}@{first}-{last}" if low == high else f"{stem}@{low}-{high}"


def _minor(version: str) -> str:
    """``1.6`` of ``1.6.3``."""
    return ".".join(version.split(".")[:2])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


# What columns of engines are called: as short as they can be and still differ.


def engine_names(reports: Sequence[RunReport]) -> tuple[str, ...]:
    """One name for each: its version; where two are alike, what else differs; at last a number."""
    parts = [_parts(report) for report in reports]
    names = [own[0] for own in parts]
    for place in range(1, len(parts[0]) if parts else 0):
        alike: dict[str, set[str]] = {}
        for name, own in zip(names, parts, strict=True):
            alike.setdefault(name, set()).add(own[place])
        names = [
            f"{name} {own[place]}".strip() if len(alike[name]) > 1 else name
            for name, own in zip(names, parts, strict=True)
        ]
    counts = Counter(names)
    return tuple(
        f"{name} #{number}" if counts[name] > 1 else name for number, name in enumerate(names, start=1)
    )


def _parts(report: RunReport) -> tuple[str, ...]:
    """What distinguishes engines, the most frequent first."""
    engine, builder = report.engine, report.builder
    if engine is None:
        return ("none", "", "", "", "")
    product = "podman " if engine.kind == "podman" else ""
    plain = re.split(r"[+~]", engine.version, maxsplit=1)[0]
    asked = builder.value if builder else "own builders"
    return (product + plain, engine.image_store, asked, engine.kind, engine.version)


NO_RESULT = "-"
"""Cell of clients that have no result on an engine."""
NOT_KNOWN = "?"
"""Cell of clients whose class is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Clients that share one cache on every engine."""

    letter: str
    clients: tuple[str, ...]
    """Ids, in relay order."""
    names: tuple[str, ...]
    """The same, folded."""
    cells: tuple[str, ...]
    """For each engine the letter of the first row that uses the same cache there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One fork, on all engines where it is the same."""

    writer: str
    """Letter of the cache that was left, or the client's id when it is in none."""
    reader: str
    fork: Fork
    """As it was on the first of the engines."""
    answer: Answer | None
    """To that fork; None when there is none."""
    engines: tuple[int, ...]
    """Places of the columns."""
    seconds_lost: tuple[float, ...]
    """On each of the engines that has times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One scenario on all its engines."""

    scenario: str
    reports: tuple[RunReport, ...]
    """One for each column."""
    engines: tuple[str, ...]
    """What the columns are called."""
    rows: tuple[Row, ...]
    edges: tuple[Edge, ...]
    known: Known

    @property
    def verdict(self) -> Verdict:
        """Of all engines together."""
        return worst(report.judgement.verdict for report in self.reports) or Verdict.ERROR

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended one of the runs."""
        return any(report.interrupted for report in self.reports)

    @property
    def warnings(self) -> tuple[Caution, ...]:
        """Each once, however many engines have it."""
        return tuple(dict.fromkeys(each for report in self.reports for each in report.judgement.warnings))

    @property
    def agree(self) -> bool:
        """Whether every cache holds the same clients on every engine."""
        return all(len(set(row.cells)) == 1 for row in self.rows)

    def number_of(self, letter: str) -> int | None:
        """The place of the row that has a letter; None when no row has it."""
        return next((number for number, row in enumerate(self.rows) if row.letter == letter), None)

    def letters_of(self, column: int) -> tuple[str, ...]:
        """Letters of the classes of one engine, in their order."""
        cells = {client: row.cells[column] for row in self.rows for client in row.clients}
        return tuple(cells[members[0]] for members in self.reports[column].judgement.classes)

    @property
    def caches(self) -> tuple[int, ...]:
        """How many there are on each engine."""
        return tuple(len(report.judgement.classes) for report in self.reports)


def overviews(reports: Sequence[RunReport]) -> tuple[Overview, ...]:
    """One for each scenario, in their order; engines that did not come up are left out."""
    scenarios: dict[str, list[RunReport]] = {}
    for report in reports:
        if report.engine is not None:
            scenarios.setdefault(report.scenario, []).append(report)
    return tuple(_overview(scenario, runs) for scenario, runs in scenarios.items())


def steps_of(report: RunReport, reader: str) -> tuple[StepRecord, ...]:
    """Of a client's build, or of its control."""
    for build in report.builds:
        if build.client == reader:
            return build.steps
        if build.control_record is not None and AGAIN.format(build.client) == reader:
            return build.control_record.steps
    return ()


def answer_to(fork: Fork, forks: Sequence[Fork], answers: Sequence[Answer]) -> Answer | None:
    """The answer to a fork; None where there are no answers."""
    return next((answer for each, answer in zip(forks, answers, strict=False) if each is fork), None)


def letters() -> Iterator[str]:
    """``A`` to ``Z``, then ``A2`` and so on."""
    for turn in count(1):
        yield from (letter if turn == 1 else f"{letter}{turn}" for letter in ascii_uppercase)


def _overview(scenario: str, reports: Sequence[RunReport]) -> Overview:
    places = _places(reports)
    known = known_versions({build.client: build.version for each in reports for build in each.builds})
    groups = _groups(places)
    names = dict(zip(groups, letters(), strict=False))
    caches = [_caches(names, column) for column in range(len(reports))]
    rows = tuple(
        Row(
            letter=names[signature],
            clients=tuple(clients),
            names=fold_clients(clients, known),
            cells=tuple(_cell(place, caches[column]) for column, place in enumerate(signature)),
        )
        for signature, clients in groups.items()
    )
    return Overview(
        scenario=scenario,
        reports=tuple(reports),
        engines=engine_names(reports),
        rows=rows,
        edges=tuple(_edges(reports, rows)),
        known=known,
    )


Signature = tuple[int | str, ...]
"""Where clients are on each engine: the number of a class, or why in none."""


def _places(reports: Sequence[RunReport]) -> Mapping[str, Signature]:
    builds = [{build.client: build for build in report.builds} for report in reports]
    clients = dict.fromkeys(client for each in builds for client in each)
    return {
        client: tuple(_place(each.get(client), report) for each, report in zip(builds, reports, strict=True))
        for client in clients
    }


def _place(build: TrialBuild | None, report: RunReport) -> int | str:
    if build is not None and build.class_index is not None:
        return build.class_index
    return NOT_KNOWN if build and build.client in report.judgement.class_unknown else NO_RESULT


def _groups(places: Mapping[str, Signature]) -> Mapping[Signature, list[str]]:
    """Clients by where they are; those with most results first, then those that came first."""
    groups: dict[Signature, list[str]] = {}
    for client, signature in places.items():
        if any(place != NO_RESULT for place in signature):
            groups.setdefault(signature, []).append(client)
    return dict(sorted(groups.items(), key=lambda each: _order(each[0])))


def _order(signature: Signature) -> tuple[int, int, int]:
    numbers = [place for place in signature if isinstance(place, int)]
    return len(signature) - len(numbers), max(numbers, default=0), -sum(numbers)


def _caches(names: Mapping[Signature, str], column: int) -> Mapping[int | str, str]:
    """Class of one engine to the letter of its first row."""
    found: dict[int | str, str] = {}
    for signature, letter in names.items():
        found.setdefault(signature[column], letter)
    return found


def _cell(place: int | str, caches: Mapping[int | str, str]) -> str:
    return caches[place] if isinstance(place, int) else place


def _edges(reports: Sequence[RunReport], rows: Sequence[Row]) -> Iterator[Edge]:
    row_of = {client: row for row in rows for client in row.clients}
    found: dict[object, list[tuple[int, Fork]]] = {}
    for column, report in enumerate(reports):
        for fork in report.judgement.forks:
            ends = _ends(fork, row_of, column)
            found.setdefault((ends, _likeness(fork)), []).append((column, fork))
    for forks in found.values():
        column, fork = forks[0]
        writer, reader = _ends(fork, row_of, column)
        yield Edge(
            writer=writer,
            reader=reader,
            fork=fork,
            answer=answer_to(fork, reports[column].judgement.forks, reports[column].answers),
            engines=tuple(each for each, _ in forks),
            seconds_lost=tuple(each.seconds_lost for _, each in forks if each.seconds_lost is not None),
        )


def _ends(fork: Fork, row_of: Mapping[str, Row], column: int) -> tuple[str, str]:
    """Letters of the caches of writer and reader; a client that is in none, by its id."""
    cells = [row_of[each].cells[column] if each in row_of else each for each in (fork.writer, fork.reader)]
    return cells[0], cells[1]


def _likeness(fork: Fork) -> tuple[object, ...]:
    """What forks of several engines must share to be shown once."""
    causes = tuple((each.code, each.status, each.path, each.field) for each in fork.causes)
    return fork.step, fork.instruction, fork.platform, fork.miss_kind, causes


# Steps of several builds side by side: which of them stand in one column.


def align(rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[int]]]:
    """Keywords of the columns, and for each row the columns that its steps stand in.

    The columns are those of the longest row, and between them what only others have: a client may add an ARG
    before the first FROM, or a stage at the end.
    """
    numbers = count()
    columns: list[tuple[int, str]] = []
    places: dict[int, list[tuple[int, str]]] = {}
    for row in sorted(range(len(rows)), key=lambda row: -len(rows[row])):
        matcher = SequenceMatcher(None, [name for _, name in columns], rows[row], autojunk=False)
        merged: list[tuple[int, str]] = []
        own = places[row] = []
        for tag, low, high, start, end in matcher.get_opcodes():
            new = [(next(numbers), name) for name in rows[row][start:end]] if tag != "equal" else []
            merged += columns[low:high] + new
            own += new or (columns[low:high] if tag == "equal" else [])
        columns = merged
    order = {column: index for index, column in enumerate(columns)}
    return [name for _, name in columns], [[order[each] for each in places[row]] for row in range(len(rows))]


def keyword(instruction: str) -> str:
    """``COPY`` of ``COPY important.txt /``."""
    first = instruction.split(maxsplit=1)[:1]
    return first[0].upper() if first else "?"
