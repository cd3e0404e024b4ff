"""Builds of a copy of a project, and what they show."""

import contextlib
import os
import shlex
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.app.check.allowing import read_allowed
from layerfork.app.check.cold import COLD_ENGINE
from layerfork.app.check.gate import gate
from layerfork.app.compare.comparison import diff_stored
from layerfork.app.fix.estimate import found_elsewhere, reused_step
from layerfork.builders.engines import RunningEngine, default_spec_of_why, open_engine
from layerfork.builders.environments.bringing import bringing
from layerfork.builders.environments.privatedir import private_directory
from layerfork.builders.recording.projects import Projects
from layerfork.builders.recording.wrap import engine_for, record_command
from layerfork.builders.replaying import (
    CommandFailedError,
    Copied,
    NoReplayError,
    NotMadeError,
    copy_tree,
    make_happen,
    on_copy,
    root_to_copy,
    run_in,
)
from layerfork.context.projectfiles import read_regular
from layerfork.dockerfile import keyword_of
from layerfork.errors import EngineError, LayerforkError
from layerfork.hypothesis import UnappliableError
from layerfork.hypothesis.fileedits import with_lines
from layerfork.record.answer import Way
from layerfork.record.build import is_plain_build
from layerfork.record.change import BuildArgIs
from layerfork.record.check import Against
from layerfork.record.context import Transport
from layerfork.record.engine import NOTHING_BROUGHT, Brought
from layerfork.record.fixing import Again, Fate, Proposal, RebuildCost, Reused
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord, StepRecord, StepStatus, agreement, build_kind_of
from layerfork.record.run import DiffReport
from layerfork.record.secrets import HIDDEN
from layerfork.record.store.recordfile import stored


