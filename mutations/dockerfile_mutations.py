"""Mutations of the Dockerfile's text and of what is asked for with it."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from layerfork.model.build import Builder
from mutations.change import (
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
from mutations.generate import random_data
from mutations.reads import live_stages
from mutations.subject import CASE_FILE, Arena, Line, Subject

INSTRUCTION = Expected(code="instruction")


def other_comment(rng: Random, before: Subject, arena: Arena) -> Change | None:
    return change("comment", before, replace(before, comment=f"another {rng.getrandbits(20):x}"), arena)


def other_env(rng: Random, before: Subject, arena: Arena) -> Change | None:
    lines = lines_of(before, "ENV")
    if not lines:
        return None
    stage, number, line = rng.choice(lines)
    after = before.with_line(stage, number, replace(line, words=(f"NAME={rng.getrandbits(16):x}n",)))
    cause = INSTRUCTION if is_live(before, arena, stage) else None
    if arena.builder is Builder.BUILDKIT:
        cause = Expected(code="env") if _reads_name(before, arena, stage, number) else None
    return change("env", before, after, arena, cause)


def _reads_name(subject: Subject, arena: Arena, stage: int, number: int) -> bool:
    """Whether a RUN, or text with the variable, comes before it is set again."""
    names = {subject.stages[stage].name}
    lines = list(subject.stages[stage].lines[number + 1 :]) if is_live(subject, arena, stage) else []
    if _used(lines):
        return True
    if any(line.keyword == "ENV" for line in subject.stages[stage].lines[number + 1 :]):
        return False
    for index, other in enumerate(subject.stages):
        if other.base not in names:
            continue
        if is_live(subject, arena, index) and _used(list(other.lines)):
            return True
        if not any(line.keyword == "ENV" for line in other.lines):
            names.add(other.name)
    return False


def _used(lines: list[Line]) -> bool:
    for line in lines:
        if line.keyword == "ENV":
            return False
        if line.keyword == "RUN" or any("$NAME" in word for word in line.words):
            return True
    return False


def other_label_line(rng: Random, before: Subject, arena: Arena) -> Change | None:
    lines = lines_of(before, "LABEL")
    if not lines:
        return None
    stage, number, line = rng.choice(lines)
    after = before.with_line(stage, number, replace(line, words=(f"note={rng.getrandbits(16):x}n",)))
    counts = is_live(before, arena, stage) and arena.builder is not Builder.BUILDKIT
    return change("label-line", before, after, arena, Expected(code="label") if counts else None)


def other_destination(rng: Random, before: Subject, arena: Arena) -> Change | None:
    taken = copied_from(before)
    lines = [each for each in lines_of(before, "COPY", "ADD") if each[2].words[-1] not in taken]
    if not lines:
        return None
    stage, number, line = rng.choice(lines)
    words = (*line.words[:-1], f"/other{rng.getrandbits(20):x}{line.words[-1]}")
    after = before.with_line(stage, number, replace(line, words=words))
    return change("destination", before, after, arena, INSTRUCTION if is_live(before, arena, stage) else None)


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


def _harmless(name: str, keywords: tuple[str, ...], edit: Callable[[Line], Line]) -> Mutate:
    """A mutation of one line's text that means the same."""

    def mutate(rng: Random, before: Subject, arena: Arena) -> Change | None:
        lines = [
            each for each in lines_of(before, *keywords) if not each[2].heredoc and edit(each[2]) != each[2]
        ]
        if not lines:
            return None
        stage, number, line = rng.choice(lines)
        return change(name, before, before.with_line(stage, number, edit(line)), arena)

    return mutate


def _as_json(line: Line) -> Line:
    return line if any(" " in word for word in line.words) else replace(line, as_json=not line.as_json)


def other_default(rng: Random, before: Subject, arena: Arena) -> Change | None:
    lines = lines_of(before, "ARG")
    if not lines:
        return None
    stage, number, line = rng.choice(lines)
    after = before.with_line(stage, number, replace(line, words=(f"VALUE={rng.getrandbits(20):x}",)))
    cause: Expected | None = INSTRUCTION if is_live(before, arena, stage) else None
    if arena.builder is not Builder.CLASSIC and cause:
        # It is the value that counts there, and a given one wins.
        cause = None if dict(before.build_args).get("VALUE") else Expected(code="build-arg")
    return change("arg-default", before, after, arena, cause)


def other_argument(rng: Random, before: Subject, arena: Arena) -> Change | None:
    after = replace(before, build_args=(("VALUE", f"{rng.getrandbits(20):x}"),))
    declared = any(is_live(before, arena, stage) for stage, _, _ in lines_of(before, "ARG"))
    return change("build-arg", before, after, arena, Expected(code="build-arg") if declared else None)


def undeclared_argument(rng: Random, before: Subject, arena: Arena) -> Change | None:
    after = replace(before, build_args=(*before.build_args, ("UNKNOWN", f"{rng.getrandbits(20):x}")))
    return change("undeclared-arg", before, after, arena)


def proxy(_rng: Random, before: Subject, arena: Arena) -> Change | None:
    after = replace(before, build_args=(*before.build_args, ("HTTP_PROXY", "http://proxy.example")))
    runs = any(is_live(before, arena, stage) for stage, _, _ in lines_of(before, "RUN"))
    declared = [stage for stage, _, _ in lines_of(before, "ARG") if is_live(before, arena, stage)]
    counts = arena.builder is Builder.CLASSIC and runs and not declared
    if arena.builder is Builder.BUILDAH:
        counts = bool(declared)  # every ARG lists the names of proxies that are given
    return change("proxy", before, after, arena, Expected(code="proxy") if counts else None)


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
    other_comment,
    other_env,
    other_label_line,
    other_destination,
    other_heredoc,
    appended_line,
    removed_line,
    swapped_lines,
    other_default,
    other_argument,
    undeclared_argument,
    proxy,
    request_label,
    other_network,
    other_target_stage,
    _harmless("blanks", ("COPY", "ADD"), lambda line: replace(line, gap="  ")),
    _harmless("case", ("COPY", "ENV", "LABEL"), lambda line: replace(line, keyword=line.keyword.lower())),
    _harmless("json-form", ("COPY",), _as_json),
)
