"""Edits of variables and of the texts that use them, for cases of one or several."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from layerfork.record.build import Builder
from layerfork.record.context import EntryType
from research.mutations.change import Change, Edit, Expected, Mutate, copied_from, lines_of
from research.mutations.minimal import label
from research.mutations.reads import visible
from research.mutations.subject import CASE_FILE, Arena, Line, Place, Subject
from research.mutations.variables import (
    ARGUMENTS,
    BASE_NAME,
    SOURCE,
    USER,
    names_in,
    random_text,
    random_value,
)

INSTRUCTION = Expected(code="instruction")
MakeEdit = Callable[[Random, Subject, Arena], Edit | None]
"""Gives None when the subject has nothing that could be edited in this way."""


def argument_cause(name: str) -> Expected:
    return Expected(code="build-arg", names=frozenset({name}))


def given(rng: Random, before: Subject, arena: Arena) -> Edit | None:
    """Another ``--build-arg``, one more or one less."""
    return given_of(rng, before, arena, rng.choice((*ARGUMENTS, SOURCE, USER, BASE_NAME, "VALUE")))


def given_of(rng: Random, before: Subject, arena: Arena, name: str) -> Edit | None:
    """Another value of one argument."""
    old = dict(before.build_args)
    value = _other_value(rng, before, arena, name)
    drop = name in old and (value == old[name] or rng.random() < 0.25)
    if not drop and value == old.get(name):
        return None

    def apply(subject: Subject) -> Subject:
        kept = tuple(each for each in subject.build_args if each[0] != name)
        return replace(subject, build_args=kept if drop else (*kept, (name, value)))

    return Edit(name=f"given {name}", target=f"given {name}", apply=apply, cause=argument_cause(name))


def _other_value(rng: Random, subject: Subject, arena: Arena, name: str) -> str:
    if name == "VALUE":
        return f"{rng.getrandbits(20):x}"
    return random_value(rng, name, copyable(subject, arena))


def copyable(subject: Subject, arena: Arena) -> tuple[str, ...]:
    """Files that a COPY may name."""
    return tuple(
        path
        for path, node in visible(subject, arena).items()
        if node.type is EntryType.FILE
        and subject.node(path) is not None
        and path != CASE_FILE
        and not path.endswith(".log")
        and " " not in path
    )


def undeclared(rng: Random, _before: Subject, _arena: Arena) -> Edit:
    """An argument that no line declares."""
    pair = ("UNKNOWN", f"{rng.getrandbits(20):x}")
    return Edit(
        name="undeclared",
        target="given UNKNOWN",
        apply=lambda subject: replace(subject, build_args=(*subject.build_args, pair)),
        cause=argument_cause("UNKNOWN"),
    )


def proxy(_rng: Random, _before: Subject, _arena: Arena) -> Edit:
    pair = ("HTTP_PROXY", "http://proxy.example")
    return Edit(
        name="proxy",
        target="given HTTP_PROXY",
        apply=lambda subject: replace(subject, build_args=(*subject.build_args, pair)),
        cause=Expected(code="proxy"),
    )


def default(rng: Random, before: Subject, arena: Arena) -> Edit | None:
    """Another default of an ARG, or none at all."""
    lines = lines_of(before, "ARG")
    if not lines:
        return None
    stage, number, line = rng.choice(lines)
    name = line.words[0].partition("=")[0]
    word = _other_default(rng, before, arena, line)
    at_place = {Builder.CLASSIC: (INSTRUCTION,), Builder.BUILDAH: (INSTRUCTION, argument_cause(name))}
    return _line_edit(
        f"default {name}",
        (stage, number),
        replace(line, words=(word,)),
        before,
        cause=argument_cause(name),
        at_place=at_place.get(arena.builder, ()),
    )


def _other_default(rng: Random, subject: Subject, arena: Arena, line: Line) -> str:
    name, has_default, _ = line.words[0].partition("=")
    if has_default and name in ARGUMENTS and rng.random() < 0.3:
        return name
    return f"{name}={_other_value(rng, subject, arena, name)}"


def outer_default(rng: Random, before: Subject, arena: Arena) -> Edit | None:
    """Another default of an ARG before the first FROM."""
    number = rng.randrange(len(before.outer))
    line = before.outer[number]
    name = line.words[0].partition("=")[0]
    word = _other_default(rng, before, arena, line)
    if word == line.words[0]:
        return None

    def apply(subject: Subject) -> Subject:
        outer = (
            *subject.outer[:number],
            replace(subject.outer[number], words=(word,)),
            *subject.outer[number + 1 :],
        )
        return replace(subject, outer=outer)

    return Edit(
        name=f"outer default {name}", target=f"outer {number}", apply=apply, cause=argument_cause(name)
    )


def env(rng: Random, before: Subject, arena: Arena) -> Edit | None:
    """Another value in an ENV line."""
    lines = lines_of(before, "ENV")
    if not lines:
        return None
    stage, number, line = rng.choice(lines)
    position = rng.randrange(len(line.words))
    name = line.words[position].partition("=")[0]
    value = rng.choice((f"{rng.getrandbits(16):x}n", random_text(rng, arena)))
    words = (*line.words[:position], f"{name}={value}", *line.words[position + 1 :])
    return _line_edit(
        f"env {name}",
        (stage, number),
        replace(line, words=words),
        before,
        cause=Expected(code="env", names=frozenset({name})),
        at_place=() if arena.builder is Builder.BUILDKIT else (INSTRUCTION,),
    )


def label_text(rng: Random, before: Subject, arena: Arena) -> Edit | None:
    """Another value in a LABEL line."""
    lines = lines_of(before, "LABEL")
    if not lines:
        return None
    stage, number, line = rng.choice(lines)
    name = line.words[0].partition("=")[0]
    value = rng.choice((f"{rng.getrandbits(16):x}n", random_text(rng, arena)))
    after = replace(line, words=(f"{name}={value}",))
    return _line_edit("label", (stage, number), after, before, at_place=(Expected(code="label"),))


def case(rng: Random, before: Subject, _arena: Arena) -> Edit | None:
    """A keyword in small letters: buildah compares these lines as they are written."""
    lines = lines_of(before, "LABEL", "ENV", "WORKDIR")
    if not lines:
        return None
    stage, number, line = rng.choice(lines)
    after = replace(line, keyword=line.keyword.lower())
    cause = Expected(code="label") if line.keyword == "LABEL" else INSTRUCTION
    return _line_edit("case", (stage, number), after, before, at_place=(cause,))


def destination(rng: Random, before: Subject, _arena: Arena) -> Edit | None:
    """Another destination of a COPY or ADD that no other stage reads."""
    taken = copied_from(before)
    lines = [each for each in lines_of(before, "COPY", "ADD") if each[2].words[-1] not in taken]
    if not lines:
        return None
    stage, number, line = rng.choice(lines)
    words = (*line.words[:-1], f"/other{rng.getrandbits(20):x}{line.words[-1]}")
    after = replace(line, words=words)
    return _line_edit("destination", (stage, number), after, before, at_place=(INSTRUCTION,))


def _line_edit(
    name: str,
    place: Place,
    line: Line,
    before: Subject,
    *,
    at_place: tuple[Expected, ...],
    cause: Expected | None = None,
) -> Edit | None:
    stage, number = place
    if line == before.stages[stage].lines[number]:
        return None
    return Edit(
        name=f"{name} {stage}/{number}",
        target=f"line {stage}/{number}",
        apply=lambda subject: subject.with_line(stage, number, line),
        cause=cause,
        place=place,
        at_place=at_place,
    )


TRIES = 5
"""Draws of several edits of which one is kept."""
EDITS: tuple[MakeEdit, ...] = (
    given,
    given,
    given,
    default,
    outer_default,
    env,
    label_text,
    destination,
    case,
    undeclared,
    proxy,
)


def alone(make: MakeEdit) -> Mutate:
    """The mutation that makes one such edit."""

    def mutate(rng: Random, before: Subject, arena: Arena) -> Change | None:
        edit = make(rng, before, arena)
        return None if edit is None else label(before, (edit,), arena)

    mutate.__name__ = make.__name__
    return mutate


def several(rng: Random, before: Subject, arena: Arena) -> Change | None:
    """Two to four edits that are labelled together: of a few draws the one that asks most."""
    drawn = [_drawn(rng, before, arena) for _ in range(TRIES)]
    found = [each for each in drawn if each is not None]
    return max(found, key=_difficulty, default=None)


def _drawn(rng: Random, before: Subject, arena: Arena) -> Change | None:
    edits = _of_one_text(rng, before, arena) if rng.random() < 0.6 else []
    edits += [rng.choice(EDITS)(rng, before, arena) for _ in range(rng.randint(1, 4))]
    chosen: dict[str, Edit] = {}
    for edit in edits:
        if edit is not None:
            chosen.setdefault(edit.target, edit)
    return label(before, tuple(chosen.values())[:4], arena) if len(chosen) > 1 else None


def _difficulty(change: Change) -> tuple[bool, bool, bool]:
    """A choice of sets, then several edits that all are needed, then some that are not."""
    sets = [step.allowed for step in change.steps]
    joint = any(len(names) > 1 for allowed in sets for names in allowed)
    return any(len(allowed) > 1 for allowed in sets), joint, change.partial


def _of_one_text(rng: Random, before: Subject, arena: Arena) -> list[Edit | None]:
    """Other values of all arguments that some line with several names."""
    lines = (line for stage in before.stages for line in stage.lines)
    texts = [names for line in lines if len(names := names_in(line)) > 1]
    if not texts:
        return []
    settable = (*ARGUMENTS, SOURCE, USER, BASE_NAME)
    return [given_of(rng, before, arena, name) for name in rng.choice(texts) if name in settable]


EDIT_MUTATIONS: tuple[Mutate, ...] = tuple(alone(make) for make in dict.fromkeys(EDITS))
