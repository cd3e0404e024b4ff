"""`layerfork predict --git`: what builds of commits cost, each after that of the commit before it."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import fsum
from pathlib import Path

from layerfork.app.predict.earlierbuilds import EarlierBuilds
from layerfork.app.predict.fromcache import Importing, OpenedCache, importing, open_for_prediction
from layerfork.app.predict.nearestbuilds import RecordedBuild, recorded_builds
from layerfork.app.predict.nextbuild import NextBuild, PredictOptions
from layerfork.app.predict.predicting import baseline_at, predict_next
from layerfork.app.predict.tree import dockerfile_path, places_of_named, rules_of_named
from layerfork.builders.commits.checkout import CheckedOut, Sending, check_out, contents_of
from layerfork.builders.commits.commitlist import Commit, Repository, commits_of, find_below, find_repository
from layerfork.builders.commits.objects import Blobs, Trees
from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.context.senders import sender_of
from layerfork.context.walk import no_collection
from layerfork.errors import EvidenceError, LayerforkError
from layerfork.record.answer import Cause
from layerfork.record.gopath import context_path
from layerfork.record.prediction import Baseline, Blamed, CommitPrediction, HistoryPrediction
from layerfork.record.record import BuildRecord
from layerfork.record.store.store import open_store
from layerfork.userdirs import cache_directory
from layerfork.wire.redact import Redactor

GIT_DIRECTORY = ".git"
_ANY = PredictOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitsAsked:
    """Which commits are to be predicted, and how a build sends them."""

    repository: Repository
    commits: Sequence[Commit]
    sending: Sending
    clean: Callable[[str], str]
    """A text of the repository as the recorder would keep it, without secrets."""
    named: Mapping[str, Repository] = field(default_factory=dict)
    """Directories of named contexts that lie in the same working tree."""
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Named contexts with unknown contents, and why."""


def predict_histories(
    path: str, wanted: str, *, against: str = "", store_path: str = "", cache_from: Sequence[str] = ()
) -> tuple[HistoryPrediction, ...]:
    """What builds of the commits of a range would cost, one history for each build that a command makes.

    With ``cache_from`` each is built by a builder that has nothing but what it imports from there.

    ``path`` is the context's directory in the repository; empty is that of the newest recorded build.
    ``against`` names the recorded builds to start from instead of the newest ones.
    Raises: LayerforkError.
    """
    chosen = recorded_builds(open_store(store_path), path, _ANY, against, None)
    opened = open_for_prediction(cache_from) if cache_from else None
    return tuple(_history(each, wanted, opened) for each in chosen)


def _history(recorded: RecordedBuild, wanted: str, opened: OpenedCache | None) -> HistoryPrediction:
    record = recorded.record
    repository = find_repository(recorded.root or Path())
    places, unseen = places_of_named(record)
    inside = {name: find_below(repository, directory) for name, directory in places.items()}
    asked = CommitsAsked(
        named={name: found for name, found in inside.items() if found is not None},
        unseen=unseen,
        repository=repository,
        commits=commits_of(repository, wanted),
        sending=_sending(record, repository),
        clean=Redactor(redaction_key()).clean,
    )
    blobs = Blobs(repository, cache_directory())
    baseline = baseline_at(record, datetime.now(UTC), recorded.known)
    earlier_builds = EarlierBuilds(record, recorded.earlier)
    imports = importing(earlier_builds.newest, opened, recorded.earlier) if opened is not None else None
    commits = tuple(predict_commits(earlier_builds, asked, blobs, baseline, imports))
    blobs.save()
    return HistoryPrediction(
        against=baseline,
        wanted=wanted,
        commits=commits,
        blamed=tuple(_blamed(commits)),
        assumes=tuple(_assumed(record, asked, commits, imports)),
    )


def _sending(record: BuildRecord, repository: Repository) -> Sending:
    """How the recorded build's client sends a directory. Raises: EvidenceError when that is unknown."""
    sender = sender_of(record)
    if sender is None:
        raise EvidenceError(
            "no client is known that sends a context like the recorded one, so no commit can be predicted",
            hint="record a build of a directory: layerfork why PATH, or layerfork why -- CMD",
        )
    place = dockerfile_path(record, "", repository.directory)
    if place is None:
        raise EvidenceError(
            "the recorded build's Dockerfile was not a file, so no commit has it",
            hint="record a build whose Dockerfile is committed",
        )
    return Sending(
        rules=sender.rules,
        docker_py=sender.docker_py,
        dockerfile=os.path.relpath(place, repository.directory),
        sends_git=_sends_git(record),
    )


def _assumed(
    record: BuildRecord,
    asked: CommitsAsked,
    commits: Sequence[CommitPrediction],
    imports: Importing | None,
) -> Iterator[str]:
    yield "each commit is a fresh checkout by a git with its defaults and a umask of 022"
    if imports is None:
        yield "each is built after the one before it, along first parents, and the cache loses nothing"
    else:
        source = imports.opened.source.name
        yield f"each is built by a builder that has nothing but what it imports from {source}"
        yield from imports.opened.cache.notes
    if record.request.build_args:
        yield "build arguments are those of the record"
    if record.base_images:
        names = ", ".join(dict.fromkeys(reference for reference, _ in record.base_images))
        yield f"base images are unchanged: {names}"
    known = asked.named.keys() | asked.unseen.keys()
    outside = (each.name for each in record.named_contexts if each.name not in known)
    yield from (f"the context {name} is as it was recorded: it lies in no commit" for name in outside)
    unknown = dict(pair for commit in commits for pair in commit.unmodelled)
    for reason in sorted(set(unknown.values())):
        paths = sorted(path for path, why in unknown.items() if why == reason)
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        yield f"not modelled: {paths[0]}{more} ({reason}), so steps that read it are uncertain"


