"""`layerfork check`: does a build reuse what the same build, or a recorded one, has stored?"""

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import pairwise, repeat
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from layerfork.app.check.allowing import read_allowed
from layerfork.app.check.cold import Turn, cold_turns
from layerfork.app.recording import Kept, kept_records, no_build_seen, say_lost
from layerfork.builders.engines import default_spec_of_why
from layerfork.builders.recording.projects import Projects
from layerfork.builders.recording.redactionkey import key_id, redaction_key
from layerfork.builders.recording.wrap import Wrapped, check_program, engine_for, record_command
from layerfork.context.walk import no_collection
from layerfork.dockerfile import Stage
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.errors import ExitCode
from layerfork.record.build import Builder
from layerfork.record.check import Against, CheckReport
from layerfork.record.engine import Brought
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord, StepStatus
from layerfork.record.store.recordfile import stored
from layerfork.wire.redact import Redactor

if TYPE_CHECKING:
    from layerfork.app.compare.buildpairing import NamedRecord
    from layerfork.app.compare.comparison import CostOf
    from layerfork.record.run import DiffReport

_JUDGES = (
    "layerfork.app.compare.comparison",
    "layerfork.app.check.gate",
    "layerfork.app.compare.buildpairing",
)
"""Imported while the command runs: nothing of them is needed before."""
FIRST, SECOND, THIS = "the first build", "the second build", "this build"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """Everything that `layerfork check` was asked about a command."""

    argv: tuple[str, ...]
    engine: str = ""
    baseline: str = ""
    """A record file or one build of it; empty builds twice."""
    allow: tuple[str, ...] = ()
    max_lost_s: float | None = None
    output: str = ""
    """File for the records; empty keeps none."""
    apart: bool = False
    """What the command writes to standard output goes to standard error."""
    cold: bool = False
    """The second run is on another clean engine, with nothing but an exported cache."""
    exchange: bool = False
    """Of ``cold``: ``argv`` is a `docker build` that is to hand its cache on; else it does so by itself."""
    load: tuple[str, ...] = ()
    """Image archives for an engine of ours; with ``cold``, both begin with them."""
    stand_ins: tuple[str, ...] = ()
    """Images to make of busybox on an engine of ours."""
    lint_rules: tuple[str, ...] = ()
    """What settings say to `layerfork lint`: these rules and no other."""
    lint_ignored: tuple[str, ...] = ()
    """Rules that settings tell `layerfork lint` to leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What `layerfork check` found."""

    exit_code: int
    """That of the command when it failed, 130 after Ctrl-C, else as `exit_code` says."""
    report: CheckReport


def check_command(options: CheckOptions, say: Say) -> Checked:
    """Run a command once or twice, and judge whether its builds reused what they had to.

    Raises: LayerforkError.
    """
    allowed = read_allowed(options.allow)
    baseline: Sequence[NamedRecord] = ()
    if options.baseline:
        from layerfork.app.compare.comparison import named_builds  # late: the first build starts before it

        baseline = named_builds(options.baseline)

        for line in unlike_the_baseline(options.argv, baseline, options.baseline, os.environ):
            say(line)
    runs = _recorded(options, say, times=1 if baseline else 2)
    last = runs[-1]
    for hint in last.hints:
        say(hint)
    from layerfork.app.check.gate import gate  # late: the first build starts before it

    if ended := _ended_early(last):
        pairs = _Pairs(problems=(ended,))
    else:
        pairs = _against_baseline(baseline, last) if baseline else _against_first(runs[0], last)
    report = gate(
        pairs.reports(_costs(options.baseline) if baseline else None, options.baseline),
        allowed,
        _against(options),
        max_lost_s=options.max_lost_s,
        baseline=options.baseline,
        problems=pairs.problems,
        notes=pairs.notes,
    )
    if report.passed:
        from layerfork.app.lint import trap_hints  # late: the first build starts before it

        hints = trap_hints(last.records, options.lint_rules, options.lint_ignored)
        report = replace(report, hints=tuple(hints))
    ended_with = ExitCode.INTERRUPTED if last.interrupted else last.exit_code
    return Checked(exit_code=ended_with or exit_code(report), report=report)


def _against(options: CheckOptions) -> Against:
    if options.baseline:
        return Against.BASELINE
    return Against.COLD if options.cold else Against.AGAIN


def _ended_early(run: Wrapped) -> str:
    if run.interrupted:
        return "the command was interrupted, so nothing was checked"
    if run.exit_code:
        return f"the command failed with exit code {run.exit_code}, so nothing was checked"
    return ""


