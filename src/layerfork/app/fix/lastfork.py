"""The last build that missed something, of those that are kept or that record files hold."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from layerfork.app.compare.baseline import (
    EARLIER_BUILD,
    THIS_BUILD,
    chain_of,
    choose_baseline,
    earlier_builds,
    exported_over,
    places_of_build,
)
from layerfork.app.compare.buildpairing import pair_builds
from layerfork.app.compare.comparison import diff_stored, named_builds
from layerfork.errors import EvidenceError
from layerfork.keys import keys_of
from layerfork.record.record import BuildRecord, build_kind_of
from layerfork.record.run import DiffReport
from layerfork.record.store.recordfile import read_records, read_stored, stored
from layerfork.record.store.store import open_store
from layerfork.record.store.summary import KnownBuild, read_summaries

_MOST_LOOKED_AT = 20
"""At most this many builds of one kind are searched for the last one that forked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked:
    """A build that forked, the earlier one, and what is said of them."""

    writer: BuildRecord
    reader: BuildRecord
    report: DiffReport


def forked_in(files: Sequence[str]) -> tuple[Forked, ...]:
    """The builds of a file that forked, or of two files. Raises: EvidenceError, UsageError."""
    if len(files) == 1:
        (reader,) = named_builds(files[0])[-1:]
        earlier = [
            each
            for each in read_stored(Path(files[0].partition("#")[0]))
            if build_kind_of(each.outline) == reader.kind
        ]
        writers = [each for each in earlier if each.outline.recorded_at < reader.record.recorded_at]
        if not writers:
            raise EvidenceError(
                f"{files[0]} holds no earlier build of the same kind",
                hint="name two files: the earlier build's and the later one's",
            )
        pairs = [(writers[-1], reader.stored)]
    else:
        found = pair_builds(named_builds(files[0]), named_builds(files[1]))
        pairs = [(writer.stored, reader.stored) for writer, reader in found.pairs]
    return tuple(
        Forked(
            writer=writer.whole(),
            reader=reader.whole(),
            report=diff_stored(writer, reader, EARLIER_BUILD, THIS_BUILD, again=True),
        )
        for writer, reader in pairs
    )


def last_forks(store_path: str, path: str, argv: Sequence[str]) -> tuple[Forked, ...]:
    """Of each build of the newest command that is meant, the last one that forked. Raises: EvidenceError."""
    store = open_store(store_path)
    known = read_summaries(store.directory)
    here = os.path.realpath(path or ".")
    own = [each for each in known if here in places_of_build(each) and _is_of(each, argv)]
    if not own:
        what = " ".join(argv) or path or "."
        raise EvidenceError(
            f"no build of {what} was recorded yet, so there is nothing to fix",
            hint=f"record one: layerfork why {'-- ' if argv else ''}{what}",
        )
    newest = [each for each in own if each.summary.command == own[0].summary.command]
    found = (_last_fork(each, known, several=len(newest) > 1) for each in reversed(newest))
    return tuple(each for each in found if each is not None)


def _is_of(known: KnownBuild, argv: Sequence[str]) -> bool:
    return not argv or known.outline.client.argv == tuple(argv)


def _last_fork(newest: KnownBuild, known: Sequence[KnownBuild], *, several: bool) -> Forked | None:
    """The newest build of the same that an earlier one explains, and that was of the same project: a fork of
    another Dockerfile, or of one with other ignore patterns, may be fixed by now."""
    kind = build_kind_of(newest.outline)
    alike = [
        each
        for each in known
        if build_kind_of(each.outline) == kind and each.outline.recorded_at <= newest.outline.recorded_at
    ]
    project: object = None
    for each in alike[:_MOST_LOOKED_AT]:
        (record,) = read_records(each.path)
        project = project or _project(record)
        if _project(record) != project:
            return None
        earlier = earlier_builds(known, record)
        chosen = choose_baseline(earlier, record, partial(_chain, record))
        if chosen is None:
            continue
        report = diff_stored(
            chosen.stored,
            stored(record),
            EARLIER_BUILD,
            THIS_BUILD,
            again=True,
            exported_over=exported_over(known, chosen.stored.outline, record),
        )
        if report.judgement.forks:
            return Forked(
                writer=chosen.stored.whole(),
                reader=record,
                report=replace(report, build=kind.label if several else "", baseline=chosen.baseline),
            )
    return None


def _chain(record: BuildRecord) -> tuple[str, ...]:
    return chain_of(keys_of(record))


def _project(record: BuildRecord) -> tuple[str | None, tuple[str, ...]]:
    return record.request.dockerfile, record.context.excludes if record.context is not None else ()
