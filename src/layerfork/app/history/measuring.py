"""What statistics need of each build: its steps by name, whether they had been stored, what fixes bring."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from layerfork.app.fix.estimate import foreseen
from layerfork.app.history.sources import PastBuild
from layerfork.app.history.trees import REVISION, Tree
from layerfork.diagnose import JudgedBuild
from layerfork.diagnose.cachelookup import marks_of
from layerfork.diagnose.compare.judgedbuilds import views_of
from layerfork.diagnose.compare.sharedcaches import cache_is_off, is_built_without_cache
from layerfork.diagnose.enginebugs import never_found
from layerfork.errors import LayerforkError
from layerfork.hypothesis.fileedits import EditMismatchError, edited
from layerfork.hypothesis.remedies import again_of, remedy_of
from layerfork.hypothesis.steps import instructions_of
from layerfork.keys import keys_of
from layerfork.record.answer import Answer, Fork
from layerfork.record.cachekey import BuildKeys
from layerfork.record.fixing import FilePatch, Remedy, Reused
from layerfork.record.history import CIRun
from layerfork.record.record import BuildRecord, StepStatus, build_kind_of
from layerfork.record.run import DiffReport
from layerfork.record.trends import ForeseenFix, MeasuredBuild, MeasuredStep, StepName, Stored

_IGNORE_FILES = (".dockerignore", ".containerignore")
_NO_REMEDY = "there is no edit or command to try"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A build with what names its steps in a cache, and the comparison with the earlier one."""

    past: PastBuild
    tree: Tree
    marks: Mapping[int, str]
    """As `marks_by_step`, with the files of the commit where they are known."""
    writer: BuildRecord | None = None
    """The earlier build, with the files of its commit."""
    report: DiffReport | None = None
    cacheable: Collection[int] = ()
    """Indexes of the steps that a cache can hold."""
    what: str = ""


def marks_by_step(past: PastBuild, record: BuildRecord, keys: BuildKeys) -> dict[int, str]:
    """Step index to a digest of its key with all above it; left out where something is unknown.

    Images count by the digest that the build names. One without a digest is another image in each build.
    """
    named = replace(record, id=record.id or past.id)
    build = JudgedBuild(client="", record=named, keys=keys)
    found = marks_of(build, views_of(build)).items()
    return {index: marks.whole for index, marks in found if marks.whole is not None}


@dataclass(slots=True)
class Measurer:
    """Measures builds one after the other, the oldest first."""

    _stored: dict[str, dict[str, Stored]] = field(default_factory=lambda: defaultdict(dict))
    """By series: what its builds have stored, by the digest of a key with all above it."""
    _titles: dict[tuple[str, ...], str] = field(default_factory=dict)

    def measure(self, build: Compared, directory: str) -> MeasuredBuild:
        """A build; it is not among those that stored something."""
        record = build.tree.record
        series = self._title(build, directory)
        named = list(_named_steps(record))
        stored = self._stored[series]
        off = cache_is_off(record)
        never = never_found(record)
        steps = tuple(
            MeasuredStep(
                name=name,
                line=line,
                status=step.status,
                seconds=step.seconds,
                stored=Stored.NOT_KNOWN
                if off or step.index in never or is_built_without_cache(record, step)
                else stored.get(build.marks.get(step.index, ""), Stored.NOT_KNOWN),
            )
            for step, (name, line) in zip(record.steps, named, strict=True)
            if step.index in build.cacheable and step.status is not StepStatus.NOT_EVALUATED
        )
        return MeasuredBuild(
            series=series,
            line=_line(build.past.run),
            steps=steps,
            builder=record.builder_instance,
            engine=_engine(record),
            dockerfile=sha256((record.request.dockerfile or "").encode("utf-8", "replace")).hexdigest()
            if record.request.dockerfile
            else "",
            commit=_commit(build),
            cache_off=off,
            foreseen=tuple(_foreseen(build, named)),
        )

    def remember(self, build: Compared, directory: str) -> None:
        """A build that succeeded stored all of its steps."""
        stored = self._stored[self._title(build, directory)]
        record = build.tree.record
        sure = frozenset(build.marks.values())
        if record.context is not None and build.past.record.context is None:
            bare = build.past.record
            sure = frozenset(marks_by_step(build.past, bare, keys_of(bare)).values())
        for mark in build.marks.values():
            stored[mark] = Stored.SURE if mark in sure else stored.get(mark, Stored.LIKELY)

    def _title(self, build: Compared, directory: str) -> str:
        """One name for builds of the same thing, and for no others."""
        kind = build_kind_of(build.tree.record)
        place = (build.past.series, directory, kind.name, kind.dockerfile, kind.target, kind.platform)
        if place not in self._titles:
            job = build.past.run.job if build.past.run is not None else ""
            title = f"{build.what}, job {job}" if job else build.what
            alike = sum(each == title or each.startswith(f"{title} #") for each in self._titles.values())
            self._titles[place] = f"{title} #{alike + 1}" if alike else title
        return self._titles[place]


