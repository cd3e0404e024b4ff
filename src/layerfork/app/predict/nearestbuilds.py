"""`layerfork predict`: the recorded builds that a tree's next build is predicted from, and what of it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from layerfork.app.predict.nextbuild import NextBuild, PredictOptions
from layerfork.app.predict.predicting import baseline_at, predict_build, predict_from
from layerfork.app.predict.tree import plan
from layerfork.builders.clients import BuildClient, find_client
from layerfork.builders.clients.clientsender import sender_of_client
from layerfork.context.senders import Sender
from layerfork.diagnose import may_share_cache
from layerfork.errors import EvidenceError, UsageError
from layerfork.record.build import Builder
from layerfork.record.gopath import context_path
from layerfork.record.prediction import Prediction
from layerfork.record.record import BuildRecord, build_kind_of
from layerfork.record.store.recordfile import read_records
from layerfork.record.store.store import RecordStore, open_store
from layerfork.record.store.summary import KnownBuild, read_summaries

if TYPE_CHECKING:
    from layerfork.app.predict.enginefrontend import Frontend, OpenFrontend
    from layerfork.app.predict.fromcache import OpenedCache

MOST_EARLIER = 20
"""At most this many earlier builds of the same cache are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedBuild:
    """A recorded build to predict from, and the earlier ones whose results lie in its cache."""

    record: BuildRecord
    earlier: Sequence[BuildRecord] = ()
    known: int = 0
    """Builds that it was chosen from; 0 when a person named it."""
    root: Path | None = None
    """The directory that would be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionWithInputs:
    """A prediction, and what it was made of."""

    prediction: Prediction
    root: Path | None
    """The directory; None when it was made of a record alone."""
    tree: str
    """Names the directory as it was read, where it can be known again; else empty."""
    dockerfile: tuple[str, str]
    """As `NextBuild.dockerfile_file`."""


def predict_each(
    path: str,
    asked: PredictOptions,
    *,
    against: str = "",
    record: str = "",
    client: str = "",
    store_path: str = "",
    cache_from: Sequence[str] = (),
    frontend: "OpenFrontend | None" = None,
) -> tuple[PredictionWithInputs, ...]:
    """What the next build of a directory would find in the cache, one for each build that its command makes.

    ``against`` names the recorded builds to predict from instead of the newest ones, ``record`` a record file
    that is predicted from alone, ``client`` another client. With ``cache_from`` the builder
    imports from there, and has nothing else but what ``asked`` says; ``frontend`` makes the
    definitions of builds by BuildKit.
    Raises: LayerforkError.
    """
    other = opened = None
    if client:
        other = as_client(client)
    chosen = (
        _named(record, None)
        if record
        else recorded_builds(open_store(store_path), path, asked, against, other)
    )
    if frontend is not None and not any(recorded.record.builder is Builder.BUILDKIT for recorded in chosen):
        raise UsageError(
            f"the recorded build was made by {chosen[0].record.builder.value}, which has no frontend to ask",
            hint="predict without --ask-engine",
        )
    if cache_from:
        from layerfork.app.predict.fromcache import open_for_prediction  # late: start-up

        opened = open_for_prediction(cache_from)
    with frontend() if frontend is not None else nullcontext() as asking:
        found = tuple(_predict(recorded, asked, other, opened, asking) for recorded in chosen)
    if len(chosen) == 1:
        return found
    return tuple(
        replace(each, prediction=replace(each.prediction, build=build_kind_of(recorded.record).label))
        for each, recorded in zip(found, chosen, strict=True)
    )


def _predict(
    recorded: RecordedBuild,
    asked: PredictOptions,
    other: "OtherClient | None",
    opened: "OpenedCache | None",
    frontend: "Frontend | None",
) -> PredictionWithInputs:
    next_build = (
        _next_build(recorded, asked, other)
        if other is not None
        else plan(recorded.record, asked, recorded.root)
    )
    if frontend is not None:
        next_build = frontend.define(recorded.record, asked, next_build)
    return PredictionWithInputs(
        prediction=_prediction(recorded, next_build, asked, opened),
        root=recorded.root,
        tree=next_build.tree,
        dockerfile=next_build.dockerfile_file,
    )


def _next_build(recorded: RecordedBuild, asked: PredictOptions, other: "OtherClient") -> NextBuild:
    """What another client would send."""

    if recorded.root is None:
        raise without_tree(other)
    return plan_of_client(recorded.record, asked, recorded.root, other)


def _prediction(
    recorded: RecordedBuild, next_build: NextBuild, asked: PredictOptions, opened: "OpenedCache | None"
) -> Prediction:
    record = recorded.record
    baseline = baseline_at(record, datetime.now(UTC), recorded.known)
    if opened is None:
        return predict_build(record, next_build, baseline, recorded.earlier)
    from layerfork.app.predict.fromcache import importing  # late: start-up
    from layerfork.builders.caches.exported import contents_in  # late: start-up

    earlier_builds, predicted = predict_from(record, next_build, baseline, recorded.earlier)
    imports = importing(earlier_builds.newest, opened, recorded.earlier, own_cache=asked.own_cache)
    directory = record.place.directory if recorded.root is None else str(recorded.root)
    return imports.predicted(predicted, contents_in(directory, frozenset(map(context_path, asked.changed))))


def _named(file: str, root: Path | None) -> tuple[RecordedBuild, ...]:
    """The builds of a record file, of each kind the last; earlier ones of the file lie in its cache."""
    from layerfork.app.compare.comparison import named_builds  # late: start-up

    builds = named_builds(file)
    path = Path(file.rpartition("#")[0] if not Path(file).exists() else file)
    records = read_records(path)
    return tuple(
        RecordedBuild(record=each.stored.whole(), earlier=_sharing(each.record, reversed(records)), root=root)
        for each in builds
    )


def _sharing(record: BuildRecord, others: Iterator[BuildRecord]) -> tuple[BuildRecord, ...]:
    """Those made before it whose results it may have found."""
    before = (each for each in others if each.recorded_at < record.recorded_at)
    return tuple(each for each in before if may_share_cache(each, record))[:MOST_EARLIER]


def recorded_builds(
    store: RecordStore, path: str, asked: PredictOptions, against: str, other: "OtherClient | None"
) -> tuple[RecordedBuild, ...]:
    root = Path(path or ".")
    if against:
        from layerfork.app.compare.baseline import builds_named  # late: start-up

        return tuple(
            RecordedBuild(record=build.stored.whole(), root=root) for build in builds_named(store, against)
        )
    known = read_summaries(store.directory)
    newest = _newest(known, root, asked, other, anywhere=not path)
    if not newest:
        raise _no_record(root, asked)
    return tuple(_recorded_build(each, known, root if path else None) for each in newest)


def _newest(
    known: Sequence[KnownBuild],
    root: Path,
    asked: PredictOptions,
    other: "OtherClient | None",
    *,
    anywhere: bool,
) -> list[KnownBuild]:
    """The builds of the newest command that built a directory; ``anywhere``: or that ran in it.

    Those of the target that is asked for come first, and of another client those of the builder that it uses.
    """
    here = os.path.realpath(root)
    own = [each for each in known if here in _places(each, anywhere=anywhere) and _fits(each, asked)]
    same_target = (
        [each for each in own if each.outline.request.target == asked.target] if asked.target else []
    )
    own = same_target or own
    if other is not None:
        own = [each for each in own if not other.why_no_cache(each.outline)] or own
    return [each for each in own if each.summary.command == own[0].summary.command][::-1] if own else []


def _places(known: KnownBuild, *, anywhere: bool) -> tuple[str, ...]:
    place = known.outline.place
    return (place.directory, os.path.realpath(place.ran_in)) if anywhere else (place.directory,)


def _fits(known: KnownBuild, asked: PredictOptions) -> bool:
    """Whether a build was of the Dockerfile that is asked for."""
    if not asked.dockerfile:
        return True
    kind, wanted = build_kind_of(known.outline), os.path.realpath(asked.dockerfile)
    return not kind.dockerfile or os.path.realpath(Path(kind.directory) / kind.dockerfile) == wanted


def _recorded_build(newest: KnownBuild, known: Sequence[KnownBuild], root: Path | None) -> RecordedBuild:
    (record,) = read_records(newest.path)
    directory = Path(build_kind_of(record).directory)
    alike = [each for each in known if _same_build(each, newest)]
    return RecordedBuild(
        record=record,
        earlier=tuple(_read_earlier(alike, newest)),
        known=len(alike),
        root=root or (directory if directory.is_dir() else Path()),
    )


def _same_build(known: KnownBuild, newest: KnownBuild) -> bool:
    """One of the same directory, whatever its target or Dockerfile, whose results lie in the same cache."""
    one, other = build_kind_of(known.outline), build_kind_of(newest.outline)
    return (
        one.directory == other.directory
        and known.outline.recorded_at <= newest.outline.recorded_at
        and may_share_cache(known.outline, newest.outline)
    )


def _read_earlier(alike: Sequence[KnownBuild], newest: KnownBuild) -> Iterator[BuildRecord]:
    for each in alike[: MOST_EARLIER + 1]:
        if each.path != newest.path:
            try:
                yield from read_records(each.path)
            except EvidenceError:
                continue


def _no_record(root: Path, asked: PredictOptions) -> UsageError | EvidenceError:
    if not root.is_dir():
        return UsageError(f"there is no directory {root}", hint="name the directory that is built")
    what = f" with {asked.dockerfile}" if asked.dockerfile else ""
    return EvidenceError(
        f"no build of {os.path.realpath(root)}{what} was recorded yet, so there is nothing to predict from",
        hint=f"record one: layerfork why {root}, or layerfork why -- CMD; or name one with --against FILE",
    )


# What another client's build of the same directory would find: it sends the files in its own way.


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherClient:
    """A client that did not make the recorded build."""

    client: BuildClient

    def builder_of(self, record: BuildRecord) -> Builder:
        """The builder that it would use: that of the recorded build if it can."""
        client = self.client
        if client.builder is not None:
            return client.builder
        return record.builder if record.builder in client.builders else client.builders[0]

    def sender(self, record: BuildRecord) -> Sender | None:
        """How it would send a directory to the builder of the record; None where that is not modelled."""
        return sender_of_client(self.client, record.builder)

    def why_no_cache(self, record: BuildRecord) -> str:
        """Why it cannot find what the recorded build stored, whatever it sends; empty when it can."""
        builder = self.builder_of(record)
        if builder is record.builder:
            return ""
        return (
            f"{self.client.id} builds with {builder.value}: its cache is not that of {record.builder.value}"
        )


def as_client(word: str) -> OtherClient:
    """The client of an id. Raises: UsageError."""
    return OtherClient(client=find_client(word))


def plan_of_client(record: BuildRecord, asked: PredictOptions, root: Path, other: OtherClient) -> NextBuild:
    """What another client would send of a directory. Raises: UsageError."""
    sender = other.sender(record)
    why_not = other.why_no_cache(record)
    next_build = plan(record, asked, root, other.client.id, sender)
    return replace(next_build, other_cache=why_not)


def without_tree(client: OtherClient) -> UsageError:
    """It sends a directory, and there is none."""
    return UsageError(
        f"--client {client.client.id} needs the directory that it would send",
        hint="leave --record out, or use --against FILE with a PATH",
    )
