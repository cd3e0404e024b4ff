"""Records of archives of ``docker buildx history export``: an OCI layout with records of the history.

Source: docker/buildx util/desktop/bundle/export.go @ v0.29.1; opencontainers/image-spec image-layout.md.
"""

import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from typing import Any

from layerfork.builders.imports.drafts import Importer, with_parts
from layerfork.builders.imports.provenance import image_digests_of, predicate_of
from layerfork.errors import EvidenceError
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, Gap
from layerfork.wire.buildkit.vertices import read_label
from layerfork.wire.history.historybuild import LeftBehind, LeftParts, read_left_behind
from layerfork.wire.history.historyrecord import (
    LOG_TYPE,
    MEDIA_TYPE,
    HistoryRecord,
    StoredProgress,
    read_history_record,
    read_json,
    read_stored_log,
)
from layerfork.wire.history.provenance import Provenance, read_provenance

FORM = "build history export (.dockerbuild)"
ATTESTATION_TYPE = "application/vnd.in-toto+json"
_INDEX = "index.json"
_ENDS_EARLY = "it ends early, or is too large"
_MAX_MEMBERS = 10_000
_MAX_RECORDS = 1000
_DEPTH = 3
"""Indexes in each other."""


class Archive:
    """The members of an archive, by name."""

    def __init__(self, data: bytes) -> None:
        """Read as much as is there."""
        self.members: dict[str, bytes] = {}
        self.damage = ""
        """What is wrong with it; empty when all is well."""
        try:
            with tarfile.open(fileobj=BytesIO(data), mode="r:") as archive:
                self._read(archive)
        except (tarfile.TarError, EOFError, ValueError, OverflowError, OSError) as error:
            self.damage = str(error) or type(error).__name__

    def _read(self, archive: tarfile.TarFile) -> None:
        for number, member in enumerate(archive):
            if number >= _MAX_MEMBERS:
                self.damage = f"it has more than {_MAX_MEMBERS} members"
                return
            file = archive.extractfile(member) if member.isreg() else None
            if file is not None:
                self.members[member.name.removeprefix("./")] = file.read()

    def blob(self, descriptor: Any) -> bytes | None:
        """What a descriptor names, if it is there and has its digest."""
        digest = descriptor.get("digest") if isinstance(descriptor, Mapping) else None
        algorithm, _, hexadecimal = digest.partition(":") if isinstance(digest, str) else ("", "", "")
        data = self.members.get(f"blobs/{algorithm}/{hexadecimal}")
        if data is None or algorithm != "sha256" or sha256(data).hexdigest() != hexadecimal:
            return None
        return data

    def json_blob(self, descriptor: Any) -> Mapping[str, Any]:
        """The JSON object that a descriptor names; empty when it is not there or none."""
        return _object(self.blob(descriptor))


def is_archive(data: bytes) -> bool:
    """Whether these are the bytes of a tar."""
    return data[257:262] == b"ustar"


def import_archive(data: bytes, importer: Importer) -> tuple[BuildRecord, ...]:
    """The builds of an archive. Raises: EvidenceError when it holds none."""
    archive = Archive(data)
    index = _object(archive.members.get(_INDEX))
    records = [_record(archive, manifest, importer) for manifest in _manifests(archive, index, _DEPTH)]
    if records:
        return tuple(records[:_MAX_RECORDS])
    if archive.damage or importer.cut:
        raise EvidenceError(
            f"the archive is damaged before its first build record: {archive.damage or _ENDS_EARLY}",
            hint="export the build once more: docker buildx history export -o FILE",
        )
    no_index = "" if _INDEX in archive.members else f": it has no {_INDEX}, which comes last in an export"
    raise EvidenceError(
        f"the archive holds no record of BuildKit's history{no_index}",
        hint="name a file that `docker buildx history export -o FILE` wrote",
    )


