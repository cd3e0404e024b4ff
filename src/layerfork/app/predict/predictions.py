"""`layerfork predict`: the recorded builds that a tree's next build is predicted from, and what of it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from layerfork.app.predict.planned import Asked, Planned
from layerfork.app.predict.predicting import baseline_at, foresee_build, predict_build
from layerfork.app.predict.tree import plan
from layerfork.builders.clients import BuildClient, find_client
from layerfork.builders.clients.sending import sender_of_client
from layerfork.context.senders import Sender
from layerfork.diagnose import may_share_cache
from layerfork.errors import EvidenceError, UsageError
from layerfork.record.build import Builder
from layerfork.record.gopath import context_path
from layerfork.record.prediction import Prediction
from layerfork.record.record import BuildRecord, kind_of
from layerfork.record.store.recordfile import read_records
from layerfork.record.store.store import RecordStore, open_store
from layerfork.record.store.summary import KnownBuild, read_summaries

if TYPE_CHECKING:
    from layerfork.app.predict.fromcache import OpenedCache
    from layerfork.app.predict.frontend import Frontend, OpenFrontend

MOST_EARLIER = 20
"""So many earlier builds of the same cache are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """A recorded build to predict from, and the earlier ones whose results lie in its cache."""

    record: BuildRecord
    earlier: Sequence[BuildRecord] = ()
    known: int = 0
    """Builds that it was chosen from; 0 when a person named it."""
    root: Path | None = None
    """The directory that would be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """A prediction, and what it was made of."""

    prediction: Prediction
    root: Path | None
    """The directory; None when it was made of a record alone."""
    tree: str
    """Names the directory as it was read, where it can be known again; else empty."""
    dockerfile: tuple[str, str]
    """As `Planned.dockerfile_file`."""


def predict_each(
    path: str,
    asked: Asked,
    *,
    against: str = "",
    record: str = "",
    client: str = "",
    store_path: str = "",
    cache_from: Sequence[str] = (),
    frontend: "OpenFrontend | None" = None,
) -> tuple[Predicted, ...]:
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
    bases = _named(record, None) if record else bases_of(open_store(store_path), path, asked, against, other)
    if frontend is not None and not any(basis.record.builder is Builder.BUILDKIT for basis in bases):
        raise UsageError(
            f"the recorded build was made by {bases[0].record.builder.value}, which has no frontend to ask",
            hint="predict without --ask-engine",
        )
    if cache_from:
        from layerfork.app.predict.fromcache import open_for_prediction

        opened = open_for_prediction(cache_from)
    with frontend() if frontend is not None else nullcontext() as asking:
        found = tuple(_predict(basis, asked, other, opened, asking) for basis in bases)
    if len(bases) == 1:
        return found
    return tuple(
        replace(each, prediction=replace(each.prediction, build=kind_of(basis.record).label))
        for each, basis in zip(found, bases, strict=True)
    )


def _predict(
    basis: Basis,
    asked: Asked,
    other: "OtherClient | None",
    opened: "OpenedCache | None",
    frontend: "Frontend | None",
) -> Predicted:
    planned = _planned(basis, asked, other) if other is not None else plan(basis.record, asked, basis.root)
    if frontend is not None:
        planned = frontend.define(basis.record, asked, planned)
    return Predicted(
        prediction=_prediction(basis, planned, asked, opened),
        root=basis.root,
        tree=planned.tree,
        dockerfile=planned.dockerfile_file,
    )


def _planned(basis: Basis, asked: Asked, other: "OtherClient") -> Planned:
    """What another client would send."""

    if basis.root is None:
        raise without_tree(other)
    return plan_of_client(basis.record, asked, basis.root, other)


def _prediction(basis: Basis, planned: Planned, asked: Asked, opened: "OpenedCache | None") -> Prediction:
    record = basis.record
    baseline = baseline_at(record, datetime.now(UTC), basis.known)
    if opened is None:
        return predict_build(record, planned, baseline, basis.earlier)
    from layerfork.app.predict.fromcache import importing
    from layerfork.builders.caches.files import contents_in

    past, foreseen = foresee_build(record, planned, baseline, basis.earlier)
    imports = importing(past.newest, opened, basis.earlier, own_cache=asked.own_cache)
    directory = record.place.directory if basis.root is None else str(basis.root)
    return imports.predicted(foreseen, contents_in(directory, frozenset(map(context_path, asked.changed))))


def _named(file: str, root: Path | None) -> tuple[Basis, ...]:
    """The builds of a record file, of each kind the last; earlier ones of the file lie in its cache."""
    from layerfork.app.compare.comparison import named_builds

    builds = named_builds(file)
    path = Path(file.rpartition("#")[0] if not Path(file).exists() else file)
    records = read_records(path)
    return tuple(
        Basis(record=each.stored.whole(), earlier=_sharing(each.record, reversed(records)), root=root)
        for each in builds
    )


def _sharing(record: BuildRecord, others: Iterator[BuildRecord]) -> tuple[BuildRecord, ...]:
    """Those made before it whose results it may have found."""
    before = (each for each in others if each.recorded_at < record.recorded_at)
    return tuple(each for each in before if may_share_cache(each, record))[:MOST_EARLIER]


def bases_of(
    store: RecordStore, path: str, asked: Asked, against: str, other: "OtherClient | None"
) -> tuple[Basis, ...]:
    root = Path(path or ".")
    if against:
        from layerfork.app.compare.baseline import builds_named

        return tuple(Basis(record=build.stored.whole(), root=root) for build in builds_named(store, against))
    known = read_summaries(store.directory)
    newest = _newest(known, root, asked, other, anywhere=not path)
    if not newest:
        raise _no_record(root, asked)
    return tuple(_basis(each, known, root if path else None) for each in newest)


def _newest(
    known: Sequence[KnownBuild], root: Path, asked: Asked, other: "OtherClient | None", *, anywhere: bool
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


def _fits(known: KnownBuild, asked: Asked) -> bool:
    """Whether a build was of the Dockerfile that is asked for."""
    if not asked.dockerfile:
        return True
    kind, wanted = kind_of(known.outline), os.path.realpath(asked.dockerfile)
    return not kind.dockerfile or os.path.realpath(Path(kind.directory) / kind.dockerfile) == wanted


def _basis(newest: KnownBuild, known: Sequence[KnownBuild], root: Path | None) -> Basis:
    (record,) = read_records(newest.path)
    directory = Path(kind_of(record).directory)
    alike = [each for each in known if _same_build(each, newest)]
    return Basis(
        record=record,
        earlier=tuple(_read_earlier(alike, newest)),
        known=len(alike),
        root=root or (directory if directory.is_dir() else Path()),
    )


def _same_build(known: KnownBuild, newest: KnownBuild) -> bool:
    """One of the same directory, whatever its target or Dockerfile, whose results lie in the same cache."""
    one, other = kind_of(known.outline), kind_of(newest.outline)
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


def _no_record(root: Path, asked: Asked) -> UsageError | EvidenceError:
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


def plan_of_client(record: BuildRecord, asked: Asked, root: Path, other: OtherClient) -> Planned:
    """What another client would send of a directory. Raises: UsageError."""
    sender = other.sender(record)
    why_not = other.why_no_cache(record)
    planned = plan(record, asked, root, other.client.id, sender)
    return replace(planned, other_cache=why_not)


def without_tree(client: OtherClient) -> UsageError:
    """It sends a directory, and there is none."""
    return UsageError(
        f"--client {client.client.id} needs the directory that it would send",
        hint="leave --record out, or use --against FILE with a PATH",
    )
