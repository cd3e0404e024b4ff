"""Where the cache forks, why, and what to do: each finding once, with its threads."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from currentstate.threads import note_of_cause, note_of_reason, threads_of_cause, told
from layerfork.model.judgement import CauseStatus
from layerfork.model.record import BuildOutcome
from layerfork.reporters.markdown.text import code, escaped, prose
from layerfork.reporters.overview.missing import missing_of
from layerfork.reporters.overview.overview import Edge, Overview
from layerfork.reporters.overview.words import cost_of, findings, where

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
        raise ValueError(f"nobody answered the fork of {first.fork.reader}")
    yield f"### {code(answer.instruction)}: {_causes(codes)}\n"
    yield f"{prose(answer.culprit[:1].upper() + answer.culprit[1:])}.\n"
    for edge in _merged(edges):
        cost = f", which cost {escaped(cost_of(edge))}" if edge.seconds_lost else ""
        yield f"- **{edge.writer} and {edge.reader}** part {escaped(where(edge, overview))}{cost}."
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
        engines = dict.fromkeys(overview.engines[column] for edge in edges for column in edge.engines)
        answer = edges[0].answer
        instruction = answer.instruction if answer else edges[0].fork.instruction
        yield (
            f"- {code(client)} on {', '.join(map(escaped, engines))} misses {code(instruction)}: "
            f"{_causes(codes)}, {_status(edges[0])}. {told(note_of_cause(client, codes))}"
        )


def without_result(overview: Overview) -> Iterator[str]:
    """Rows of a table: who, where, how it ended and why."""
    yield "| clients | engines | outcome | reason |"
    yield "|---|---|---|---|"
    for each in missing_of(overview):
        names, engines = ", ".join(map(code, each.names)), ", ".join(map(escaped, each.engines)) or "all"
        reason = code(each.reason)
        if each.outcome != BuildOutcome.UNSUPPORTED:
            reason += f" {told(note_of_reason(each.names, each.reason))}"
        yield f"| {names} | {engines} | {each.outcome} | {reason} |"


def _codes(edge: Edge) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(cause.code) for cause in edge.fork.causes))


def _causes(codes: Sequence[str]) -> str:
    return ", ".join(f"[{each}](causes/{each}.md)" for each in codes) or "no cause found"


def _status(edge: Edge) -> str:
    statuses = dict.fromkeys(status for status, _ in findings(edge.fork, edge.answer))
    return ", ".join(status.value for status in statuses) or CauseStatus.UNEXPLAINED.value