@dataclass(frozen=True, slots=True, kw_only=True)
class TryOptions:
    """A proposal, and the two builds that it is about."""

    proposal: Proposal
    writer: BuildRecord
    reader: BuildRecord
    again: Again
    engine: str = ""
    brought: Brought = NOTHING_BROUGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of it."""

    fate: Fate
    reason: str = ""
    after: RebuildCost | None = None
    reused: tuple[Reused, ...] = ()


class StoppedError(LayerforkError):
    """A build did not show what it was to show."""

    def __init__(self, fate: Fate, reason: str) -> None:
        super().__init__(reason)
        self.fate = fate


def directory_of_build(record: BuildRecord) -> Path:
    """The directory of a build's context; where the command ran for a context that has none."""
    place = record.place
    return Path(place.directory if os.path.isdir(place.directory) else place.ran_in or ".")  # noqa: PTH112


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Builds of a copy on one engine."""

    options: TryOptions
    copied: Copied
    engine: RunningEngine
    say: Say

    def rebuild(self) -> Tried:
        """Built with the remedy, and once more after the same has happened again."""
        reader, again = self.options.reader, self.options.again
        self.say("[1/2] building with the remedy")
        first = self._first_build()
        make_happen(again.changes, Path(self.copied.there(str(directory_of_build(reader)))))
        if again.lines:
            self._write_lines()
        self.say(f"[2/2] building after it has happened again: {self.options.proposal.answer.culprit}")
        second = self.build(self.options.writer if again.asked else reader, later=True)
        self._check_arguments(first, second)
        return self.judged(first, second)

    def _write_lines(self) -> None:
        """Have the Dockerfile's lines read as they did. Raises: StoppedError."""
        place, request = self.options.reader.place, self.options.reader.request
        name = place.dockerfile or str(
            directory_of_build(self.options.reader) / (request.dockerfile_name or "Dockerfile")
        )
        dockerfile = self.copied.file(name)
        try:
            data = read_regular(dockerfile).decode("utf-8", "surrogateescape")
            text = with_lines(data, self.options.again.lines)
        except (OSError, UnappliableError) as error:
            raise StoppedError(Fate.UNCHECKED, f"the Dockerfile cannot be changed again: {error}") from error
        dockerfile.write_bytes(text.encode("utf-8", "surrogateescape"))

    def restore(self, way: Way) -> Tried:
        """Built once: what the earlier build stored is to be found, or what the last one did."""
        remedy, reader = self.options.proposal.remedy, self.options.reader
        if remedy.command and not remedy.builds:
            self.say(f"running `{remedy.command}` on the copy")
            directory = Path(self.copied.there(str(directory_of_build(reader))))
            try:
                run_in(directory, remedy.command)
            except CommandFailedError as error:
                raise StoppedError(Fate.UNCHECKED, error.message) from error
        self.say("[1/1] building with the remedy")
        argv = tuple(shlex.split(remedy.command)) if remedy.builds else None
        writer = reader if way is Way.HOLD else self.options.writer
        return self.judged(writer, self._first_build(argv))

    def _first_build(self, argv: Sequence[str] | None = None) -> BuildRecord:
        """Built with the remedy. One that fails is built without it, too: only then it is to blame."""
        try:
            return self.build(self.options.reader, argv=argv)
        except StoppedError as stopped:
            if stopped.fate is not Fate.BROKE:
                raise
            self.say("that failed: building without the remedy")
            for patch in self.options.proposal.patches:
                place = self.copied.file(patch.path)
                if patch.before is None:
                    place.unlink()
                else:
                    place.write_bytes(patch.before)
            try:
                self.build(self.options.reader)
            except StoppedError as without:
                raise StoppedError(
                    Fate.UNCHECKED,
                    "on a copy, the build fails also without it: it needs more than was copied",
                ) from without
            raise

    def build(
        self,
        record: BuildRecord,
        *,
        argv: Sequence[str] | None = None,
        later: bool = False,
        cache: str = "",
    ) -> BuildRecord:
        """Run a record's command, or another one, on the copy; gives the build of its kind.

        ``later``, or with another ``cache`` (as for `on_copy`), a failure says nothing about the remedy.
        Raises: StoppedError.
        """
        words, directory = on_copy(argv or record.client.argv, record.place.ran_in, self.copied, cache)
        with contextlib.chdir(directory):
            wrapped = record_command(
                words,
                "",
                self.say,
                stdout=sys.stderr,
                projects=Projects(os.environ),
                running=self.engine,
            )
        if wrapped.interrupted:
            raise KeyboardInterrupt
        if wrapped.exit_code:
            fate = Fate.UNCHECKED if later or cache else Fate.BROKE
            what = "on a clean engine" if cache else "once that has happened again" if later else "with it"
            raise StoppedError(fate, f"the build fails {what} (exit code {wrapped.exit_code})")
        return self._of_kind(wrapped.records)

    def _of_kind(self, records: Sequence[BuildRecord]) -> BuildRecord:
        """The build that is a remake of the reader. Raises: StoppedError."""
        wanted = build_kind_of(self.options.reader)
        known = self.copied.there(wanted.directory)
        for record in records:
            kind = build_kind_of(record)
            same = os.path.realpath(kind.directory) == os.path.realpath(known)
            if same and agreement(kind, wanted) is not None:
                return record
        raise StoppedError(
            Fate.UNCHECKED,
            "the command did not build the copy, so nothing can be said: it names other places",
        )

    def _check_arguments(self, first: BuildRecord, second: BuildRecord) -> None:
        """What was to happen again did. Raises: StoppedError."""
        was, now = dict(second.request.build_args), dict(first.request.build_args)
        for change in self.options.again.asked:
            if isinstance(change, BuildArgIs) and was.get(change.name) == now.get(change.name):
                raise StoppedError(
                    Fate.UNCHECKED, f"the command gave {change.name} one value both times, unlike before"
                )

    def judged(self, first: BuildRecord, second: BuildRecord) -> Tried:
        """What the second of two builds brought back. Raises: StoppedError."""
        report = diff_stored(stored(first), stored(second), "first", "second", again=True, twice=True)
        found = gate([report], read_allowed(()), Against.AGAIN)
        if found.problems:
            raise StoppedError(Fate.UNCHECKED, found.problems[0])
        elsewhere = found_elsewhere(first, second)
        after = RebuildCost(
            forks=len(report.judgement.forks),
            steps=found.rebuilt + len(elsewhere),
            seconds=None if elsewhere else found.seconds_lost,
        )
        reused = tuple(self._reused(second, elsewhere))
        if len(reused) <= len(self._lost(second, elsewhere)):
            return Tried(fate=Fate.NO_HELP, after=after, reason=self._why_no_help(report))
        return Tried(fate=Fate.VERIFIED, after=after, reused=reused)

    def _why_no_help(self, report: DiffReport) -> str:
        if report.answers:
            return f"with it {report.answers[0].headline}"
        return "with it as much is built again"

    def _reused(self, second: BuildRecord, elsewhere: Collection[int]) -> Iterator[Reused]:
        """Steps that were built again because of the fork, and are found now: what happened is not more."""
        reader, answer = self.options.reader, self.options.proposal.answer
        forked = {answer.step, *(step.step for step in answer.later)}
        hits = set(_names(second, StepStatus.HIT, but=elsewhere))
        for step in reader.steps:
            again = step.index in forked and step.status is StepStatus.MISS
            if again and keyword_of(step.instruction) != "FROM" and _name(step) in hits:
                yield reused_step(reader, step)

    def _lost(self, second: BuildRecord, elsewhere: Collection[int]) -> set[tuple[str, str]]:
        """Steps that were found when the build forked, and have to be built now."""
        found = set(_names(self.options.reader, StepStatus.HIT))
        own = {_name(step) for step in second.steps if step.index in elsewhere}
        return found & {*_names(second, StepStatus.MISS), *own}


