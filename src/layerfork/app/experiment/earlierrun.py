"""What an earlier run left in its record file besides records: how far it came, and what is broken."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from layerfork.builders.clients import BuildClient
from layerfork.builders.clients.environment import ClientEnvironment
from layerfork.builders.environments.installing import directory_of, ensure_environment
from layerfork.builders.process import ProgramMissingError, last_lines, run
from layerfork.errors import ClientError, EvidenceError
from layerfork.record.build import Builder, Endpoint
from layerfork.record.engine import EngineInfo
from layerfork.record.progress import Say
from layerfork.record.record import BuildOutcome
from layerfork.record.run import TrialBuild, VersionsUsed
from layerfork.record.store.blocks import UNREADABLE, numbered_lines
from layerfork.record.store.recordfile import NOTE_START, read_records


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
    """Of the record of each control that missed."""
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


# Broken client environments: none is tried twice, in one run or in one that resumes it.

ASK_TIMEOUT_S = 60.0


class BrokenEnvironments:
    """What all relays of a run have learnt; any thread may ask and add.

    A note holds for a directory as it was found: an environment that was made anew is tried again.
    """

    def __init__(
        self,
        known: Iterable[BrokenEnvironment] = (),
        keep: Callable[[BrokenEnvironment], None] = lambda broken: None,
    ) -> None:
        """``known`` are those of an earlier run; ``keep`` gets every new one at once."""
        self._lock = threading.RLock()
        self._known = {broken.name: broken for broken in known}
        self._keep = keep

    def why(self, environment: ClientEnvironment) -> str:
        """Why an environment is known to be broken; empty when it is not."""
        with self._lock:
            broken = self._known.get(environment.directory_name)
            same = broken is not None and broken.identity == _identity(environment)
            return broken.reason if broken is not None and same else ""

    def add(self, environment: ClientEnvironment, reason: str) -> None:
        """Remember, for all that come later."""
        name, identity = environment.directory_name, _identity(environment)
        broken = BrokenEnvironment(name=name, identity=identity, reason=reason)
        with self._lock:
            self._known[name] = broken
            self._keep(broken)

    def ensure(self, environment: ClientEnvironment, say: Say) -> Path:
        """`ensure_environment`, once: who comes after a failure gets its reason and waits for nothing.

        Raises: ClientError.
        """
        with self._lock:
            if reason := self.why(environment):
                raise ClientError(reason)
            try:
                return ensure_environment(environment, say)
            except ClientError as error:
                self.add(environment, str(error))
                raise

    def look_at(self, client: BuildClient, directory: Path | None, endpoint: Endpoint) -> str:
        """Why the environment of a client that came to no build is broken; empty when it says its version."""
        environment = client.environment
        if environment is None or directory is None:
            return ""
        try:
            answer = run(client.version_command(endpoint, directory), timeout_s=ASK_TIMEOUT_S)
            if answer.ok and client.read_version(answer.stdout) == environment.version:
                return ""
            output = last_lines(answer.stderr.strip() or answer.stdout.strip(), 3)
        except ProgramMissingError as error:
            output = str(error)
        remedy = f"rebuild it: rm -r {directory}, then: layerfork clients get {client.id}"
        library = f"{environment.package} {environment.version}"
        reason = f"the environment of {library} is broken: {output or 'no answer'}; {remedy}"
        self.add(environment, reason)
        return reason


def _identity(environment: ClientEnvironment) -> str:
    """Of an environment's directory; empty when there is none."""
    try:
        found = directory_of(environment).stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"
