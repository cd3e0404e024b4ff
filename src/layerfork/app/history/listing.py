"""`layerfork history`, and `layerfork why` for builds that were not recorded."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

from layerfork.app.history.ci import builds_fetched_before, builds_of_ci, names_ci
from layerfork.app.history.explaining import explain_against, explain_history
from layerfork.app.history.measuring import Measurer
from layerfork.app.history.naming import build_named, is_here, is_named, is_offset, newest_here
from layerfork.app.history.sources import (
    KEPT,
    PastBuild,
    Wanted,
    builds_of_engines,
    builds_of_files,
    builds_of_store,
    image_layers,
)
from layerfork.app.history.trees import CommitTrees, Tree
from layerfork.builders.ci.project import RunsAsked
from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.diagnose.cachecost import unread_exports
from layerfork.diagnose.trends import trends_of
from layerfork.errors import EvidenceError, LayerforkError, UsageError
from layerfork.record.balance import UnreadExport
from layerfork.record.history import ExplainedBuild, HistoryReport
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord
from layerfork.record.run import DiffReport
from layerfork.record.store.store import open_store
from layerfork.record.store.summary import read_summaries
from layerfork.userdirs import cache_directory
from layerfork.wire.redact import Redactor

_ELSEWHERE = (
    "this build reused its first steps from a third build: `layerfork why {}` compares it with the closest "
    "one"
)
_MOST = 500
"""At most this many builds of each source are searched for the one to explain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryAsked:
    """What `layerfork history` was asked for."""

    files: Sequence[str] = ()
    """Files, directories and projects of CI systems; empty for engines and kept records."""
    engine: str = ""
    repository: str = ""
    newest: int = 50
    """The most builds to list; 0 for all."""
    runs: int = 100
    """The most runs to read of each project of a CI system."""
    workflow: str = ""
    branch: str = ""
    """Of these runs those of one workflow and branch; empty for all."""
    here: bool = False
    """Only builds of the working directory."""
    store: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


def list_history(asked: HistoryAsked, say: Say) -> HistoryReport:
    """Every build that is found, each with the reason why it missed, the newest first.

    Raises: LayerforkError for a file, an engine or a repository that was named and cannot be read.
    """
    problems: list[str] = []
    found = _find(asked, is_here if asked.here else _is_any, problems, say)
    chosen = {each.id for each in found[: asked.newest or None]}
    builds = _explain(asked, found, chosen, say)
    return HistoryReport(
        builds=tuple(reversed(builds)),
        problems=tuple(problems),
        older=len(found) - len(chosen),
        trends=trends_of(builds),
        unread=_unread(found, chosen),
    )


def _unread(found: Sequence[PastBuild], chosen: Collection[str]) -> tuple[UnreadExport, ...]:
    """Of the chosen builds; ``found`` are all, the newest first."""
    every = [(each.id, each.record) for each in reversed(found)]
    return tuple(each for each in unread_exports(every) if each.id in chosen)


def explain_one(asked: HistoryAsked, word: str, say: Say, against: str = "") -> tuple[DiffReport, ...]:
    """The build that ``word`` names, or the newest of this directory when it is empty.

    It is compared with the build that ``against`` names, a file of one build or one of the list; when that is
    empty, with an earlier build of the same kind.
    Raises: EvidenceError when there is no such build; UsageError when there are several.
    """
    problems: list[str] = []
    in_file = bool(against) and Path(against).exists()
    words = [each for each in (word, "" if in_file else against) if each]
    found = _find(replace(asked, newest=_MOST), _wanted(asked, words), problems, say)
    found = _with_fetched(found, words)
    here = [each for each in found if is_here(each.record)] if words and not word else found
    build = build_named(found, word, problems) if word else newest_here(here, problems)
    repositories = _Repositories(asked.repository)
    at_hand = Path(asked.repository or build.record.place.directory or ".")
    layers_of = partial(image_layers, asked.environment)
    try:
        if against:
            other = _only_build(against, say) if in_file else build_named(found, against, problems)
            if other.id == build.id:
                raise UsageError(f"{against} is the build itself", hint="name another one with --against")
            report = explain_against(build, other, repositories.tree_of, at_hand, layers_of)
            if not report.answers and any(
                each.code == "reused-elsewhere" for each in report.judgement.warnings
            ):
                say(_ELSEWHERE.format(build.id[:12]))
            return (report,)
        (explained,) = explain_history(
            found,
            repositories.tree_of,
            lambda each: each.id == build.id,
            at_hand=at_hand,
            layers_of=layers_of,
        )
    finally:
        repositories.save()
    if explained.report is None:
        raise EvidenceError(
            f"the build {build.id[:12]} is the first of its kind in {build.where}: no earlier build is known",
            hint="name one that it is to be compared with: --against ID; `layerfork history` lists them",
        )
    return (explained.report,)