def _names(record: BuildRecord, status: StepStatus, but: Collection[int] = ()) -> Iterator[tuple[str, str]]:
    return (_name(step) for step in record.steps if step.status is status and step.index not in but)


def _name(step: StepRecord) -> tuple[str, str]:
    return step.platform, step.instruction


# A remedy tried by really building, on a copy of the project: the project itself is not touched.


def try_remedy(options: TryOptions, say: Say) -> Tried:
    """Build with the remedy, and say whether it brings back what was built again.

    Raises: LayerforkError when no engine comes up, or there is no room for the copy; KeyboardInterrupt.
    """
    try:
        return _tried(options, say)
    except StoppedError as stopped:
        return Tried(fate=stopped.fate, reason=stopped.message)
    except (NoReplayError, NotMadeError) as error:
        return Tried(fate=Fate.UNCHECKED, reason=error.message)


def _tried(options: TryOptions, say: Say) -> Tried:
    way = options.proposal.remedy.way
    _check(options, way)
    place = options.reader.place
    root = root_to_copy(
        place.ran_in, str(directory_of_build(options.reader)), place.dockerfile, options.reader.client.argv
    )
    with private_directory() as private:
        copied = Copied(source=root, target=private / root.name)
        say(f"copying {root}: the remedy is tried there")
        copy_tree(root, copied.target)
        for patch in options.proposal.patches:
            copied.file(patch.path).write_bytes(patch.after)
        if way is Way.COLD:
            return _cold(options, copied, private / "cache", say)
        spec = options.engine or default_spec_of_why(os.environ)
        with engine_for(options.reader.client.argv, spec, say, options.brought) as engine:
            trial = Trial(options=options, copied=copied, engine=engine, say=say)
            return trial.rebuild() if way is Way.REBUILD else trial.restore(way)


def _cold(options: TryOptions, copied: Copied, cache: Path, say: Say) -> Tried:
    """Built on a clean engine that exports its cache, then on another one that imports it."""
    argv = options.reader.client.argv
    if not is_plain_build(argv):
        raise StoppedError(Fate.UNCHECKED, f"how `{argv[0]}` takes the place of a cache is not known")
    trials: list[tuple[str, str]] = [
        (f"--cache-to=type=local,dest={cache},mode=max", "that exports its cache"),
        (f"--cache-from=type=local,src={cache}", "that has nothing but that cache"),
    ]
    built: list[BuildRecord] = []
    for number, (option, which) in enumerate(trials, 1):
        try:
            starting = open_engine(COLD_ENGINE).start(os.environ, say)
            with starting as engine, bringing(engine, options.brought, say):
                say(f"[{number}/2] building on a clean engine {which}")
                trial = Trial(options=options, copied=copied, engine=engine, say=say)
                built.append(trial.build(options.reader, cache=option))
        except EngineError as error:
            raise StoppedError(Fate.UNCHECKED, f"that takes clean engines: {error.message}") from error
    return trial.judged(*built)


def _can_be_typed(record: BuildRecord) -> bool:
    """Whether the whole command of a build is known."""
    return bool(record.client.argv) and not any(HIDDEN in word for word in record.client.argv)


def _check(options: TryOptions, way: Way) -> None:
    """Raises: StoppedError."""
    if not (_can_be_typed(options.writer) and _can_be_typed(options.reader)):
        raise StoppedError(Fate.UNCHECKED, "the build's command is not known, or holds a secret")
    if way is not Way.REBUILD:
        return
    if options.again.unknown:
        raise StoppedError(Fate.UNCHECKED, options.again.unknown)
    context = options.reader.context
    if context is not None and not options.reader.place.directory:
        what = "a tar that something else made" if context.transport is Transport.TAR else "not here"
        raise StoppedError(Fate.UNCHECKED, f"the build's context is {what}, so it cannot be built again")