def _costs(baseline: str) -> "CostOf":
    """What steps took when a build of the file made them: its last one may have reused them."""
    from layerfork.app.compare.comparison import recorded_in  # late: the first build starts before it

    built = [
        step
        for record in recorded_in(baseline)
        for step in record.steps
        if step.status is StepStatus.MISS and not step.error
    ]
    seconds = {(step.stage_name, step.stage, step.platform, step.instruction): step.seconds for step in built}
    return lambda step: seconds.get((step.stage_name, step.stage, step.platform, step.instruction))


def exit_code(report: CheckReport) -> ExitCode:
    """1 when too much was built again, 3 when that cannot be said of everything."""
    if report.too_slow:
        return ExitCode.FORKED
    return ExitCode.COULD_NOT_RUN if report.problems else ExitCode.AS_HOPED


def _recorded(options: CheckOptions, say: Say, times: int) -> list[Wrapped]:
    """Run the command that often, until it fails."""
    projects = Projects(os.environ)
    runs: list[Wrapped] = []
    with contextlib.ExitStack() as stack:
        kept = Kept()
        if options.output:
            stack.callback(lambda: say_lost(kept.losses, say))
            stack.enter_context(kept_records(Path(options.output), options.argv, projects, say, kept))
        say_once = _once(say)
        for turn in stack.enter_context(_turns(options, say_once, times)):
            runs.append(_run(options, turn, projects, say_once, kept))
            if runs[-1].exit_code or runs[-1].interrupted:
                break
    return runs


@contextlib.contextmanager
def _turns(options: CheckOptions, say: Say, times: int) -> Iterator[Iterator[Turn]]:
    """Where each run of the command builds: all on one engine, or each on a clean one."""
    check_program(options.argv)
    brought = Brought(load=options.load, stand_ins=options.stand_ins)
    if options.cold:
        with cold_turns(options.argv, options.engine, brought, say, exchange=options.exchange) as cold:
            yield cold
        return
    spec = options.engine or default_spec_of_why(os.environ)
    with engine_for(options.argv, spec, say, brought) as engine:
        yield repeat(Turn(argv=options.argv, engine=engine), times)


def _run(options: CheckOptions, turn: Turn, projects: Projects, say: Say, kept: Kept) -> Wrapped:
    return record_command(
        turn.argv,
        options.engine,
        say,
        stdout=sys.stderr if options.apart else None,
        projects=projects,
        meanwhile=lambda: [import_module(each) for each in _JUDGES],
        running=turn.engine,
        keep=kept.add,
    )