def _named_steps(record: BuildRecord) -> Iterator[tuple[StepName, int]]:
    """For each step its name and its line."""
    written = instructions_of(record)
    seen: Counter[tuple[str, str, str]] = Counter()
    for step in record.steps:
        instruction = written.get(step.index)
        text = instruction.text if instruction is not None else step.instruction
        same = (step.stage_name or str(step.stage), step.platform, text)
        seen[same] += 1
        name = StepName(stage=same[0], platform=step.platform, instruction=text, number=seen[same])
        yield name, instruction.first_line if instruction is not None else step.line


def _line(run: CIRun | None) -> str:
    if run is None:
        return ""
    return f"requests of {run.branch}" if run.of_request else run.branch


def _engine(record: BuildRecord) -> str:
    return (record.engine.buildkit_version or record.engine.version) if record.engine is not None else ""


def _commit(build: Compared) -> str:
    own = build.tree.revision or dict(build.past.record.request.options).get(REVISION, "")
    return own or (build.past.run.commit if build.past.run is not None else "")


# What the fix of each answer would bring, by the key model.


def _foreseen(build: Compared, named: Sequence[tuple[StepName, int]]) -> Iterator[ForeseenFix]:
    report = build.report
    if report is None or build.writer is None:
        return
    record = build.tree.record
    for fork, answer in zip(report.judgement.forks, report.answers, strict=True):
        found = _foreseen_fix(build.writer, record, fork, answer, named)
        others = {each.step for each in report.judgement.forks} - {fork.step}
        if found.steps and others:
            below = _steps_below(keys_of(record), others)
            again = {name for step, (name, _) in zip(record.steps, named, strict=True) if step.index in below}
            found = replace(found, steps=tuple(name for name in found.steps if name not in again))
        yield found


def _steps_below(keys: BuildKeys, steps: Collection[int]) -> frozenset[int]:
    """These steps and all that build on them: they miss again, whatever is done about another fork."""
    found = set(steps)
    for step in keys.parents_first():
        if found.intersection(step.parents):
            found.add(step.index)
    return frozenset(found)


def _foreseen_fix(
    writer: BuildRecord,
    reader: BuildRecord,
    fork: Fork,
    answer: Answer,
    named: Sequence[tuple[StepName, int]],
) -> ForeseenFix:
    remedy = remedy_of(answer)
    if remedy is None:
        return ForeseenFix(unknown=answer.fix.sentence if answer.fix.is_none else _NO_REMEDY)
    try:
        patches = tuple(_patches(reader, remedy))
        found = foreseen(reader, fork, answer, remedy, patches, again_of(answer, writer, reader))
    except (EditMismatchError, LayerforkError) as error:
        return ForeseenFix(unknown=str(error))
    return ForeseenFix(steps=tuple(_names_of(found.reused, named)), unknown=found.unknown)


def _patches(record: BuildRecord, remedy: Remedy) -> Iterator[FilePatch]:
    """Edits of the recorded Dockerfile, and lines that are added to an ignore file.

    The text of an ignore file is in no record: where a line of it is replaced, there is no patch.
    Raises: EditMismatchError.
    """
    for name in dict.fromkeys(edit.file for edit in remedy.edits):
        own = [edit for edit in remedy.edits if edit.file == name]
        if not name.endswith(_IGNORE_FILES):
            before = (record.request.dockerfile or "").encode("utf-8", "surrogateescape")
        elif any(edit.before for edit in own):
            continue
        else:
            before = b""
        yield FilePatch(path=name, name=name, before=before, after=edited(before, own))


def _names_of(reused: Sequence[Reused], named: Sequence[tuple[StepName, int]]) -> Iterator[StepName]:
    """The names of steps by line and instruction, each once: one of several platforms is there for each."""
    left = defaultdict(list)
    for name, line in named:
        left[line, name.instruction].append(name)
    for each in reused:
        if names := left[each.line, each.instruction]:
            yield names.pop(0)
