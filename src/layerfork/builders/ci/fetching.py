"""Builds of CI runs, fetched once: the records of each run are kept, and nothing else of it."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import msgspec
import zstandard

from layerfork.builders.ci.project import FoundRun, Left, Project, RunsAsked
from layerfork.builders.ci.web import StatusError
from layerfork.builders.imports.recognition import import_bytes
from layerfork.errors import EvidenceError, LayerforkError
from layerfork.record.history import CIRun
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import encode
from layerfork.record.store.schema import nonsense_in
from layerfork.userdirs import make_private

_SCHEMA = "layerfork/ci-run/1"
_SUFFIX = ".json.zst"
_MAX_BYTES = 256 << 20
_EVERY_S = 5.0
"""So often progress is said."""
_SHOWN = 3
"""At most this many runs that lack the same are named."""
_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBuild:
    """A build that a run made."""

    run: CIRun
    record: BuildRecord
    place: int
    """Its number among the builds of its job's log; 0 for an export, which names its build itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeptRun:
    """A run as it is kept: secrets are hidden in its records, and no token is in it."""

    schema: str
    builds: tuple[RunBuild, ...]
    notes: tuple[str, ...]
    """What it has not any more."""


class KeptRuns:
    """What was fetched from one project before."""

    def __init__(self, caches: Path, project: str) -> None:
        """``caches`` is layerfork's cache directory."""
        self.directory = caches / "ci" / quote(project, safe="")

    def read(self, found: FoundRun) -> _KeptRun | None:
        """A run as it was fetched; None when it was not, or what is kept is damaged."""
        return _read(self._path(found))

    def keep(self, found: FoundRun, kept: _KeptRun) -> None:
        """Keep a run, whole or not at all. Raises: LayerforkError."""
        path = self._path(found)
        try:
            make_private(path.parent)
            descriptor, name = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(zstandard.compress(encode(kept)))
                Path(name).replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as error:
            raise LayerforkError(
                f"cannot keep what was fetched in {path.parent}: {error.strerror}",
                hint="free some space there",
            ) from error

    def _path(self, found: FoundRun) -> Path:
        return self.directory / (quote(f"{found.run.id}-{found.version}", safe="") + _SUFFIX)


def kept_builds(caches: Path) -> Iterator[RunBuild]:
    """The builds of every project that were fetched before, in no order."""
    for path in sorted((caches / "ci").glob(f"*/*{_SUFFIX}")):
        kept = _read(path)
        yield from kept.builds if kept is not None else ()


def _read(path: Path) -> _KeptRun | None:
    try:
        with path.open("rb") as file:
            text = zstandard.ZstdDecompressor().stream_reader(file).read(_MAX_BYTES)
        kept = msgspec.json.decode(text, type=_KeptRun)
    except (OSError, zstandard.ZstdError, msgspec.DecodeError, RecursionError):
        return None
    is_whole = kept.schema == _SCHEMA and not any(nonsense_in(each.record) for each in kept.builds)
    return kept if is_whole else None


@dataclass(slots=True, kw_only=True)
class Fetching:
    """Reads the runs of a project, the newest first: what is kept is not asked for again."""

    project: Project
    kept: KeptRuns
    key: bytes
    """What stand-ins for secrets are made with."""
    problems: list[str]
    """Gets a line for what could not be read."""
    say: Say
    _may_read_logs: bool = True
    _said_at: float = 0.0
    _noted: dict[str, list[str]] = field(default_factory=dict)
    """What runs do not have any more, with their ids."""

    def builds(self, asked: RunsAsked) -> Iterator[RunBuild]:
        """The builds of the runs, run by run. Raises: LayerforkError when no run can be listed."""
        read = builds = 0
        name = self.project.name
        try:
            for found in islice(self.project.runs(asked), asked.newest):
                made = self._builds_of(found)
                read, builds = read + 1, builds + len(made)
                self._progress(f"{name}: {read} of at most {asked.newest} runs read, {builds} builds")
                yield from made
        except LayerforkError as error:
            if not read:
                raise
            self.problems.append(f"{name}: {error.message}; {read} runs were read before")
        for note, runs in self._noted.items():
            shown = ", ".join(runs[:_SHOWN]) + (
                f" and {len(runs) - _SHOWN} more" if len(runs) > _SHOWN else ""
            )
            self.problems.append(f"{name}: {note}: run {shown}")
        self.say(f"{name}: {read} runs read, {builds} builds")

    def _progress(self, line: str) -> None:
        now = time.monotonic()
        if now - self._said_at >= _EVERY_S:
            self.say(line)
            self._said_at = now

    def _builds_of(self, found: FoundRun) -> tuple[RunBuild, ...]:
        kept = self.kept.read(found)
        if kept is None:
            notes: list[str] = []
            kept, whole = self._fetch(found, notes)
            if whole:
                self.kept.keep(found, kept)
        for note in dict.fromkeys(kept.notes):
            self._noted.setdefault(note, []).append(found.run.id)
        # A branch's base may have become known since.
        return tuple(
            replace(each, run=replace(found.run, job=each.run.job, url=each.run.url)) for each in kept.builds
        )

    def _fetch(self, found: FoundRun, notes: list[str]) -> tuple[_KeptRun, bool]:
        """A run, and whether nothing of it is still to be fetched."""
        whole = True
        builds = [
            build
            for left in self.project.exports(found.run, notes)
            for build in self._imported(found, left, notes, is_export=True)
        ]
        if not builds and self._may_read_logs:
            try:
                for left in self.project.logs(found.run, notes):
                    builds += self._imported(found, left, notes, is_export=False)
            except StatusError as error:
                if error.status not in _REFUSED:
                    raise
                self._may_read_logs = False
                self.problems.append(f"{self.project.name}: logs are not read: {error.message}; {error.hint}")
        if not builds and not self._may_read_logs:
            whole = False
        return _KeptRun(schema=_SCHEMA, builds=tuple(builds), notes=tuple(notes)), whole

    def _imported(
        self, found: FoundRun, left: Left, notes: list[str], *, is_export: bool
    ) -> Iterator[RunBuild]:
        run = replace(found.run, job=left.job, url=left.url or found.run.url)
        try:
            records = import_bytes(left.data, self.key, found.began)
        except EvidenceError as error:
            notes.append(f"{f'the log of {left.job}' if left.job else 'an artifact'}: {error.message}")
            return
        for place, record in enumerate(records, 1):
            stable = record.ref or _id_of(run, place, left.data)
            yield RunBuild(run=run, record=replace(record, id=stable), place=0 if is_export else place)


def _id_of(run: CIRun, place: int, data: bytes) -> str:
    """The same whenever it is fetched."""
    named = f"{run.project} {run.id} {run.attempt} {run.job} {place} {sha256(data).hexdigest()}"
    return sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:16]
