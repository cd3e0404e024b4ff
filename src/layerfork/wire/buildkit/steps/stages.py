"""Where a Dockerfile's instructions and stages lie: just enough to place BuildKit's vertices.

Source: moby/buildkit frontend/dockerfile/parser/parser.go (directives, continuation, heredocs),
frontend/dockerfile/dockerfile2llb/convert.go (which instructions are numbered) @ 73ed6825c.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_DIRECTIVE = re.compile(r"#\s*([A-Za-z][\w-]*)\s*=\s*(.+?)\s*")
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)
_HEREDOC = re.compile(r"<<(?P<dash>-?)(?P<quote>['\"]?)(?P<word>[A-Za-z_]\w*)(?P=quote)")
_NAMELESS = re.compile(r"stage-(\d{1,6})")
_MAX_STAGES = 1000
_WITH_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
_NUMBERED = frozenset({"ADD", "COPY", "RUN", "WORKDIR"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One FROM and what follows it."""

    line: int
    """Of its FROM, from 1."""
    name: str
    """As in ``AS name``; ``stage-N`` when it has none, as vertices call it."""
    numbered: tuple[int, ...]
    """Lines of the instructions that ``[stage n/m]`` counts, the first is n = 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The stages of one Dockerfile, in order."""

    stages: tuple[Stage, ...] = ()

    def at_line(self, line: int) -> int | None:
        """Index of the stage that a line belongs to: the first for what stands before it; None when
        the lines are not known."""
        if not line or not self.stages or not self.stages[0].line:
            return None
        return max(0, bisect_right([stage.line for stage in self.stages], line) - 1)

    def starting_at(self, line: int) -> int | None:
        """Index of the stage whose FROM is on a line."""
        return next((index for index, stage in enumerate(self.stages) if stage.line == line), None)

    def named(self, name: str) -> int | None:
        """Index of the stage that a vertex calls ``name``; an empty name is the only stage."""
        if not name:
            return 0 if len(self.stages) <= 1 else None
        lowered = name.lower()
        found = [index for index, stage in enumerate(self.stages) if stage.name.lower() == lowered]
        return found[-1] if found else None

    def line_of(self, index: int, number: int) -> int:
        """Line of the instruction that a vertex of stage ``index`` calls ``number``; 0 when there is none."""
        numbered = self.stages[index].numbered if index < len(self.stages) else ()
        return numbered[number - 1] if 0 < number <= len(numbered) else 0


def find_stages(dockerfile: str) -> Stages:
    """The stages of a Dockerfile's text. Text that is no Dockerfile has none."""
    stages: list[Stage] = []
    names: set[str] = set()
    for line, instruction in _instructions(dockerfile):
        keyword = instruction.split(None, 1)[0].upper()
        match = _FROM.match(instruction) if keyword == "FROM" else None
        if match is not None:
            base = match["base"].lower()
            counted = base != "scratch" and base not in names
            name = match["name"] or f"stage-{len(stages)}"
            names.add(name.lower())
            stages.append(Stage(line=line, name=name, numbered=(line,) if counted else ()))
        elif stages and keyword in _NUMBERED:
            last = stages[-1]
            stages[-1] = Stage(line=last.line, name=last.name, numbered=(*last.numbered, line))
    return Stages(stages=tuple(stages))


def guess_stages(names: Iterable[str]) -> Stages:
    """Stages from the names that vertices give them, for builds whose Dockerfile was not seen.

    ``stage-N`` is the stage N; the others take the places that are left, in order of appearance.
    """
    seen = list(dict.fromkeys(names))
    places: dict[int, str] = {}
    for name in seen:
        match = _NAMELESS.fullmatch(name)
        if match is not None:
            places[min(int(match[1]), _MAX_STAGES)] = name
    free = (place for place in range(_MAX_STAGES + len(seen) + 1) if place not in places)
    for name in seen:
        if name not in places.values():
            places[next(free)] = name
    last = max(places, default=-1)
    return Stages(
        stages=tuple(Stage(line=0, name=places.get(place, ""), numbered=()) for place in range(last + 1))
    )


def _instructions(dockerfile: str) -> Iterator[tuple[int, str]]:
    """First line and text of each instruction; a heredoc's body is left out."""
    lines = dockerfile.splitlines()
    escape = _escape(lines)
    at = 0
    while at < len(lines):
        start, instruction = at + 1, ""
        while at < len(lines):
            line = lines[at].strip()
            at += 1
            if line.startswith("#") or not line:
                if not instruction:
                    break
                continue
            continued = line.endswith(escape)
            instruction += line.removesuffix(escape) if continued else line
            if not continued:
                break
        if not instruction.strip():
            continue
        yield start, instruction
        if instruction.split(None, 1)[0].upper() in _WITH_HEREDOCS:
            at = _after_heredocs(instruction, lines, at)


def _after_heredocs(instruction: str, lines: list[str], at: int) -> int:
    for heredoc in _HEREDOC.finditer(instruction):
        while at < len(lines):
            line = lines[at].lstrip("\t") if heredoc["dash"] else lines[at]
            at += 1
            if line == heredoc["word"]:
                break
    return at


def _escape(lines: list[str]) -> str:
    for line in lines:
        directive = _DIRECTIVE.fullmatch(line.strip())
        if directive is None:
            break
        if directive[1].lower() == "escape":
            return directive[2]
    return "\\"
