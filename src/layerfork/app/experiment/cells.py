"""Cells in a record file: one scenario with one client on one engine, each kept when it is whole."""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from layerfork import __version__
from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.errors import EvidenceError
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildRecord
from layerfork.record.run import TrialBuild
from layerfork.record.scenario import Expectation, Phase, Scenario
from layerfork.record.store.blocks import UNREADABLE, numbered_lines
from layerfork.record.store.recordfile import NOTE_START, RecordFile, read_records
from layerfork.wire.redact import Redactor

# What a scenario of the user's own expects, as a record file keeps it: its cells are judged anywhere.


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPhase:
    """Of a phase what is said and expected of it; neither its context nor its build arguments."""

    title: str
    dockerfile: str
    expected: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptScenario:
    """A scenario that does not come with layerfork, without what may be secret in it."""

    name: str
    content: str
    title: str
    question: str
    family: str
    random_runs: bool
    phases: tuple[KeptPhase, ...]

    def scenario(self) -> Scenario:
        """To judge cells by; it cannot be built."""
        phases = tuple(
            Phase(title=each.title, dockerfile=each.dockerfile, expected=each.expected)
            for each in self.phases
        )
        return Scenario(
            name=self.name,
            content=self.content,
            title=self.title,
            question=self.question,
            family=self.family,
            random_runs=self.random_runs,
            context=Path(),
            dockerfile=Path(),
            phases=phases,
        )


def kept(scenario: Scenario) -> KeptScenario:
    """What may lie in a file; secrets are hidden as in records."""
    redactor = Redactor(redaction_key())
    for phase in scenario.phases:
        redactor.pairs(phase.build_args)
    clean = redactor.clean

    def expectation(each: Expectation) -> Expectation:
        reused = tuple(map(clean, each.reused))
        return replace(each, missed=clean(each.missed), reused=reused, why=clean(each.why))

    return KeptScenario(
        name=scenario.name,
        content=scenario.content,
        title=clean(scenario.title),
        question=clean(scenario.question),
        family=clean(scenario.family),
        random_runs=scenario.random_runs,
        phases=tuple(
            KeptPhase(
                title=clean(phase.title),
                dockerfile=clean(phase.dockerfile),
                expected=tuple(map(expectation, phase.expected)),
            )
            for phase in scenario.phases
        ),
    )


def keep_scenario(file: RecordFile, scenario: KeptScenario) -> None:
    """Write it; before its cells, so that what a killed run leaves can be judged."""
    file.add_note({"scenario": scenario})


@dataclass(frozen=True, slots=True, kw_only=True)
class CellName:
    """Which cell it is."""

    scenario: str
    content: str = ""
    """Digest of the file of a scenario of the user's own; empty for a bundled one."""
    engine: str
    """As it was asked for: ``private:26.1``."""
    client: str
    """As it was asked for."""
    builder: Builder | None = None
    """What was asked of the client; None left it to it."""

    def __str__(self) -> str:
        return f"{self.scenario}, {self.client} on {self.engine}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCell:
    """What was built: a row for each phase, or one of a client that cannot build there."""

    name: CellName
    key: str
    """What was asked: equal keys are the same cell. Made with the machine's own key."""
    engine: EngineInfo
    builds: tuple[TrialBuild, ...]
    record_ids: tuple[str, ...]
    """Of each build's record, in order; empty for a build without one."""
    seconds: float
    """From its clean cache to its last build, as the user waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Which part of a plan a file holds."""

    part: int
    """From 1."""
    of: int
    plan: str
    """Digest of the names of all cells of the plan: shards of one plan have the same."""
    cells: int
    """How many it was to measure."""


class _Note(msgspec.Struct, frozen=True):
    cell: MeasuredCell | None = None
    shard: Shard | None = None
    scenario: KeptScenario | None = None


class _NoteLine(msgspec.Struct, frozen=True):
    note: _Note


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFile:
    """What a record file holds of a run of scenarios."""

    cells: tuple[MeasuredCell, ...] = ()
    shards: tuple[Shard, ...] = ()
    scenarios: tuple[KeptScenario, ...] = ()
    """Those of the user's own, each once."""


def cell_key(
    name: CellName, phases: Sequence[Phase], address: str, pinned: str, *, served: bool = False
) -> str:
    """What makes two cells the same; ``address`` is the engine's, ``pinned`` the client's environment, and
    ``served`` that of the scenario.

    Made with the machine's own key: build arguments are among what was asked.
    """
    asked = (__version__, repr(name), address, pinned, repr(phases), *(("served",) if served else ()))
    text = "\n".join(asked)
    return hmac.digest(redaction_key(), text.encode("utf-8", "surrogateescape"), "sha256").hex()


def keep_cell(file: RecordFile, cell: MeasuredCell) -> None:
    """Write a cell whose records are not in the file yet."""
    for build in cell.builds:
        if build.record is not None:
            file.add(build.record)
    builds = tuple(replace(build, record=None, control_record=None) for build in cell.builds)
    file.add_note({"cell": replace(cell, builds=builds)})


def measured_cell(
    name: CellName, key: str, engine: EngineInfo, builds: Iterable[TrialBuild], seconds: float
) -> MeasuredCell:
    """A cell that was just built."""
    rows = tuple(builds)
    ids = tuple(row.record.id if row.record is not None else "" for row in rows)
    return MeasuredCell(name=name, key=key, engine=engine, builds=rows, record_ids=ids, seconds=seconds)


def read_cells(path: Path) -> CellFile:
    """The cells of a file, each with its records; the last line of a killed run may be half.

    Raises: EvidenceError.
    """
    records = {record.id: record for record in read_records(path, accept_truncated=True)}
    cells: dict[str, MeasuredCell] = {}
    shards: list[Shard] = []
    scenarios: dict[tuple[str, str], KeptScenario] = {}
    for _, line in numbered_lines(path):
        if not line.startswith(NOTE_START) or not line.endswith(b"\n"):
            continue
        try:
            note = msgspec.json.decode(line, type=_NoteLine).note
        except UNREADABLE as error:
            raise EvidenceError(f"{path} is damaged: {error}", hint="run again without --resume") from error
        if note.cell is not None:
            if not note.cell.builds or len(note.cell.builds) != len(note.cell.record_ids):
                raise EvidenceError(
                    f"{path} is damaged: a cell without its builds", hint="run again without --resume"
                )
            cells[note.cell.key] = _with_records(note.cell, records)
        if note.shard is not None:
            shards.append(note.shard)
        if note.scenario is not None:
            scenarios[note.scenario.name, note.scenario.content] = note.scenario
    return CellFile(cells=tuple(cells.values()), shards=tuple(shards), scenarios=tuple(scenarios.values()))


def _with_records(cell: MeasuredCell, records: Mapping[str, BuildRecord]) -> MeasuredCell:
    rows = zip(cell.builds, cell.record_ids, strict=True)
    return replace(cell, builds=tuple(replace(row, record=records.get(own)) for row, own in rows))
