"""Where the cache forks, why, and what to do: each finding once, with its threads."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from layerfork.record.answer import CauseStatus
from layerfork.record.record import BuildOutcome
from layerfork.report.markdown.words import code, escaped, prose
from layerfork.report.views.overview import Edge, Overview
from layerfork.report.views.sentences import cost_of, findings
from layerfork.report.views.sentvalues import Missing, missing_of
from research.currentstate.columns import named
from research.currentstate.threads import known_of, note_of_cause, note_of_reason, threads_of_cause

AGAIN = " again"


def forks(overview: Overview) -> Iterator[str]:
    """Forks between clients."""
    groups: dict[tuple[int, tuple[str, ...]], list[Edge]] = {}
    for edge in overview.edges:
        if not edge.fork.reader.endswith(AGAIN):
            groups.setdefault((edge.fork.step, _codes(edge)), []).append(edge)
    for (_, codes), edges in groups.items():
        yield from _fork(overview, edges, codes)


def _fork(overview: Overview, edges: Sequence[Edge], codes: tuple[str, ...]) -> Iterator[str]:
    first = edges[0]
    answer = first.answer
    if answer is None:
        raise ValueError(f"there is no answer for the fork of {first.fork.reader}")
    yield f"### {code(answer.instruction)}: {_causes(codes)}\n"
    yield f"{prose(answer.culprit[:1].upper() + answer.culprit[1:])}.\n"
    for edge in _merged(edges):
        cost = f", which cost {escaped(cost_of(edge))}" if edge.seconds_lost else ""
        pair = f"{code(edge.fork.writer)} and {code(edge.fork.reader)}"
        where = escaped(named(overview, edge.engines))
        yield f"- **{edge.writer} and {edge.reader}**, such as {pair}, part on {where}{cost}."
    yield f"- How sure: {_status(first)}."
    yield f"- What to do: {prose(answer.fix.sentence)}."
    yield f"- Upstream: {', '.join(filter(None, map(threads_of_cause, codes))) or 'no thread was found'}."
    yield ""


def _merged(edges: Sequence[Edge]) -> Iterator[Edge]:
    """Edges between the same two caches are one, however the engines spell the base image."""
    groups: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        groups.setdefault((edge.writer, edge.reader), []).append(edge)
    for alike in groups.values():
        engines = sorted({column for edge in alike for column in edge.engines})
        seconds = tuple(each for edge in alike for each in edge.seconds_lost)
        yield replace(alike[0], engines=tuple(engines), seconds_lost=seconds)


def own_misses(overview: Overview) -> Iterator[str]:
    """Clients whose second build missed what their first had stored."""
    groups: dict[tuple[str, tuple[str, ...]], list[Edge]] = {}
    for edge in overview.edges:
        if edge.fork.reader.endswith(AGAIN):
            client = edge.fork.reader.removesuffix(AGAIN)
            groups.setdefault((client, _codes(edge)), []).append(edge)
    for (client, codes), edges in groups.items():
        engines = named(overview, sorted({column for edge in edges for column in edge.engines}))
        answer = edges[0].answer
        instruction = answer.instruction if answer else edges[0].fork.instruction
        yield (
            f"- {code(client)} on {escaped(engines)} misses {code(instruction)}: "
            f"{_causes(codes)}, {_status(edges[0])}. {known_of(note_of_cause(client, codes))}"
        )
    yield from _unexplained(overview)


def _unexplained(overview: Overview) -> Iterator[str]:
    """Second builds that missed a step, where no fork says why."""
    found: dict[str, list[int]] = {}
    for place, report in enumerate(overview.reports):
        explained = {fork.reader for fork in report.judgement.forks}
        for build in report.builds:
            if build.control == "miss" and build.client + AGAIN not in explained:
                found.setdefault(build.client, []).append(place)
    for client, places in found.items():
        yield (
            f"- {code(client)} on {escaped(named(overview, places))}: its second build missed a step, and "
            f"no fork of the two builds says why. {known_of(note_of_cause(client, ()))}"
        )


def without_result(overview: Overview) -> Iterator[str]:
    """Builds that came to nothing, with who speaks of it; then who cannot build where."""
    found = missing_of(overview)
    yield "| clients | engines | outcome | reason |"
    yield "|---|---|---|---|"
    for each in found:
        if each.outcome != BuildOutcome.UNSUPPORTED:
            reason = f"{code(each.reason)} {known_of(note_of_reason(each.names, each.reason))}"
            yield f"| {_names(each)} | {_places(overview, each)} | {each.outcome} | {reason} |"
    yield "\nWhat a client cannot do there was not tried:\n"
    for each in found:
        if each.outcome == BuildOutcome.UNSUPPORTED:
            yield f"- {_names(each)} on {_places(overview, each)}: {prose(each.reason)}."


def _names(each: Missing) -> str:
    return ", ".join(map(code, each.names))


def _places(overview: Overview, each: Missing) -> str:
    places = [overview.engines.index(name) for name in each.engines] or range(len(overview.engines))
    return escaped(named(overview, places))


def _codes(edge: Edge) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(cause.code) for cause in edge.fork.causes))


def _causes(codes: Sequence[str]) -> str:
    return ", ".join(f"[{each}](causes/{each}.md)" for each in codes) or "no cause found"


def _status(edge: Edge) -> str:
    statuses = dict.fromkeys(status for status, _ in findings(edge.fork, edge.answer))
    return ", ".join(status.value for status in statuses) or CauseStatus.UNEXPLAINED.value
