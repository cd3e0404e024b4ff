"""Lines that set a variable, moved to where that is read: below steps that do not need it, across stages."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from layerfork.diagnose.causes.edits import lines_of
from layerfork.diagnose.causes.scene import Scene
from layerfork.dockerfile import Dockerfile, Instruction, Stage
from layerfork.dockerfile.scope import base_or_written
from layerfork.record.answer import Edit, Fix
from layerfork.record.build import Builder

_READ_UNNAMED = re.compile(
    r"(?i:(?:https?|ftp|no|all)_proxy)|PATH|HOME|SHELL|TERM|TZ|LANG|LC_.*|LD_.*|DEBIAN_FRONTEND"
    r"|CC|CXX|(?:C|CPP|CXX|LD|MAKE|RUST)FLAGS|SOURCE_DATE_EPOCH|BUILDKIT_.*|DOCKER_.*|(?:TARGET|BUILD)(?:OS|ARCH"
    r"|VARIANT|PLATFORM)|(?:PYTHON|PIP|UV|POETRY|NODE|NPM|YARN|PNPM|GO|CGO|CARGO|RUST|JAVA|MAVEN|GRADLE|BUNDLE|GEM)"
    r"_?.*"
)
"""Variables that programs read though no instruction names them: their lines stay where they are."""


_VARIABLE = re.compile(r"\$\{?(\w+)")


def set_where_read(scene: Scene, name: str, keyword: str) -> Fix | None:
    """Move the lines that set a variable to where it is read; None where that does not help or is not
    safe."""
    found = _declared(scene, name, keyword)
    if found is None or _READ_UNNAMED.fullmatch(name) or _is_read(found):
        return None
    above = [each for each in found.above if each.keyword != "LABEL"]
    if above:
        return _put_both_below(found, above)
    return None if found.depends_on_others() else _moved(scene, found)


def is_read(scene: Scene, name: str) -> bool:
    """Whether a step names a build argument, or a variable that a line above it makes of that."""
    if scene.instruction is not None and names_it(scene.instruction, name):
        return True
    found = _declared(scene, name, "ARG")
    return found is not None and _is_read(found)


def _is_read(found: "_Declared") -> bool:
    made = (own for each in found.above if each.keyword in ("ARG", "ENV") for own, _ in each.pairs)
    return any(names_it(found.step, each) for each in (found.name, *made))


def names_it(instruction: Instruction, name: str) -> bool:
    """Whether an instruction or its here-documents hold the name as a word."""
    text = "\n".join((instruction.text, *(each.content for each in instruction.heredocs)))
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    """A variable that a missed step gets, and all that gets it."""

    name: str
    step: Instruction
    setters: tuple[Instruction, ...]
    """The lines that set it for the step, all alike."""
    stages: tuple[Stage, ...]
    """Those that get it: the stage of the first setter, and what is built on that."""
    parents: dict[int, int]
    """Of stages that are built on stages."""

    @property
    def home(self) -> int:
        return self.setters[0].stage

    @property
    def sets_image(self) -> bool:
        """Whether what is moved belongs to the image: every stage that has it now must have it afterwards."""
        return self.setters[0].keyword == "ENV" or bool(self.above)

    @property
    def above(self) -> tuple[Instruction, ...]:
        """Lines above the step that name it: they read it, and the step is built on them."""
        line_up = (self.step.stage, *_ancestors(self.parents, self.step.stage))
        return tuple(
            each
            for stage in self.stages
            if stage.index in line_up
            for each in self.readers(stage)
            if stage.index != self.step.stage or each.first_line < self.step.first_line
        )

    @property
    def block(self) -> tuple[Instruction, ...]:
        """What is moved: a label holds a variable for no step, so it moves along."""
        return (*self.setters, *self.above)

    def readers(self, stage: Stage) -> list[Instruction]:
        """Instructions of a stage that get the variable and name it."""
        return [
            each
            for each in stage.instructions
            if each.first_line > self.setters[0].first_line
            and each not in self.setters
            and names_it(each, self.name)
        ]

    def first_readers(self) -> list[Instruction]:
        """The first of each stage that is built on no other stage that reads it; none of those that move."""
        own = {
            stage.index: rest[0]
            for stage in self.stages
            if (rest := [each for each in self.readers(stage) if each not in self.above])
        }
        return [each for index, each in own.items() if not own.keys() & set(_ancestors(self.parents, index))]

    def depends_on_others(self) -> bool:
        """Whether what is moved is made of variables that are set again below it."""
        used = {each for line in self.block for each in _VARIABLE.findall(line.text)} - {self.name}
        return any(
            own in used
            for stage in self.stages
            for each in stage.instructions
            if each.keyword in ("ARG", "ENV") and each.first_line > self.setters[0].first_line
            for own, _ in each.pairs
        )

    def last_stages(self) -> list[Stage]:
        """Those of the stages that none of the others is built on."""
        bases = {self.parents.get(stage.index) for stage in self.stages}
        return [stage for stage in self.stages if stage.index not in bases]


def _declared(scene: Scene, name: str, keyword: str) -> _Declared | None:
    """None where other lines than such ones, or lines that set more, set it."""
    step, dockerfile = scene.instruction, scene.dockerfile
    if step is None or dockerfile is None or step.keyword != "RUN" or step.stage < 0:
        return None
    parents = _parents(dockerfile, dict(scene.reader.request.build_args))
    inherited = keyword == "ENV" or scene.reader.builder is Builder.BUILDKIT
    line_up = [step.stage, *(_ancestors(parents, step.stage) if inherited else ())]
    setters = [
        each
        for index in reversed(line_up)
        for each in dockerfile.stages[index].instructions
        if _sets(each, name) and (index != step.stage or each.first_line < step.first_line)
    ]
    if not setters or not all(_is_alone(each, keyword, setters[0].text) for each in setters):
        return None
    home = setters[0].stage
    built_on_home = {
        stage.index for stage in dockerfile.stages if inherited and home in _ancestors(parents, stage.index)
    }
    stages = tuple(stage for stage in dockerfile.stages if stage.index in built_on_home | {home})
    return _Declared(name=name, step=step, setters=tuple(setters), stages=stages, parents=parents)


def _sets(instruction: Instruction, name: str) -> bool:
    return instruction.keyword in ("ARG", "ENV") and name in dict(instruction.pairs)


def _is_alone(setter: Instruction, keyword: str, text: str) -> bool:
    """A line of that keyword and text that sets one variable only."""
    return setter.keyword == keyword and setter.text == text and len(setter.pairs) == 1


def _parents(dockerfile: Dockerfile, given: dict[str, str]) -> dict[int, int]:
    bases = (
        (stage.index, dockerfile.find_stage(base_or_written(dockerfile, stage, given), stage.index))
        for stage in dockerfile.stages
    )
    return {index: base.index for index, base in bases if base is not None}


def _ancestors(parents: dict[int, int], stage: int) -> Iterator[int]:
    while stage in parents:
        stage = parents[stage]
        yield stage


def _put_both_below(found: _Declared, readers: Sequence[Instruction]) -> Fix | None:
    """No edit: a step may read what the other lines set, and does not say so."""
    if any(each.keyword not in ("ARG", "ENV") for each in readers):
        return None
    more = f"{_numbers(readers)}, which read{'s' if len(readers) == 1 else ''} it"
    return Fix(sentence=f"put {_said(found.setters)} and {more}, below the steps that need neither")


def _moved(scene: Scene, found: _Declared) -> Fix | None:
    readers = found.first_readers()
    places = [each for each in readers if not _declares(each, found)]
    if found.sets_image and not _is_kept(found, readers):
        return _moved_to_end_of_its_stage(scene, found)
    if not readers:
        last = _end(scene, found)
        end = f"to the end of stage {_named(last)}" if len(found.stages) > 1 else "to the end"
        where = f"{end}, because no step names it"
        return _fix(scene, found, f"move {_said(found.block)} {where}", [_behind(last)])
    if not places:
        declare = f"{_numbers(readers)} {'declares' if len(readers) == 1 else 'declare'}"
        return _fix(scene, found, f"remove {_said(found.block)}: {declare} it where it is read", ())
    first = (
        "which is the first to need" if len(places) == 1 else "which are the first of their stages to need"
    )
    said = f"move {_said(found.block)} above {_numbers(places)}, {first} {found.name}"
    return _fix(scene, found, said, [each.first_line for each in places])


def _moved_to_end_of_its_stage(scene: Scene, found: _Declared) -> Fix | None:
    """Helps the steps of that stage; stages that are built on it keep the variable."""
    stage = found.stages[0]
    if found.step.stage != found.home or any(each not in found.above for each in found.readers(stage)):
        return None
    where = f"to the end of stage {_named(stage)}, because no other step of the stage names it"
    return _fix(scene, found, f"move {_said(found.block)} {where}", [_behind(stage)])


def _is_kept(found: _Declared, readers: Sequence[Instruction]) -> bool:
    """Whether the images that have what is moved have it afterwards: it stays in its stage, or only one stage
    after the other is built on that."""
    return {each.stage for each in readers} == {found.home} or len(found.last_stages()) == 1


def _declares(reader: Instruction, found: _Declared) -> bool:
    """Whether a line sets the variable by itself, to the same or to another value."""
    ((_, default),) = found.setters[0].pairs
    own = dict(reader.pairs) if reader.keyword == "ARG" else {}
    if found.sets_image or found.name not in own:
        return False
    value = own[found.name]
    return default is None if value is None else found.name not in _VARIABLE.findall(value)


def _end(scene: Scene, found: _Declared) -> Stage:
    """The stage at whose end it does no harm: that of the target, else the last one."""
    dockerfile, asked = scene.dockerfile, scene.reader.request.target
    target = dockerfile.find_stage(asked) if dockerfile is not None and asked else None
    last = found.last_stages()
    return next((each for each in last if target is not None and each.index == target.index), last[-1])


def _behind(stage: Stage) -> int:
    """The line below the last one of a stage."""
    return (stage.origin, *stage.instructions)[-1].last_line + 1


def _named(stage: Stage) -> str:
    return stage.name or str(stage.index)


def _fix(scene: Scene, found: _Declared, said: str, lines: Iterable[int]) -> Fix:
    text = tuple(dict.fromkeys(line for each in _once(found.block) for line in lines_of(scene, each)))
    taken = [
        Edit(file=scene.file, line=each.first_line, before=lines_of(scene, each)) for each in found.block
    ]
    put = [Edit(file=scene.file, line=line if line <= len(scene.lines) else 0, after=text) for line in lines]
    return Fix(
        sentence=said,
        edits=(*taken, *put),
        warning=f"a RUN that reads {found.name} from its environment would no longer see it",
    )


def _once(block: Iterable[Instruction]) -> list[Instruction]:
    """One of those that are alike."""
    return list({each.text: each for each in block}.values())


def _said(block: Sequence[Instruction]) -> str:
    """```ARG A` (line 2)``, with the lines that move along."""
    own = [each for each in block if each.text == block[0].text]
    more = [each for each in block if each.text != block[0].text]
    said = f"`{block[0].text}` ({_numbers(own)})"
    return f"{said} and {_numbers(more)}, which read{'s' if len(more) == 1 else ''} it," if more else said


def _numbers(lines: Sequence[Instruction]) -> str:
    numbers = [str(each.first_line) for each in lines]
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    return f"lines {', '.join(numbers[:-1])} and {numbers[-1]}"