def _once(say: Say) -> Say:
    """Says each line once, however often the command runs."""
    said = set[str]()

    def once(line: str) -> None:
        if line not in said:
            said.add(line)
            say(line)

    return once


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Builds, each with the one whose steps it has to reuse."""

    pairs: "tuple[tuple[NamedRecord, NamedRecord], ...]" = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def reports(self, by_keys: "CostOf | None", baseline: str) -> "tuple[DiffReport, ...]":
        """Compare them; ``by_keys`` as for `diff_stored`.

        What was reused may have been built by other builds of the file ``baseline``. Raises: EvidenceError.
        """
        from layerfork.app.compare.balances import balance_with, with_stored_bytes  # late: as below
        from layerfork.app.compare.comparison import (  # late: the first build starts before it
            diff_stored,
            stored_in,
        )

        with no_collection():
            more = stored_in(baseline)[1][::-1] if baseline else ()
            return tuple(
                replace(
                    diff_stored(
                        *(writer.stored, reader.stored, writer.name, reader.name),
                        again=by_keys is None,
                        by_keys=by_keys,
                        twice=by_keys is None,
                    ),
                    build=reader.kind.label if len(self.pairs) > 1 else "",
                    balance=with_stored_bytes(
                        balance_with(reader.stored, (writer.stored, *more)), reader.record
                    ),
                )
                for writer, reader in self.pairs
            )


def _against_first(first: Wrapped, second: Wrapped) -> _Pairs:
    """The builds of the second run, each with the same build of the first."""
    from layerfork.app.compare.buildpairing import pair_builds  # late: the first build starts before it

    writers, readers = _named(first, FIRST), _named(second, SECOND)
    if not writers:
        return _Pairs(problems=(no_build_seen(os.environ),))
    if not readers:
        built_nothing = "the command built nothing the second time, so nothing was checked"
        return _Pairs(problems=(f"{built_nothing}: it must build both times (make -B, --force)",))
    pairs = list(_in_order(writers, readers))
    writers_left = _without(writers, [writer for writer, _ in pairs])
    readers_left = _without(readers, [reader for _, reader in pairs])
    if writers_left and readers_left:
        pairs += pair_builds(writers_left, readers_left).pairs
        writers_left = _without(writers_left, [writer for writer, _ in pairs])
        readers_left = _without(readers_left, [reader for _, reader in pairs])
    return _Pairs(
        pairs=tuple(pairs),
        problems=(
            *(f"{each.kind.label} was built the first time only" for each in writers_left),
            *(f"{each.kind.label} was built the second time only" for each in readers_left),
        ),
    )


def _in_order(
    writers: "Sequence[NamedRecord]", readers: "Sequence[NamedRecord]"
) -> "Iterator[tuple[NamedRecord, NamedRecord]]":
    """Of each kind the first with the first, the second with the second, and so on."""
    of_kind: dict[object, list[NamedRecord]] = {}
    for writer in writers:
        of_kind.setdefault(writer.kind, []).append(writer)
    for reader in readers:
        if same := of_kind.get(reader.kind):
            yield same.pop(0), reader


def _without(builds: "Sequence[NamedRecord]", taken: "Sequence[NamedRecord]") -> "list[NamedRecord]":
    return [each for each in builds if not any(each is other for other in taken)]


def _against_baseline(baseline: "Sequence[NamedRecord]", run: Wrapped) -> _Pairs:
    """The builds of a run, each with the same build of the baseline."""
    from layerfork.app.compare.buildpairing import most_alike  # late: the first build starts before it

    readers = _named(run, THIS)
    if not readers:
        return _Pairs(problems=(no_build_seen(os.environ),))
    alone = baseline[0] if len(baseline) == 1 and len(readers) == 1 else None
    found = [(alone or most_alike(each.record, baseline), each) for each in readers]
    pairs = tuple((writer, reader) for writer, reader in found if writer is not None)
    missing = [reader.kind.label for writer, reader in found if writer is None]
    names = baseline[0].name.partition("#")[0]
    if not pairs:
        return _Pairs(problems=(f"{names} holds no build like {', '.join(missing)}: nothing was checked",))
    return _Pairs(pairs=pairs, notes=tuple(f"{each}: {names} holds no such build" for each in missing))


def _named(run: Wrapped, name: str) -> "list[NamedRecord]":
    from layerfork.app.compare.buildpairing import NamedRecord  # late: the first build starts before it

    return [NamedRecord(name=name, stored=stored(record)) for record in run.records]


# What can be said against a check with a baseline before anything is built.

_BUILDERS = frozenset({"docker", "docker-compose"})
_OPTION = "--build-arg"
_PREDEFINED = re.compile(r"(?i)(?:https?|ftp|no|all)_proxy|buildkit_.*|source_date_epoch")
"""No part of the key of a RUN, or not as other arguments are.
Source: moby/buildkit frontend/dockerfile/docs/reference.md ("Predefined ARGs", "BuildKit built-in build
args") @ v0.13.2."""
_HIDDEN = "hidden:"


def unlike_the_baseline(
    argv: Sequence[str], baseline: "Sequence[NamedRecord]", file: str, environment: Mapping[str, str]
) -> Iterator[str]:
    """Build arguments that a docker command gives another value than the baseline's build had, where RUN
    steps have them in their keys: a line each."""
    redactor, own_key = Redactor(redaction_key()), key_id(redaction_key())
    for name, value in _arguments(argv, environment).items():
        shown = redactor.hide(name, value)
        if any(_reaches(each.record, name, shown, own_key) for each in baseline):
            yield (
                f"--build-arg {name} has another value than in {file}: RUN steps below `ARG {name}` cannot "
                f"have its keys, and count as built again; give {name} one fixed value in both checks, or "
                "allow it (--allow build-arg)"
            )


def _arguments(argv: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The build arguments on a command line; a bare name takes its value from the environment."""
    if not argv or PurePath(argv[0]).name not in _BUILDERS:
        return {}
    given = [word for before, word in pairwise(argv) if before == _OPTION]
    given += [word.removeprefix(f"{_OPTION}=") for word in argv if word.startswith(f"{_OPTION}=")]
    values: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if equals or name in environment:
            values[name] = value if equals else environment[name]
    return values


def _reaches(record: BuildRecord, name: str, value: str, own_key: str) -> bool:
    """Whether RUN steps of a recorded build have the argument in their keys, with another value."""
    was = dict(record.request.build_args).get(name)
    if was == value or record.builder is Builder.BUILDAH or _PREDEFINED.fullmatch(name):
        return False
    hidden = [each for each in (was, value) if each is not None and each.startswith(_HIDDEN)]
    if hidden and record.redaction_key_id != own_key:
        return False
    dockerfile = dockerfile_of(record)
    if dockerfile is None:
        return False
    return any(_runs_with(stage, name, was, value) for stage in dockerfile.stages)


def _runs_with(stage: Stage, name: str, was: str | None, value: str) -> bool:
    """Whether a RUN of the stage follows an ARG that changes its key: given before, or of another default."""
    declared = False
    for each in stage.instructions:
        if each.keyword == "RUN" and declared:
            return True
        if each.keyword == "ARG" and name in dict(each.pairs):
            declared = was is not None or dict(each.pairs)[name] != value
    return False