def _wanted(asked: HistoryAsked, words: Sequence[str]) -> Callable[[BuildRecord], bool]:
    """Which kept records are read: those of this directory, or of where the named builds were made."""
    if not words:
        return is_here
    if any(map(is_offset, words)):
        return _is_any
    kept = [each.outline for each in read_summaries(open_store(asked.store).directory)]
    places = {_place(each) for each in kept if any(is_named(each, word) for word in words)}
    return lambda outline: _place(outline) in places or is_here(outline)


def _with_fetched(found: list[PastBuild], words: Sequence[str]) -> list[PastBuild]:
    """Also the builds of CI systems that were fetched before, where a word names none of the others."""
    unknown = [
        word
        for word in words
        if not is_offset(word) and not any(is_named(each.record, word) for each in found)
    ]
    return _distinct(chain(found, builds_fetched_before())) if unknown else found


def _only_build(word: str, say: Say) -> PastBuild:
    """The one build of a file. Raises: EvidenceError, UsageError."""
    builds = tuple(builds_of_files((word,), [], say))
    if len(builds) != 1:
        raise UsageError(
            f"{word} holds {len(builds)} builds", hint="name a file of one build, or the id of a build"
        )
    return builds[0]


def _find(
    asked: HistoryAsked, is_wanted: Callable[[BuildRecord], bool], problems: list[str], say: Say
) -> list[PastBuild]:
    """The builds of files and projects, else of kept records and engines: each once, newest first."""
    if asked.files:
        return _distinct(_builds_of_words(asked, problems, say))
    kept = builds_of_store(open_store(asked.store), asked.newest, is_wanted)
    wanted = Wanted(newest=asked.newest, engine=asked.engine, environment=asked.environment)
    remembered = builds_of_engines(wanted, problems, say)
    if is_wanted is is_here:
        remembered = (each for each in remembered if is_here(each.record))
    return _distinct(chain(kept, remembered))


def _builds_of_words(asked: HistoryAsked, problems: list[str], say: Say) -> Iterator[PastBuild]:
    runs = RunsAsked(newest=asked.runs, workflow=asked.workflow, branch=asked.branch)
    for word in asked.files:
        if names_ci(word):
            yield from builds_of_ci(word, runs, asked.environment, problems, say)
        else:
            yield from builds_of_files((word,), problems, say)


def _distinct(found: Iterable[PastBuild]) -> list[PastBuild]:
    """Each build once, the newest first.

    A kept record shows more than a history: the first counts. But only a history names base images by the
    digests that other builds of the history name.
    """
    distinct: dict[str, PastBuild] = {}
    for each in found:
        first = distinct.setdefault(each.record.ref or each.id, each)
        if digests := () if first.record.image_digests else each.record.image_digests:
            record = replace(first.record, image_digests=digests)
            distinct[record.ref or first.id] = replace(first, record=record)
    return sorted(distinct.values(), key=lambda each: each.record.recorded_at, reverse=True)


def _is_any(record: BuildRecord) -> bool:
    return True


def _place(record: BuildRecord) -> str:
    return record.place.directory or record.place.ran_in


def _explain(
    asked: HistoryAsked, found: Sequence[PastBuild], chosen: set[str], say: Say
) -> list[ExplainedBuild]:
    repositories = _Repositories(asked.repository)
    builds: list[ExplainedBuild] = []
    try:
        measurer = Measurer()
        for build in explain_history(found, repositories.tree_of, lambda each: each.id in chosen, measurer):
            builds.append(build)
            if len(builds) % 10 == 0:
                say(f"{len(builds)} of {len(chosen)} builds explained")
    finally:
        repositories.save()
    return builds


class _Repositories:
    """The repositories that builds were made of: one that was named, or that of each build's directory."""

    def __init__(self, named: str) -> None:
        """Raises: UsageError when the named directory lies in no repository."""
        self._named = named
        self._clean = Redactor(redaction_key()).clean
        self._opened: dict[Path, CommitTrees | str] = {}
        if named:
            self._opened[Path(named)] = CommitTrees(Path(named), cache_directory(), self._clean)

    def tree_of(self, found: PastBuild) -> Tree:
        """The build with the files of its commit, where they are known."""
        if found.record.context is not None or found.where == KEPT:
            return Tree(record=found.record, unmodelled={})
        own = found.record.place.directory
        directory = Path(self._named or (own if own and Path(own).is_dir() else "."))
        trees = self._open(directory)
        if isinstance(trees, str):
            return Tree(record=found.record, why_not=trees, unmodelled={})
        return trees.of(found.record)

    def _open(self, directory: Path) -> CommitTrees | str:
        if directory not in self._opened:
            try:
                self._opened[directory] = CommitTrees(directory, cache_directory(), self._clean)
            except LayerforkError as error:
                self._opened[directory] = f"{error.message}; --repo DIR names a repository"
        return self._opened[directory]

    def save(self) -> None:
        """Keep the digests of files for the next time."""
        for trees in self._opened.values():
            if isinstance(trees, CommitTrees):
                trees.save()
