"""Dockerfiles that can be read, but that BuildKit's frontend refuses as a whole.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:{toDispatchState,toCommand,addState,
dispatchCopy,validateCircularDependency} @ v0.11.6 to v0.32.2; distribution/reference regexp.go @ v0.5.0.
"""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from layerfork.dockerfile.definition.evaluate import EMPTY_PLATFORM, Evaluated
from layerfork.dockerfile.instruction import Dockerfile, Instruction, Stage, stage_number
from layerfork.dockerfile.scope import SCRATCH
from layerfork.releases import FrontendRules

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_LABEL = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"{_COMPONENT}(?:/{_COMPONENT})*(?::\w[\w.-]{{0,127}})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


def refusal(
    dockerfile: Dockerfile, evaluated: Mapping[int, Evaluated], needed: Set[int], rules: FrontendRules
) -> str:
    """Why the frontend refuses a Dockerfile, and on which line; empty where no reason is known.

    ``needed``: stages that are built. BuildKit reads all others as well, but expands no line of them.
    """
    refusals = _Refusals(dockerfile=dockerfile, evaluated=evaluated, needed=needed, rules=rules)
    return next((f"line {line}, which BuildKit refuses: {why}" for line, why in refusals.found()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusals:
    dockerfile: Dockerfile
    evaluated: Mapping[int, Evaluated]
    needed: Set[int]
    rules: FrontendRules

    def found(self) -> Iterator[tuple[int, str]]:
        """Lines and reasons."""
        for stage in self.dockerfile.stages:
            for instruction in (stage.origin, *stage.instructions):
                reasons = self._of_instruction(stage, instruction)
                yield from ((instruction.first_line, why) for why in reasons if why)

    def _of_instruction(self, stage: Stage, instruction: Instruction) -> Iterator[str]:
        evaluated = self.evaluated[instruction.first_line]
        if instruction is stage.origin:
            yield evaluated.problem if evaluated.problem == EMPTY_PLATFORM else ""
            yield self._base(stage, evaluated.base)
        for name, _ in instruction.flags:
            if (instruction.keyword, name) in self.rules.refused_flags:
                yield f"--{name} of {instruction.keyword}"
        for name in instruction.reads_from:
            yield self._read(stage, instruction, name)
        if stage.index in self.needed:
            yield evaluated.problem
            for trigger in evaluated.triggers:
                yield trigger.problem
                yield from (self._triggered(stage, name) for name in trigger.instruction.reads_from)

    def _base(self, stage: Stage, base: str) -> str:
        earlier = {each.name for each in self.dockerfile.stages[: stage.index]}
        return "" if base in earlier - {""} else _image(base)

    def _read(self, stage: Stage, instruction: Instruction, name: str) -> str:
        """What is wrong with a stage or an image that an instruction reads. A number in a mount is the name
        of an image, which is not modelled; so are variables."""
        number = stage_number(name)
        if "$" in name or (number is not None and instruction.keyword != "COPY"):
            return ""
        found = self.dockerfile.find_stage(name)
        if found is not None:
            return self._order(stage, found)
        return _image(name) if number is None else "a stage that is not there"

    def _order(self, stage: Stage, read: Stage) -> str:
        """A stage of several with one name is the last, also where it stands below."""
        if read.index == stage.index:
            return "a stage that reads itself"
        is_below = read.index > stage.index and stage.index in self.needed
        return "a stage that stands below" if is_below else ""

    def _triggered(self, stage: Stage, name: str) -> str:
        if self.rules.trigger_sources:
            return ""
        read = self.dockerfile.find_stage(name)
        is_built = read is not None and read.index < stage.index and read.index in self._built_anyway()
        return "" if is_built else f"{name}, which an ONBUILD reads and nothing else"

    def _built_anyway(self) -> Set[int]:
        """Stages that are needed and do not only serve triggers."""
        found: set[int] = set()
        waiting = [max(self.needed)]
        while waiting:
            index = waiting.pop()
            if index in found:
                continue
            found.add(index)
            stage = self.dockerfile.stages[index]
            base = self.dockerfile.find_base(self.evaluated[stage.origin.first_line].base, before=index)
            names = (name for each in stage.instructions for name in each.reads_from)
            read = (self.dockerfile.find_stage(name, before=index) for name in names)
            waiting += [each.index for each in (base, *read) if each is not None]
        return found


def _image(name: str) -> str:
    """What is wrong with the name of an image."""
    if not name:
        return "an empty name of an image"
    if name == SCRATCH:
        return ""
    host, slash, rest = name.partition("/")
    is_host = slash and ("." in host or ":" in host or host == "localhost" or host != host.lower())
    named = rest if is_host else name
    if is_host and not re.fullmatch(_HOST, host, re.ASCII):
        return f"{name}, which names no image"
    is_good = bool(_REFERENCE.fullmatch(named)) and not _IDENTIFIER.fullmatch(name)
    return "" if is_good else f"{name}, which names no image"
