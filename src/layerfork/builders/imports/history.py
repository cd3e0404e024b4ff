"""Records of the builds that a BuildKit remembers, read from it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from layerfork.builders.api.buildhistory import KeptBuild
from layerfork.builders.imports.dockerbuild import StoredBuild, record_of_history
from layerfork.builders.imports.drafts import NO_ENGINE, Importer
from layerfork.builders.recording.redactionkey import key_id
from layerfork.builders.recording.secrets import sealed
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildRecord
from layerfork.wire.buildkit import control_pb2 as pb
from layerfork.wire.buildkit.fields import text
from layerfork.wire.history.historyrecord import HistoryRecord, as_utc, image_id_of
from layerfork.wire.redact import Redactor

FORM = "build history of BuildKit"
_CANCELED = 1
"""google.golang.org/grpc codes."""


def records_of_builds(
    builds: Sequence[KeptBuild], key: bytes, engine: EngineInfo | None
) -> tuple[BuildRecord, ...]:
    """A record of each build, in the same order, without secrets. ``key`` is what stand-ins are made with."""
    importer = Importer(redactor=Redactor(key), key_id=key_id(key), file_time=datetime.now(UTC).timestamp())
    return tuple(sealed(_record(each, importer, engine), importer.redactor) for each in builds)


def _record(build: KeptBuild, importer: Importer, engine: EngineInfo | None) -> BuildRecord:
    record = build.record
    attestations = [
        (text(descriptor.digest), build.blobs.get(text(descriptor.digest)))
        for result in (record.result, *(each.value for each in record.results))
        for descriptor in result.attestations
    ]
    stored = StoredBuild(
        history=_history(record),
        log=build.blobs.get(text(record.logs.digest)),
        names_log=bool(record.logs.digest),
        attestations=tuple(dict(attestations).items()),
    )
    found = record_of_history(stored, importer, FORM)
    if engine is None:
        return replace(found, ref=build.ref)
    gaps = tuple(gap for gap in found.gaps if gap != NO_ENGINE)
    return replace(found, ref=build.ref, engine=engine, builder_instance=engine.instance, gaps=gaps)


def _history(record: pb.BuildHistoryRecord) -> HistoryRecord:
    created, completed = _seconds(record.created_at), _seconds(record.completed_at)
    failed = record.HasField("error")
    return HistoryRecord(
        ref=text(record.ref),
        frontend=text(record.frontend),
        attrs={text(pair.key): text(pair.value) for pair in record.frontend_attrs},
        created=as_utc(created),
        seconds=max(0.0, completed - created),
        failed=failed,
        canceled=failed and record.error.code == _CANCELED,
        error=text(record.error.message),
        image_id=image_id_of({text(pair.key): text(pair.value) for pair in record.exporter_response})
        or _result_digest(record.result),
        platforms={
            text(descriptor.digest): text(each.key)
            for each in record.results
            for descriptor in each.value.attestations
        },
    )


def _result_digest(result: pb.BuildResultInfo) -> str:
    """The only result of a build for one platform."""
    return text(result.results[0].value.digest) if len(result.results) == 1 else ""


def _seconds(stamp: pb.Timestamp) -> float:
    return float(stamp.seconds) + stamp.nanos / 1e9
