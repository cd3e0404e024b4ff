"""Parts of a plan for several machines, and their record files merged: `run --shard` and `merge`."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.app.experiment.cells import (
    CellFile,
    CellName,
    KeptScenario,
    MeasuredCell,
    keep_cell,
    keep_scenario,
    read_cells,
)
from layerfork.errors import UsageError
from layerfork.record.store.recordfile import RecordFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """``3/16``."""

    number: int
    of: int


def read_part(text: str) -> Part | None:
    """What ``--shard`` says; None for nothing. Raises: UsageError."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--shard {text} is not a valid part", hint="--shard 3/16 is the third of sixteen")
    return Part(number=int(found[1]), of=int(found[2]))


def plan_digest(names: Sequence[CellName]) -> str:
    """The same for all machines that were asked the same."""
    return hashlib.sha256("\n".join(sorted(map(_text, names))).encode()).hexdigest()[:16]


def part_of(names: Sequence[CellName], part: Part, times: Mapping[CellName, float]) -> tuple[CellName, ...]:
    """The cells of one part, in the plan's order: the longest first, each to the part with least to do.

    A cell without a time counts as the middle one of those that are known.
    """
    known = sorted(times[name] for name in names if name in times)
    middle = known[len(known) // 2] if known else 1.0
    longest = sorted(names, key=lambda name: (-times.get(name, middle), _text(name)))
    loads = [0.0] * part.of
    mine: set[CellName] = set()
    for name in longest:
        least = loads.index(min(loads))
        loads[least] += times.get(name, middle)
        if least == part.number - 1:
            mine.add(name)
    return tuple(name for name in names if name in mine)


def times_of(cells: Iterable[MeasuredCell]) -> Mapping[CellName, float]:
    """Seconds of each cell that was measured before."""
    return {cell.name: cell.seconds for cell in cells}


def _text(name: CellName) -> str:
    return "\0".join((name.scenario, name.content, name.engine, name.client, name.builder or ""))


# `layerfork merge`: the record files of shards as one.


def merge_files(files: Sequence[str], output: str) -> int:
    """Write the cells of all files to one; how many there are.

    Raises: UsageError naming a shard that is missing, is there twice, is not whole, or is of another plan,
    and a scenario that was another one on another machine;
    EvidenceError for a file that cannot be read.
    """
    if any(Path(file).resolve() == Path(output).resolve() for file in files):
        raise UsageError(f"{output} is one of the files to merge", hint="write to another one: -o FILE")
    parts = {file: read_cells(Path(file)) for file in files}
    scenarios = _scenarios(parts)
    _check(parts)
    cells: dict[CellName, MeasuredCell] = {}
    for part in parts.values():
        cells.update({cell.name: cell for cell in part.cells})
    with RecordFile(Path(output)) as file:
        for scenario in scenarios:
            keep_scenario(file, scenario)
        for cell in cells.values():
            keep_cell(file, cell)
    return len(cells)


def _scenarios(parts: dict[str, CellFile]) -> Sequence[KeptScenario]:
    """Those of the user's own, each once."""
    found: dict[str, tuple[str, KeptScenario]] = {}
    for file, part in parts.items():
        for scenario in part.scenarios:
            other, known = found.setdefault(scenario.name, (file, scenario))
            if known.content != scenario.content:
                raise UsageError(
                    f"{other} and {file} hold two different scenarios called {scenario.name}",
                    hint="its folder needs the same scenario.toml on all machines, wherever it lies",
                )
    return [scenario for _, scenario in found.values()]


def _check(parts: dict[str, CellFile]) -> None:
    numbers: dict[int, str] = {}
    plans: dict[tuple[str, int], str] = {}
    for file, part in parts.items():
        if not part.shards:
            raise UsageError(
                f"{file} is not a shard", hint="a shard is made with: run --scenario … --shard 1/2 -o FILE"
            )
        shard = part.shards[-1]
        plans.setdefault((shard.plan, shard.of), file)
        if len(plans) > 1:
            first, other = plans.values()
            raise UsageError(
                f"{first} and {other} are shards of different plans",
                hint="all shards need the same scenarios, clients, engines and --times",
            )
        if shard.part in numbers:
            raise UsageError(
                f"{numbers[shard.part]} and {file} are both shard {shard.part} of {shard.of}", hint="name one"
            )
        if len(part.cells) < shard.cells:
            raise UsageError(
                f"{file}: shard {shard.part} of {shard.of} has {len(part.cells)} of its {shard.cells} cells",
                hint="go on with it: run --scenario … --resume FILE",
            )
        numbers[shard.part] = file
    ((_, of),) = plans
    missing = [str(number) for number in range(1, of + 1) if number not in numbers]
    if missing:
        names = f"shard {missing[0]}" if len(missing) == 1 else f"shards {', '.join(missing)}"
        verb = "is" if len(missing) == 1 else "are"
        raise UsageError(f"{names} of {of} {verb} missing", hint="every shard's file has to be there")
