"""What an earlier run left in its record file besides records: how far it came, and what is broken."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from layerfork.errors import EvidenceError
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildOutcome
from layerfork.record.report import TrialBuild, VersionsUsed
from layerfork.record.store.evidence import NOTE_START, read_records
from layerfork.record.store.lines import UNREADABLE, numbered_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRelay:
    """A relay that ran to its end, as a record file keeps it."""

    key: str
    """What was asked: equal keys are the same relay."""
    engine: EngineInfo
    builds: tuple[TrialBuild, ...]
    record_ids: tuple[str, ...]
    """Of each build's record, in order; empty for a build without one."""
    control_ids: tuple[str, ...] = ()
    """Likewise of the records of controls that missed."""
    versions: VersionsUsed
    seconds: float
    scenario: str = ""
    """Its name; empty in files of older versions, as is all below."""
    scenario_path: str = ""
    builder: Builder | None = None
    """What was asked of the clients; None left it to each."""
    random_runs: bool = False
    """As in `Scenario`."""
    layerfork: str = ""
    """Version that measured it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """One whole row of a relay: the build and its control. Written as it comes, for relays that never end."""

    key: str
    """Of its relay."""
    build: TrialBuild
    """Without its record."""
    recorded: bool
    """Whether the engine was asked for a build at all."""

    @property
    def stored_nothing(self) -> bool:
        """Whether it ran and left the engine's cache as it was: it never came to ask for a build."""
        return not self.recorded and self.build.outcome is BuildOutcome.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenEnvironment:
    """A client environment that cannot be made, or that does not even say its version."""

    name: str
    """Of its directory: another lock is another environment."""
    identity: str
    """Of the directory as it was found; empty when there was none. Made anew, it is another one."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What a run can go on from."""

    finished: Mapping[str, FinishedRelay] = field(default_factory=dict)
    """By key."""
    rows: Mapping[str, Mapping[str, MeasuredRow]] = field(default_factory=dict)
    """Rows of relays that were interrupted, by key and client."""
    broken: tuple[BrokenEnvironment, ...] = ()


class _Note(msgspec.Struct, frozen=True):
    """One of these, by its name."""

    relay: FinishedRelay | None = None
    row: MeasuredRow | None = None
    broken: BrokenEnvironment | None = None


class _NoteLine(msgspec.Struct, frozen=True):
    note: _Note


def relay_note(relay: FinishedRelay) -> Mapping[str, FinishedRelay]:
    """What to write for a relay that is whole; its records stand in the file before it."""
    builds = tuple(replace(row, record=None, control_record=None) for row in relay.builds)
    return {"relay": replace(relay, builds=builds)}


def row_note(key: str, build: TrialBuild) -> Mapping[str, MeasuredRow]:
    """What to write for a row of a relay that still runs."""
    plain = replace(build, record=None, control_record=None)
    return {"row": MeasuredRow(key=key, build=plain, recorded=build.record is not None)}


def read_earlier(path: Path) -> Earlier:
    """What a file holds of an earlier run, with its records; the last line of a killed run may be half.

    Raises: EvidenceError.
    """
    records = {record.id: record for record in read_records(path, accept_truncated=True)}
    finished: dict[str, FinishedRelay] = {}
    rows: dict[str, dict[str, MeasuredRow]] = {}
    broken: dict[str, BrokenEnvironment] = {}
    for _, line in numbered_lines(path):
        if not line.startswith(NOTE_START) or not line.endswith(b"\n"):
            continue
        note = _decode(path, line)
        if (relay := note.relay) is not None:
            control_ids = relay.control_ids or ("",) * len(relay.builds)
            rows_of = zip(relay.builds, relay.record_ids, control_ids, strict=True)
            builds = tuple(
                replace(row, record=records.get(own), control_record=records.get(control))
                for row, own, control in rows_of
            )
            finished[relay.key] = replace(relay, builds=builds)
        if note.row is not None:
            rows.setdefault(note.row.key, {})[note.row.build.client] = note.row
        if note.broken is not None:
            broken[note.broken.name] = note.broken
    unfinished = {key: each for key, each in rows.items() if key not in finished}
    return Earlier(finished=finished, rows=unfinished, broken=tuple(broken.values()))


def _decode(path: Path, line: bytes) -> _Note:
    try:
        return msgspec.json.decode(line, type=_NoteLine).note
    except UNREADABLE as error:
        raise EvidenceError(f"{path} is damaged: {error}", hint="run again without --resume") from error