def predict_commits(
    earlier_builds: EarlierBuilds,
    asked: CommitsAsked,
    blobs: Blobs,
    baseline: Baseline,
    imports: Importing | None = None,
) -> Iterator[CommitPrediction]:
    """Each commit after the one before it, the first after the newest build of ``earlier_builds``.

    A commit that cannot be built changes nothing for the next one. With ``imports`` each is built by a
    builder of its own, and compared with the newest build of ``earlier_builds``.
    """
    trees = Trees(asked.repository)
    for commit in asked.commits:
        with no_collection():
            yield _predicted(earlier_builds, asked, commit, trees, blobs, baseline, imports)


def _predicted(
    earlier_builds: EarlierBuilds,
    asked: CommitsAsked,
    commit: Commit,
    trees: Trees,
    blobs: Blobs,
    baseline: Baseline,
    imports: Importing | None,
) -> CommitPrediction:
    nothing = CommitPrediction(
        id=commit.id, committed_at=commit.committed_at, subject=asked.clean(commit.subject), prediction=None
    )
    try:
        found = check_out(asked.repository, commit, asked.sending, trees, blobs)
    except LayerforkError as error:
        return replace(nothing, problem=error.message)
    if found.dockerfile is None:
        return replace(nothing, problem=f"it has no file {asked.sending.dockerfile}")
    try:
        named = {
            name: _check_out_named(repository, commit, trees, blobs)
            for name, repository in asked.named.items()
        }
        predicted = predict_next(
            earlier_builds, _next_build(earlier_builds, asked, found, found.dockerfile, named), baseline
        )
    except LayerforkError as error:
        return replace(nothing, problem=error.message)
    prediction = predicted.prediction
    if imports is not None:
        contents = contents_of(asked.repository, blobs, found.read.manifest.entries)
        prediction = imports.predicted(predicted, contents)
    elif predicted.build is not None:
        earlier_builds.go_on(predicted.build)
    unmodelled = dict(found.unmodelled)
    for name, each in named.items():
        unmodelled |= {f"{name}: {path}": why for path, why in each.unmodelled.items()}
    return replace(nothing, prediction=prediction, unmodelled=tuple(sorted(unmodelled.items())))


def _check_out_named(repository: Repository, commit: Commit, trees: Trees, blobs: Blobs) -> CheckedOut:
    """A directory outside the context. Raises: EvidenceError when the commit does not have it."""
    found = check_out(repository, commit, Sending(rules=rules_of_named()), trees, blobs)
    if repository.prefix and not found.read.tree.statuses:
        raise EvidenceError(f"it has no directory {repository.prefix.rstrip('/')}")
    return found


def _next_build(
    earlier_builds: EarlierBuilds,
    asked: CommitsAsked,
    found: CheckedOut,
    dockerfile: str,
    named: Mapping[str, CheckedOut],
) -> NextBuild:
    manifest = found.read.manifest
    recorded = earlier_builds.newest.record.context
    name = manifest.name if recorded is None else recorded.name
    others = (replace(each.read.manifest, name=name) for name, each in named.items())
    return NextBuild(
        contexts=(replace(manifest, name=name), *others),
        dockerfile=asked.clean(dockerfile),
        unseen=asked.unseen,
    )


def _sends_git(record: BuildRecord) -> bool:
    """Whether a build sent git's own directory."""
    entries = () if record.context is None else record.context.entries
    return any(context_path(entry.name) == GIT_DIRECTORY for entry in entries)


def _blamed(commits: Iterable[CommitPrediction]) -> list[Blamed]:
    """The costliest first; of what no record shows the time, what made the most commits slow."""
    slowed: dict[tuple[str, str], list[tuple[str, float | None]]] = defaultdict(list)
    for commit in commits:
        if commit.prediction is None:
            continue
        forks = {fork.step: fork for fork in commit.prediction.judgement.forks}
        for answer in commit.prediction.answers:
            fork = forks.get(answer.step)
            if fork is not None and fork.causes:
                cause = fork.causes[0]
                slowed[_name_of(cause, answer.place), cause.code].append((commit.id, answer.seconds))
    found = [
        Blamed(
            name=name,
            code=code,
            commits=tuple(dict.fromkeys(each for each, _ in own)),
            seconds=_sum(seconds for _, seconds in own),
        )
        for (name, code), own in slowed.items()
    ]
    return sorted(found, key=lambda each: (-(each.seconds or 0), -len(each.commits), each.name))


def _name_of(cause: Cause, place: str) -> str:
    return cause.path or place


def _sum(seconds: Iterable[float | None]) -> float | None:
    known = [each for each in seconds if each is not None]
    return fsum(known) if known else None
