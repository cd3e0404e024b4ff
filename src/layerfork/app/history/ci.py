"""Builds of CI systems: fetched, or as they were fetched before."""

from collections.abc import Callable, Iterator, Mapping

from layerfork.app.history.sources import PastBuild
from layerfork.builders.ci.fetching import Fetching, KeptRuns, RunBuild, kept_builds
from layerfork.builders.ci.github import PREFIX as GITHUB
from layerfork.builders.ci.github import GitHub
from layerfork.builders.ci.gitlab import PREFIX as GITLAB
from layerfork.builders.ci.gitlab import GitLab
from layerfork.builders.ci.project import Project, RunsAsked
from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.record.progress import Say
from layerfork.userdirs import cache_directory

_SYSTEMS: Mapping[str, Callable[[str, Mapping[str, str], Say], Project]] = {GITHUB: GitHub, GITLAB: GitLab}


def names_ci(word: str) -> bool:
    """Whether a word names a project of a CI system: ``github:OWNER/NAME``."""
    return word.startswith(tuple(_SYSTEMS))


def builds_of_ci(
    word: str, asked: RunsAsked, environment: Mapping[str, str], problems: list[str], say: Say
) -> Iterator[PastBuild]:
    """The builds of a project's runs. What its runs do not have any more becomes lines of ``problems``.

    Raises: LayerforkError when the project cannot be read at all.
    """
    make = next(system for prefix, system in _SYSTEMS.items() if word.startswith(prefix))
    project = make(word, environment, say)
    fetching = Fetching(
        project=project,
        kept=KeptRuns(cache_directory(), project.name),
        key=redaction_key(),
        problems=problems,
        say=say,
    )
    yield from map(_past, fetching.builds(asked))


def builds_fetched_before() -> Iterator[PastBuild]:
    """The builds of every project that were fetched before."""
    yield from map(_past, kept_builds(cache_directory()))


def _past(build: RunBuild) -> PastBuild:
    run, record = build.run, build.record
    series = (run.project, run.workflow, run.job, str(build.place))
    return PastBuild(
        record=record, where=run.project, id=record.ref or record.id, run=run, series=" ".join(series)
    )
