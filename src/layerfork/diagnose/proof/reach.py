"""Which steps a variable reaches: all whose own keys differ by its value, whatever else they miss by."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from layerfork.diagnose.compare.alignment import keyword
from layerfork.diagnose.compare.differences import changed_origins, list_differences
from layerfork.diagnose.compare.stepwalk import Comparison
from layerfork.diagnose.compare.structure import instructions_in, raw_text
from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.record.cause import CauseCode
from layerfork.record.record import StepRecord

VARIABLES = frozenset({CauseCode.BUILD_ARG, CauseCode.ENV, CauseCode.PROXY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Steps of the reader, in step order."""

    name: str = ""
    """Empty for the mark that any proxy setting leaves, whatever its name."""
    naming: tuple[StepRecord, ...] = ()
    """Those whose text names the variable, or one that is set from it."""
    holding: tuple[StepRecord, ...] = ()
    """Those that only run while it is set."""

    @property
    def steps(self) -> tuple[int, ...]:
        """Indexes of all."""
        return tuple(sorted(step.index for step in (*self.naming, *self.holding)))


def reach_of(comparison: Comparison, name: str) -> Reach:
    """The steps that a variable reaches, itself or by variables that are set from it."""
    dockerfile = dockerfile_of(comparison.reader.record)
    names = _set_from(dockerfile, name)
    declares = re.compile(rf"(?:ARG|ENV)\s(?:.*\s)?(?:{'|'.join(map(re.escape, names))})(?![A-Za-z0-9_])")
    naming: list[StepRecord] = []
    holding: list[StepRecord] = []
    for index in _reached(comparison, names):
        view = comparison.reader_views[index]
        text = raw_text(dockerfile, view)
        named = declares.match(text) or any(_mentions(text, each) for each in names)
        (naming if named else holding).append(view.step)
    return Reach(name=name, naming=tuple(naming), holding=tuple(holding))


def reach_of_mark(comparison: Comparison) -> Reach:
    """The steps that the classic builder marks while any proxy is in force."""
    steps = (comparison.reader_views[index].step for index in _reached(comparison, ("",)))
    return Reach(holding=tuple(steps))


def _reached(comparison: Comparison, names: Collection[str]) -> Iterator[int]:
    for index, view in comparison.reader_views.items():
        writer = comparison.writer_at(comparison.alignment.writer_of.get(index))
        if writer is None:
            continue
        parts = list_differences(writer.key, view.key)
        own = (*parts, *(changed_origins(writer.key, view.key) if parts else ()))
        if any(each.path in names and each.cause in VARIABLES for each in own):
            yield index


def _set_from(dockerfile: Dockerfile | None, name: str) -> tuple[str, ...]:
    """The variable, and those that ENV and ARG lines give a value with it."""
    found = [name]
    pairs = [
        pair for line in instructions_in(dockerfile) if line.keyword in ("ENV", "ARG") for pair in line.pairs
    ]
    for each in found:
        found += [
            own for own, value in pairs if own not in found and value is not None and _mentions(value, each)
        ]
    return tuple(dict.fromkeys(found))


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\$\{{?{re.escape(name)}(?![A-Za-z0-9_])", text) is not None


def say_reach(reach: Reach) -> tuple[str, ...]:
    """Every step that a variable reaches, where there is more than one: a fix for one step is not enough."""
    if len(reach.steps) < 2:
        return ()
    if not reach.name:
        return (f"a proxy setting marks step {_listed(reach.holding)}",)
    named = f"{reach.name} is named by step {_listed(reach.naming)}" if reach.naming else ""
    held = (
        f"{reach.name} is set for step {_listed(reach.holding)}, which do not name it, and enters their keys"
        if reach.holding
        else ""
    )
    return tuple(filter(None, (named, held)))


def suggest_place(reach: Reach, step: int) -> str:
    """The end of the remedy for a variable that forked a step: where to declare it, so that all steps hit.

    Only a RUN holds what is declared; other steps hold a variable, such as a date, without a declaration.
    """
    runs = [each for each in reach.holding if keyword(each.instruction) == "RUN"]
    fork = next((each for each in runs if each.index == step), None)
    if fork is None or not reach.name:
        return ""
    spared = [each for each in runs if each.stage == fork.stage]
    first = next((each for each in reach.naming if each.stage == fork.stage), None)
    if first is None:
        return (
            f"; no step of this stage names {reach.name}, so the line that declares it there can be removed"
        )
    before = [each for each in spared if each.index < first.index]
    first_use = f"step {_listed((first,))}, the first that names it"
    return f"; declared just above {first_use}, it no longer enters the key of step {_listed(before)}"


def _listed(steps: Sequence[StepRecord]) -> str:
    return ", ".join(f"{step.index} {keyword(step.instruction)}" for step in steps)