def _manifests(archive: Archive, index: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    """Manifests whose configuration is a record of the history."""
    descriptors = index.get("manifests")
    for descriptor in (descriptors if isinstance(descriptors, list) and depth else ())[:_MAX_RECORDS]:
        found = archive.json_blob(descriptor)
        if "manifests" in found:
            yield from _manifests(archive, found, depth - 1)
        elif _at(found, "config", "mediaType") == MEDIA_TYPE:
            yield found


def _record(archive: Archive, manifest: Mapping[str, Any], importer: Importer) -> BuildRecord:
    history = read_history_record(archive.json_blob(manifest["config"]))
    layers = manifest.get("layers")
    layers = [each for each in layers if isinstance(each, Mapping)] if isinstance(layers, list) else []
    logs = [archive.blob(layer) for layer in layers if layer.get("mediaType") == LOG_TYPE]
    attestations = [layer for layer in layers if layer.get("mediaType") == ATTESTATION_TYPE]
    found = record_of_history(
        StoredBuild(
            history=history,
            log=logs[0] if logs else None,
            names_log=bool(logs),
            attestations=tuple((str(each.get("digest")), archive.blob(each)) for each in attestations),
        ),
        importer,
        FORM,
    )
    return replace(found, ref=history.ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBuild:
    """A build of BuildKit's history, from an archive or from the BuildKit that keeps it."""

    history: HistoryRecord
    log: bytes | None
    """None when it is missing or damaged."""
    names_log: bool
    """Whether the record names a log at all."""
    attestations: Sequence[tuple[str, bytes | None]]
    """Digest and bytes of each; None when they are missing or damaged."""


def record_of_history(stored: StoredBuild, importer: Importer, form: str) -> BuildRecord:
    """The build as a record; what it lacks is in the gaps."""
    gaps: list[Gap] = []
    history = stored.history
    if not history.ref:
        gaps.append(Gap(where="history record", what="it is missing or damaged"))
    progress = _progress(stored, gaps)
    provenance = _provenance(stored, gaps)
    left = LeftBehind(
        attrs=history.attrs or (provenance[0].attrs if provenance else {}),
        frontend=history.frontend or (provenance[0].frontend if provenance else ""),
        provenance=provenance,
        vertices=progress.vertices if progress is not None else None,
    )
    parts = read_left_behind(left, importer.redactor)
    draft = importer.draft(form, Builder.BUILDKIT, history.created)
    result = _result(history, parts)
    return replace(
        with_parts(draft, parts, *gaps),
        result=replace(result, error=importer.redactor.clean(result.error)),
        image_digests=image_digests_of(provenance),
        seconds=round(history.seconds or 0.0, 6),
    )


def _progress(stored: StoredBuild, gaps: list[Gap]) -> StoredProgress | None:
    if stored.log is None:
        what = (
            "its blob is missing or damaged"
            if stored.names_log
            else "the history holds none: which steps were reused is not known"
        )
        gaps.append(Gap(where="log", what=what))
        return None
    progress = StoredProgress()
    read_stored_log(stored.log, progress)
    gaps += progress.gaps
    return progress


def _provenance(stored: StoredBuild, gaps: list[Gap]) -> list[Provenance]:
    found = []
    for digest, data in stored.attestations:
        predicate = predicate_of(_object(data))
        if predicate is not None:
            platform = stored.history.platforms.get(digest, "")
            found.append(replace(read_provenance(predicate), platform=platform))
        elif data is None:
            gaps.append(Gap(where="provenance", what="its blob is missing or damaged"))
    return found


def _result(history: HistoryRecord, parts: LeftParts) -> BuildResult:
    if history.canceled:
        return BuildResult(outcome=BuildOutcome.CUT, error=history.error)
    if history.failed:
        began = any(vertex.started_s is not None and read_label(vertex.name) for vertex in parts.vertices)
        outcome = BuildOutcome.FAILED if began else BuildOutcome.REFUSED
        return BuildResult(outcome=outcome, error=history.error)
    if history.ref and history.seconds is not None:
        return BuildResult(outcome=BuildOutcome.SUCCEEDED, image_id=history.image_id)
    return BuildResult(outcome=BuildOutcome.UNKNOWN)


def _at(value: Mapping[str, Any], name: str, inner: str) -> Any:
    found = value.get(name)
    return found.get(inner) if isinstance(found, Mapping) else None


def _object(data: bytes | None) -> Mapping[str, Any]:
    try:
        value = read_json(data) if data is not None else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
