"""`layerfork history`, and `layerfork why` for builds that were not recorded."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from layerfork.app.history.explaining import explain_history
from layerfork.app.history.sources import (
    KEPT,
    Found,
    Wanted,
    builds_of_engines,
    builds_of_files,
    builds_of_store,
)
from layerfork.app.history.trees import CommitTrees, Tree
from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.errors import EvidenceError, LayerforkError, UsageError
from layerfork.record.history import FoundBuild, HistoryReport
from layerfork.record.progress import Say
from layerfork.record.run import DiffReport
from layerfork.record.store.store import open_store
from layerfork.userdirs import cache_directory
from layerfork.wire.redact import Redactor

_ID_CHARACTERS = 4
"""So many characters of an id name a build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryAsked:
    """What `layerfork history` was asked for."""

    files: Sequence[str] = ()
    """Files and directories; empty for engines and kept records."""
    engine: str = ""
    repository: str = ""
    newest: int = 50
    here: bool = False
    """Only builds of the working directory."""
    store: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


def list_history(asked: HistoryAsked, say: Say) -> HistoryReport:
    """Every build that is found, each with the reason why it missed, the newest first.

    Raises: LayerforkError for a file, an engine or a repository that was named and cannot be read.
    """
    problems: list[str] = []
    found = _find(asked, problems, say)
    newest = sorted(found, key=_began, reverse=True)
    chosen = {each.id for each in newest[: asked.newest]}
    builds = _explain(asked, found, chosen, say)
    return HistoryReport(
        builds=tuple(reversed(builds)), problems=tuple(problems), older=len(newest) - len(chosen)
    )


def explain_one(asked: HistoryAsked, word: str, say: Say) -> tuple[DiffReport, ...]:
    """The build whose id begins with ``word``, or the newest of this directory when it is empty.

    Raises: EvidenceError when there is none; UsageError when there are several.
    """
    problems: list[str] = []
    found = sorted(_find(asked, problems, say), key=_began, reverse=True)
    named = [each for each in found if each.id.startswith(word)] if word else found[:1]
    if len(named) > 1:
        raise UsageError(
            f"{len(named)} builds have an id that begins with {word}", "write more characters of the id"
        )
    if not named:
        what = (
            f"no build with the id {word} was found"
            if word
            else f"no build in {Path.cwd()} was recorded yet, and no build history has one"
        )
        more = f" ({'; '.join(problems)})" if problems else ""
        raise EvidenceError(
            f"{what}{more}",
            hint="record one: layerfork why PATH, or layerfork why -- CMD; `layerfork history` lists others",
        )
    (build,) = _explain(asked, found, {named[0].id}, say)
    if build.report is None:
        raise EvidenceError(
            f"the build {build.id[:12]} is the first of its kind in {build.where}: no earlier build is known",
            hint="`layerfork history` lists the builds that are found",
        )
    return (build.report,)


def _began(found: Found) -> str:
    return found.record.recorded_at


def _find(asked: HistoryAsked, problems: list[str], say: Say) -> list[Found]:
    """Each build once: a kept record shows more than a history."""
    if asked.files:
        return _distinct(builds_of_files(asked.files, problems, say))
    kept = list(builds_of_store(open_store(asked.store), asked.newest))
    wanted = Wanted(newest=asked.newest, engine=asked.engine, environment=asked.environment)
    found = _distinct([*kept, *builds_of_engines(wanted, problems, say)])
    return [each for each in found if not asked.here or _is_here(each)]


def _distinct(found: Iterable[Found]) -> list[Found]:
    distinct: dict[str, Found] = {}
    for each in found:
        distinct.setdefault(each.record.ref or each.id, each)
    return list(distinct.values())


def _is_here(found: Found) -> bool:
    place = found.record.place
    here = os.path.realpath(Path.cwd())
    return here in (os.path.realpath(each) for each in (place.directory, place.ran_in) if each)


def _explain(asked: HistoryAsked, found: Sequence[Found], chosen: set[str], say: Say) -> list[FoundBuild]:
    repositories = _Repositories(asked.repository)
    builds: list[FoundBuild] = []
    try:
        for build in explain_history(found, repositories.tree_of, lambda each: each.id in chosen):
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

    def tree_of(self, found: Found) -> Tree:
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
            except LayerforkError:
                self._opened[directory] = "no repository was named that has its commit (--repo DIR)"
        return self._opened[directory]

    def save(self) -> None:
        """Keep the digests of files for the next time."""
        for trees in self._opened.values():
            if isinstance(trees, CommitTrees):
                trees.save()
