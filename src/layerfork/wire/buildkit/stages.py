"""Where the stages of a Dockerfile lie, and which of their instructions BuildKit counts.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go (cmdTotal, addState, stageName)
@ v0.8.3 to 73ed6825c.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from layerfork.dockerfile import BadSubstitutionError, Dockerfile, parse_dockerfile
from layerfork.dockerfile.gotext import lower
from layerfork.dockerfile.scope import SCRATCH, base_of
from layerfork.errors import UsageError
from layerfork.record.record import Gap
from layerfork.releases import grammar_of_buildkit

_NAMELESS = re.compile(r"stage-(\d{1,6})", re.ASCII)
_MAX_STAGES = 1000
_NUMBERED = frozenset({"ADD", "COPY", "RUN", "WORKDIR"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedStage:
    """One FROM and what follows it."""

    line: int
    """Of its FROM, from 1."""
    name: str
    """As in ``AS name``; ``stage-N`` when it has none, as vertices call it."""
    numbered: tuple[int, ...]
    """Lines of the instructions that ``[stage n/m]`` counts, the first is n = 1."""
    begins_with: int | None = None
    """Index of the stage that its FROM names; None when that is an image, or not known."""


@dataclass(frozen=True, kw_only=True)
class Stages:
    """The stages of one Dockerfile, in order."""

    stages: tuple[CountedStage, ...] = ()

    @cached_property
    def _lines(self) -> list[int]:
        return [stage.line for stage in self.stages]

    @cached_property
    def _starts(self) -> dict[int, int]:
        """The first stage whose FROM is on a line."""
        return {stage.line: index for index, stage in reversed([*enumerate(self.stages)])}

    @cached_property
    def _called(self) -> dict[str, list[int]]:
        """The stages that have a name."""
        found: dict[str, list[int]] = {}
        for index, stage in enumerate(self.stages):
            found.setdefault(stage.name, []).append(index)
        return found

    @property
    def have_lines(self) -> bool:
        return bool(self.stages) and self.stages[0].line > 0

    def at_line(self, line: int) -> int | None:
        """Index of the stage that a line belongs to: the first for what stands before it; None when
        the lines are not known."""
        if not line or not self.have_lines:
            return None
        return max(0, bisect_right(self._lines, line) - 1)

    def starting_at(self, line: int) -> int | None:
        """Index of the stage whose FROM is on a line."""
        return self._starts.get(line)

    def named(self, name: str, line: int) -> int | None:
        """Index of the stage that a vertex calls ``name``: of several, that of the line, else the last,
        which alone can be named later. An empty name is the only stage."""
        if not name:
            return 0 if len(self.stages) <= 1 else None
        found = self._called.get(lower(name), [])
        here = self.at_line(line)
        return here if here in found else next(reversed(found), None)

    def line_of(self, index: int, number: int) -> int:
        """Line of the instruction that a vertex of stage ``index`` calls ``number``; 0 when there is none."""
        numbered = self.stages[index].numbered if index < len(self.stages) else ()
        return numbered[number - 1] if 0 < number <= len(numbered) else 0


def find_layout(
    text: str | None, build_args: Mapping[str, str], buildkit_version: str = ""
) -> tuple[Stages, tuple[Gap, ...]]:
    """The stages of a Dockerfile's text; none when it was not seen or, with a gap, does not parse."""
    if text is None:
        return Stages(), ()
    try:
        return lay_out(parse_dockerfile(text, grammar=grammar_of_buildkit(buildkit_version)), build_args), ()
    except UsageError as error:
        what = f"it does not parse ({error.message}): steps are placed only by what vertices themselves say"
        return Stages(), (Gap(where="dockerfile", what=what),)


def lay_out(dockerfile: Dockerfile, build_args: Mapping[str, str]) -> Stages:
    """The stages of a Dockerfile, as a build with these arguments counts their instructions."""
    stages: list[CountedStage] = []
    names: dict[str, int] = {}
    bases = _bases_of(dockerfile, build_args)
    for stage in dockerfile.stages:
        own = [each.first_line for each in stage.instructions if each.keyword in _NUMBERED]
        line = stage.origin.first_line
        base = bases[stage.index]
        is_image = base not in (SCRATCH, *names)
        numbered = (line, *own) if is_image else tuple(own)
        stages.append(
            CountedStage(
                line=line,
                name=stage.name or f"stage-{stage.index}",
                numbered=numbered,
                begins_with=names.get(base) if base is not None else None,
            )
        )
        if stage.name:
            names[stage.name] = stage.index
    return Stages(stages=tuple(stages))


def _bases_of(dockerfile: Dockerfile, build_args: Mapping[str, str]) -> tuple[str | None, ...]:
    """What the stages begin with; all unknown when a variable cannot be replaced, which no build survives."""
    try:
        return tuple(base_of(dockerfile, stage, build_args) for stage in dockerfile.stages)
    except BadSubstitutionError:
        return (None,) * len(dockerfile.stages)


def guess_stages(names: Iterable[str]) -> Stages:
    """Stages from the names that vertices give them, for builds whose Dockerfile is not known.

    ``stage-N`` is the stage N; the others take the places that are left, in order of appearance.
    """
    seen = list(dict.fromkeys(names))
    places: dict[int, str] = {}
    for name in seen:
        match = _NAMELESS.fullmatch(name)
        if match is not None:
            places[min(int(match[1]), _MAX_STAGES)] = name
    free = (place for place in range(_MAX_STAGES + len(seen) + 1) if place not in places)
    placed = set(places.values())
    for name in seen:
        if name not in placed:
            places[next(free)] = name
    last = max(places, default=-1)
    return Stages(
        stages=tuple(
            CountedStage(line=0, name=places.get(place, ""), numbered=()) for place in range(last + 1)
        )
    )
