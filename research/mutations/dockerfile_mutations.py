"""Mutations of the Dockerfile's text and of what is asked for with it."""

from dataclasses import replace
from random import Random

from layerfork.record.build import Builder
from research.mutations.change import (
    Change,
    Expected,
    Mutate,
    change,
    copied_from,
    following,
    is_live,
    is_step,
    lines_of,
)
from research.mutations.generate import random_data
from research.mutations.reads import live_stages
from research.mutations.subject import CASE_FILE, Arena, Line, Subject

INSTRUCTION = Expected(code="instruction")


def other_heredoc(rng: Random, before: Subject, arena: Arena) -> Change | None:
    lines = [each for each in lines_of(before, "COPY") if each[2].heredoc]
    if not lines:
        return None
    stage, number, line = rng.choice(lines)
    after = before.with_line(stage, number, replace(line, heredoc=random_data(rng).decode()))
    return change("heredoc", before, after, arena, INSTRUCTION if is_live(before, arena, stage) else None)


def appended_line(rng: Random, before: Subject, arena: Arena) -> Change | None:
    stage = rng.randrange(len(before.stages))
    line = rng.choice(
        (
            Line(keyword="COPY", words=(CASE_FILE, f"/appended{rng.getrandbits(20):x}")),
            Line(keyword="WORKDIR", words=(f"/appended{rng.getrandbits(20):x}",)),
            Line(keyword="EXPOSE", words=(str(rng.randint(60001, 65000)),)),
        )
    )
    number = len(before.stages[stage].lines) - 1
    last = before.stages[stage].lines[number]
    after = before.with_line(stage, number, last, line)
    counts = is_live(before, arena, stage) and is_step(line, arena)
    return change("appended-line", before, after, arena, INSTRUCTION if counts else None)


def removed_line(rng: Random, before: Subject, arena: Arena) -> Change | None:
    taken = copied_from(before)
    lines = [
        each
        for each in lines_of(before, "COPY", "ADD", "WORKDIR", "EXPOSE")
        if each[2].words[-1] not in taken
    ]
    if not lines:
        return None
    stage, number, line = rng.choice(lines)
    after = before.with_line(stage, number)
    missed = any(is_step(other, arena) for other in following(before, arena, stage, number))
    counts = missed and is_step(line, arena)
    return change("removed-line", before, after, arena, INSTRUCTION if counts else None)


def swapped_lines(rng: Random, before: Subject, arena: Arena) -> Change | None:
    pairs = [
        (stage, number)
        for stage, number, line in lines_of(before, "COPY", "ADD")
        if number > 1
        and before.stages[stage].lines[number - 1].copies
        and line.render() != before.stages[stage].lines[number - 1].render()
    ]
    if not pairs:
        return None
    stage, number = rng.choice(pairs)
    first, second = before.stages[stage].lines[number - 1 : number + 1]
    after = before.with_line(stage, number, first).with_line(stage, number - 1, second)
    counts = is_live(before, arena, stage)
    return change(
        "swapped-lines", before, after, arena, Expected(code="instruction-order") if counts else None
    )


def request_label(rng: Random, before: Subject, arena: Arena) -> Change | None:
    after = replace(before, labels=((f"label{rng.getrandbits(20):x}", "1"),))
    counts = arena.builder is not Builder.BUILDKIT
    return change("request-label", before, after, arena, Expected(code="label") if counts else None)


def other_network(_rng: Random, before: Subject, arena: Arena) -> Change | None:
    after = replace(before, network="" if before.network else "none")
    runs = any(is_live(before, arena, stage) for stage, _, _ in lines_of(before, "RUN"))
    counts = arena.builder is Builder.BUILDKIT and runs
    return change("network", before, after, arena, Expected(code="network") if counts else None)


def other_target_stage(rng: Random, before: Subject, arena: Arena) -> Change | None:
    """Building less asks for nothing that was not built."""
    if len(before.stages) < 2:
        return None
    names = [stage.name for stage in live_stages(before, arena.builder)[:-1]]
    return change("target", before, replace(before, target=rng.choice(names)), arena) if names else None


DOCKERFILE_MUTATIONS: tuple[Mutate, ...] = (
    other_heredoc,
    appended_line,
    removed_line,
    swapped_lines,
    request_label,
    other_network,
    other_target_stage,
)
