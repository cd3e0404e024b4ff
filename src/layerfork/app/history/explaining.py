"""Why each build of a history missed, next to the earlier build of the same cache that it is closest to."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from pathlib import Path
from typing import TypeVar

from layerfork.app.compare.baseline import EARLIER_BUILD, THIS_BUILD, baseline_of, nearness
from layerfork.app.compare.comparison import diff_stored
from layerfork.app.compare.unproven import with_suspicions
from layerfork.app.history.images import LayersOf, shows_all, with_images
from layerfork.app.history.measuring import Compared, Measurer, marks_by_step
from layerfork.app.history.runs import reusable_by
from layerfork.app.history.sources import PastBuild
from layerfork.app.history.trees import CONTEXT_DIRECTORY, Tree
from layerfork.context.walk import no_collection
from layerfork.diagnose import JudgedBuild, cacheable_steps
from layerfork.diagnose.cachecost import BuiltStep, built_in, weigh
from layerfork.keys import keys_of
from layerfork.record.answer import Answer, Cause, CauseStatus, Fix, Fork, MissKind, Point
from layerfork.record.cause import CauseCode, Trait, codes_with
from layerfork.record.history import ExplainedBuild
from layerfork.record.record import BuildKind, BuildOutcome, BuildRecord, StepStatus, agreement, build_kind_of
from layerfork.record.run import DiffReport
from layerfork.record.store.recordfile import stored
from layerfork.wire.printed.plainprogress import GIT_SOURCE

_MOST_EARLIER = 20
"""At most this many earlier builds are compared to find the closest."""
_SAME_FILES = (
    "no committed file changed: the context held something that git does not have (a generated or "
    "uncommitted file), or the cache had lost the step"
)
_CONTRADICTED = "a step shows that files differed from the commits"
_SETTLES = "what would settle it: record the builds (layerfork record), which shows every file that was sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Build:
    """A build with what is known of its files, and its keys."""

    past: PastBuild
    tree: Tree
    marks: Mapping[int, str]
    """As `marks_by_step`."""
    kind: BuildKind

    @property
    def record(self) -> BuildRecord:
        return self.tree.record

    @property
    def inferred(self) -> bool:
        """Whether its files are those of a commit."""
        return self.record.context is not None and self.past.record.context is None

    @property
    def basis(self) -> str:
        """Where its files are known from; else why they are unknown."""
        if self.inferred:
            doubt = f" ({self.tree.doubt})" if self.tree.doubt else ""
            image = " with layers of its image" if self.tree.shown else ""
            return f"commit {self.tree.revision[:12]}{image}{doubt}"
        return "the record" if self.record.context is not None else self.tree.why_not


def explain_history(
    found: Sequence[PastBuild],
    tree_of: Callable[[PastBuild], Tree],
    wanted: Callable[[PastBuild], bool],
    measurer: Measurer | None = None,
    at_hand: Path | None = None,
    layers_of: LayersOf | None = None,
) -> Iterator[ExplainedBuild]:
    """Each wanted build compared with an earlier one, the oldest first; measured where there is a measurer.
    ``at_hand`` has the Dockerfiles and commits of logs; without, nothing more is said of them. ``layers_of``
    gives layers of images, which are read where commits prove nothing.

    The earlier one is the same build (directory, service, Dockerfile, target, platform) in the same place; of
    these one that may have shared its cache, then the surest, then the one that shares most steps.
    """
    before: dict[tuple[str, str], list[_Build]] = defaultdict(list)
    built: dict[str, BuiltStep] = {}
    for each in sorted(found, key=lambda each: each.record.recorded_at):
        with no_collection():
            build = _build_of(each, tree_of)
            earlier = before[_place(each)]
            if wanted(each):
                possible, reusable = _reusable(build, earlier)
                closest = _closest(build, possible)
                described = _described(build, closest, reusable, layers_of)
                explained = _weighed(described, build, built)
                if at_hand is not None and closest is not None and explained.report is not None:
                    said = _said_of_logs(explained.report, closest, build, at_hand)
                    explained = replace(explained, report=said)
                yield explained if measurer is None else _measured(measurer, build, closest, explained)
            took = built_in(build.record, each.id)
            built |= {build.marks[index]: step for index, step in took.items() if index in build.marks}
            if build.record.result.outcome in _WHOLE:
                if measurer is not None:
                    measurer.remember(_compared(build), _place(each)[1])
                earlier.append(build)


def _weighed(explained: ExplainedBuild, build: _Build, built: Mapping[str, BuiltStep]) -> ExplainedBuild:
    """With what its cache cost and saved; ``built`` are steps of earlier builds, by their marks."""
    known = {index: built[mark] for index, mark in build.marks.items() if mark in built}
    balance = weigh(build.record, known)
    report = explained.report and replace(explained.report, balance=balance)
    return replace(explained, balance=balance, report=report)


def _measured(
    measurer: Measurer, build: _Build, earlier: _Build | None, explained: ExplainedBuild
) -> ExplainedBuild:
    compared = replace(
        _compared(build),
        writer=earlier.record if earlier is not None else None,
        report=explained.report,
        cacheable=explained.report.cacheable if explained.report is not None else _cacheable(build.record),
        what=explained.what,
    )
    return replace(explained, measured=measurer.measure(compared, _place(build.past)[1]))


def _compared(build: _Build) -> Compared:
    return Compared(past=build.past, tree=build.tree, marks=build.marks, what=_name_of(build.record))


def explain_against(
    past: PastBuild,
    other: PastBuild,
    tree_of: Callable[[PastBuild], Tree],
    at_hand: Path,
    layers_of: LayersOf | None = None,
) -> DiffReport:
    """A build compared with another one that a person chose. ``at_hand`` and ``layers_of`` as for
    `explain_history`."""
    with no_collection():
        writer, reader = _build_of(other, tree_of), _build_of(past, tree_of)
        return _said_of_logs(_compare(writer, reader, 0, layers_of), writer, reader, at_hand)


def _said_of_logs(report: DiffReport, writer: _Build, reader: _Build, at_hand: Path) -> DiffReport:
    """With what is suspected where one of two builds shows no key."""
    return with_suspicions(report, _with_commit(writer), _with_commit(reader), at_hand)


def _with_commit(build: _Build) -> BuildRecord:
    """The build with the commit of its run, where its log names none.

    Not of a run for a request, which builds a merge, nor of a context that BuildKit fetched from anywhere.
    """
    run, record = build.past.run, build.record
    if record.commits or run is None or run.of_request or not run.commit:
        return record
    if any(GIT_SOURCE in vertex.name for vertex in record.vertices):
        return record
    return replace(record, commits=(run.commit,))


def _build_of(past: PastBuild, tree_of: Callable[[PastBuild], Tree]) -> _Build:
    tree = tree_of(past)
    marks = marks_by_step(past, tree.record, keys_of(tree.record))
    return _Build(past=past, tree=tree, marks=marks, kind=build_kind_of(tree.record))


_WHOLE = frozenset({BuildOutcome.SUCCEEDED, BuildOutcome.UNKNOWN})
"""A build that failed has not stored what a later one misses. Of a log the end may be unknown."""


def _place(past: PastBuild) -> tuple[str, str]:
    """The cache, and the directory or repository that was built."""
    record = past.record
    options = dict(record.request.options)
    named = (options.get(name, "") for name in ("vcs:source", CONTEXT_DIRECTORY, "context"))
    directory = build_kind_of(record).directory or " ".join(map(_without_ref, named))
    return past.series or record.builder_instance or past.where, directory


def _without_ref(address: str) -> str:
    """The address of a git context without its ref or commit: of each build of a repository another one."""
    repository, mark, ref = address.partition("#")
    return f"{repository}{mark}:{ref.partition(':')[2]}" if mark else address


def _reusable(build: _Build, earlier: Sequence[_Build]) -> tuple[Sequence[_Build], str]:
    """The earlier builds of the same kind that a build could have reused; for a CI run, which they are."""
    alike = [each for each in earlier if agreement(each.kind, build.kind) is not None]
    run = build.past.run
    return (alike, "") if run is None else reusable_by(run, alike, lambda each: each.past.run)


def _closest(build: _Build, alike: Sequence[_Build]) -> _Build | None:
    own = frozenset(build.marks.values())
    return max(
        alike[-_MOST_EARLIER:],
        key=lambda each: nearness(each.record, build.record, len(own.intersection(each.marks.values()))),
        default=None,
    )


def _described(
    build: _Build, earlier: _Build | None, reusable: str, layers_of: LayersOf | None
) -> ExplainedBuild:
    report = _compare(earlier, build, layers_of=layers_of) if earlier is not None else None
    record = build.record
    cacheable = report.cacheable if report is not None else _cacheable(record)
    statuses = [step.status for step in record.steps if step.index in cacheable and step.status in _CAME_TO]
    known = bool(record.steps) and all(step.status is not StepStatus.UNKNOWN for step in record.steps)
    return ExplainedBuild(
        id=build.past.id,
        recorded_at=record.recorded_at,
        what=_name_of(record),
        where=build.past.where,
        outcome=record.result.outcome,
        seconds=record.seconds,
        revision=build.tree.revision,
        steps=len(statuses),
        reused=statuses.count(StepStatus.HIT) if known else None,
        seconds_lost=_lost(report),
        report=report,
        files=build.basis,
        files_known=record.context is not None,
        run=build.past.run,
        reusable=reusable,
    )


def _name_of(record: BuildRecord) -> str:
    """``app (target test)``: the service or target, else the directory, and what is unusual."""
    kind = build_kind_of(record)
    options = dict(record.request.options)
    shown = kind.directory or options.get("vcs:source") or options.get(CONTEXT_DIRECTORY, "")
    return replace(kind, directory=shown, ran_in=str(Path.cwd())).label


_CAME_TO = frozenset({StepStatus.HIT, StepStatus.MISS, StepStatus.UNKNOWN})


def _cacheable(record: BuildRecord) -> Collection[int]:
    return cacheable_steps(JudgedBuild(client=THIS_BUILD, record=record, keys=keys_of(record)))


def _lost(report: DiffReport | None) -> float | None:
    if report is None:
        return None
    times = [fork.seconds_lost for fork in report.judgement.forks]
    known = [each for each in times if each is not None]
    return fsum(known) if known or not times else None


def _compare(writer: _Build, reader: _Build, known: int = 1, layers_of: LayersOf | None = None) -> DiffReport:
    """What the records prove; of steps that read the contexts, what commits let us infer, and where that is
    no proof, layers of the images.

    ``known``: as in `Baseline`.
    """
    report = _compare_once(writer, reader, known)
    if layers_of is None or all(map(_all_proven, report.judgement.forks)):
        return report
    if not (writer.inferred and reader.inferred):
        return report
    trees = with_images((writer.tree, reader.tree), lambda tree: layers_of(tree.record))
    if not all(tree.shown for tree in trees):
        return report
    return _compare_once(replace(writer, tree=trees[0]), replace(reader, tree=trees[1]), known)


def _compare_once(writer: _Build, reader: _Build, known: int) -> DiffReport:
    report = _diff(writer.record, reader.record)
    if writer.inferred or reader.inferred:
        bare = None
        if not all(map(_is_of_files, report.judgement.forks)):
            pair = (replace(each.record, context=each.past.record.context) for each in (writer, reader))
            bare = _diff(*pair)
        report = _inferred(report, bare, (writer.tree, reader.tree))
        report = replace(report, inferred_from=" and ".join(dict.fromkeys((writer.basis, reader.basis))))
    return replace(report, baseline=baseline_of(writer.record, reader.record, None, known))


def _diff(writer: BuildRecord, reader: BuildRecord) -> DiffReport:
    return diff_stored(stored(writer), stored(reader), EARLIER_BUILD, THIS_BUILD, again=True)


def _is_of_files(fork: Fork) -> bool:
    """Whether only files of the context made a step miss: without them nothing of it can be proven."""
    return bool(fork.causes) and all(cause.code in _OF_FILES for cause in fork.causes)


_OF_FILES = codes_with(Trait.ENTRY)


def _inferred(report: DiffReport, bare: DiffReport | None, trees: Sequence[Tree]) -> DiffReport:
    """A report whose contexts are those of commits, with statuses that claim no more than commits show.

    ``bare`` is the same comparison without contexts, None where that proves nothing: what it proves needs no
    commit. What git's trees alone prove is inferred; where they contradict what the builder did, or something
    else shows that files differed from the commits, nothing can be inferred from them.
    """
    unmodelled = {path: why for tree in trees for path, why in tree.unmodelled.items()}
    doubts = tuple(dict.fromkeys(tree.doubt for tree in trees if tree.doubt))
    proven = {fork.step for fork in bare.judgement.forks if _all_proven(fork)} if bare else set()
    bare_answers = {each.step: each for each in bare.answers} if bare else {}
    bare_forks = {each.step: each for each in bare.judgement.forks} if bare else {}
    shown = {fork.step: _shown(fork, *trees) for fork in report.judgement.forks}
    contradicted = any(each.code == "contradiction" for each in report.judgement.warnings) or any(
        fork.miss_kind is MissKind.RECORD_GONE and fork.step not in proven and shown[fork.step] is None
        for fork in report.judgement.forks
    )
    if contradicted:
        doubts = (*doubts, _CONTRADICTED)
    forks: list[Fork] = []
    answers: list[Answer] = []
    for fork, answer in zip(report.judgement.forks, report.answers, strict=True):
        if fork.step in proven:
            forks.append(bare_forks[fork.step])
            answers.append(bare_answers[fork.step])
        elif shown[fork.step]:
            forks.append(fork)
            answers.append(answer)
        elif fork.miss_kind is MissKind.RECORD_GONE and shown[fork.step] is None:
            forks.append(_with_same_files(fork))
            answers.append(_said_of_same_files(answer))
        else:
            weak = () if shown[fork.step] is not None else (*doubts, *_read_by(fork, unmodelled))
            status = CauseStatus.SUSPECTED if weak else CauseStatus.INFERRED
            said = tuple(f"not proven: {each}" for each in weak)
            forks.append(
                replace(
                    fork,
                    causes=tuple(
                        replace(_at_most(each, status), evidence=(*each.evidence, *said))
                        for each in fork.causes
                    ),
                )
            )
            answers.append(replace(answer, points=tuple(_at_most(point, status) for point in answer.points)))
    return replace(report, judgement=replace(report.judgement, forks=tuple(forks)), answers=tuple(answers))


def _shown(fork: Fork, writer: Tree, reader: Tree) -> bool | None:
    """As `shows_all`, of both builds."""
    if fork.writer_step is None:
        return None
    sides = shows_all(writer, fork.writer_step), shows_all(reader, fork.step)
    return None if None in sides else all(sides)


def _all_proven(fork: Fork) -> bool:
    return bool(fork.causes) and all(cause.status is CauseStatus.PROVEN for cause in fork.causes)


def _read_by(fork: Fork, unmodelled: Mapping[str, str]) -> Iterator[str]:
    """What takes part in the fork and only a real checkout has: one line for each path."""
    parts = {part.path.lstrip("/") for cause in fork.causes for part in cause.parts}
    for path, why in unmodelled.items():
        if any(part == path or path.startswith(f"{part}/") or part.startswith(f"{path}/") for part in parts):
            yield f"a checkout holds something else at {path} than git keeps ({why})"


_Judged = TypeVar("_Judged", Cause, Point)


def _at_most(judged: _Judged, status: CauseStatus) -> _Judged:
    """The same with a status that is not stronger."""
    return replace(judged, status=status) if judged.status is CauseStatus.PROVEN else judged


def _with_same_files(fork: Fork) -> Fork:
    cause = Cause(
        code=CauseCode.UNEXPLAINED,
        status=CauseStatus.UNEXPLAINED,
        sentence=_SAME_FILES,
        text=f"{fork.instruction} forked: {_SAME_FILES}",
        evidence=(_SETTLES,),
    )
    return replace(fork, causes=(cause,))


def _said_of_same_files(answer: Answer) -> Answer:
    point = replace(
        answer.points[0],
        culprit=_SAME_FILES,
        code=CauseCode.UNEXPLAINED,
        pattern="",
        status=CauseStatus.UNEXPLAINED,
        causes=(0,),
        paths=(),
        rows=(),
        more=0,
        fix=Fix(sentence="record the next builds (`layerfork why PATH`): that shows every file that is sent"),
        treatment=None,
    )
    return replace(answer, points=(point,))
