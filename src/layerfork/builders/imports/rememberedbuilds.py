"""Records of the builds that a BuildKit remembers, read from it."""

from collections.abc import Sequence
from dataclasses import replace

from layerfork.builders.api.buildhistory import RememberedBuild, attestations_of
from layerfork.builders.imports.dockerbuild import StoredBuild, record_of_history
from layerfork.builders.imports.drafts import NO_ENGINE, Importer
from layerfork.builders.recording.redactionkey import key_id
from layerfork.builders.recording.secrets import sealed
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildRecord
from layerfork.wire.buildkit.fields import text
from layerfork.wire.history.historyrecord import read_history_message
from layerfork.wire.redact import Redactor

FORM = "build history of BuildKit"


def records_of_builds(
    builds: Sequence[RememberedBuild], key: bytes, engine: EngineInfo | None
) -> tuple[BuildRecord, ...]:
    """A record of each build, in the same order, without secrets. ``key`` is what stand-ins are made with."""
    importer = Importer(redactor=Redactor(key), key_id=key_id(key), file_time=0.0)
    return tuple(sealed(_record(each, importer, engine), importer.redactor) for each in builds)


def _record(build: RememberedBuild, importer: Importer, engine: EngineInfo | None) -> BuildRecord:
    digests = dict.fromkeys(text(each.digest) for each in attestations_of(build.record))
    stored = StoredBuild(
        history=read_history_message(build.record),
        log=build.blobs.get(text(build.record.logs.digest)),
        names_log=bool(build.record.logs.digest),
        attestations=tuple((digest, build.blobs.get(digest)) for digest in digests),
    )
    found = replace(record_of_history(stored, importer, FORM), ref=stored.history.ref)
    if engine is None:
        return found
    gaps = tuple(gap for gap in found.gaps if gap != NO_ENGINE)
    return replace(found, engine=engine, builder_instance=build.worker or engine.instance, gaps=gaps)
