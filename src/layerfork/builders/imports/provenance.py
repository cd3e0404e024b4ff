"""Records of provenance: attestations, and the metadata files of buildx, bake and compose."""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from layerfork.builders.imports.drafts import NO_PROGRESS, NO_RESULT, Importer, with_parts
from layerfork.errors import EvidenceError
from layerfork.record.build import Builder
from layerfork.record.context import Digest
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, Gap
from layerfork.wire.history.historybuild import LeftBehind, read_left_behind
from layerfork.wire.history.historyrecord import read_json
from layerfork.wire.history.provenance import Provenance, is_predicate, read_provenance

ATTESTATION = "provenance attestation"
METADATA = "buildx metadata file"

_KEY = "buildx.build.provenance"
_REF = "buildx.build.ref"
_IMAGE_IDS = ("containerimage.digest", "containerimage.config.digest")
MISSING_PARAMETERS = Gap(
    where="request", what="provenance of mode=min leaves build arguments and labels out; mode=max holds them"
)
_DEPTH = 4
"""How deep predicates lie: bake file, target, platform, predicate."""


def import_provenance(value: Any, importer: Importer) -> tuple[BuildRecord, ...]:
    """The builds whose provenance a JSON value holds; none when it is something else.

    Raises: EvidenceError for a metadata file without provenance.
    """
    records = tuple(_find(value, importer, _DEPTH))
    if not records and _is_metadata(value):
        raise EvidenceError(
            "it is a metadata file of buildx without provenance, which says nothing about steps",
            hint="build with a newer buildx and BUILDX_METADATA_PROVENANCE=max",
        )
    return records


def _is_metadata(value: Any) -> bool:
    """Of one build, or of several by their names."""
    objects = (value, *value.values()) if isinstance(value, Mapping) else ()
    return any(_REF in each for each in objects if isinstance(each, Mapping))


def _find(value: Any, importer: Importer, depth: int) -> Iterator[BuildRecord]:
    if not isinstance(value, Mapping) or not depth:
        return
    metadata = {
        key.removeprefix(_KEY).removeprefix("/"): item
        for key, item in value.items()
        if (key == _KEY or key.startswith(_KEY + "/")) and is_predicate(item)
    }
    if predicates := metadata:
        yield _of_metadata(value, predicates, importer)
    elif (predicate := predicate_of(value)) is not None:
        yield _record(ATTESTATION, {"": predicate}, importer)
    elif platforms := {key: each["SLSA"] for key, each in value.items() if _is_inspected(each)}:
        yield _record(ATTESTATION, platforms, importer)
    else:
        for item in value.values():
            yield from _find(item, importer, depth - 1)


def predicate_of(value: Any) -> Mapping[str, Any] | None:
    """The predicate of an attestation, an in-toto statement or an envelope; None of anything else."""
    if not isinstance(value, Mapping):
        return None
    if isinstance(value.get("payload"), str):
        try:
            return predicate_of(read_json(b64decode(value["payload"])))
        except (binascii.Error, ValueError):
            return None
    for each in (value, value.get("predicate"), value.get("SLSA")):
        if isinstance(each, Mapping) and is_predicate(each):
            return each
    return None


def _is_inspected(value: Any) -> bool:
    """As ``docker buildx imagetools inspect`` writes it: by platform."""
    return isinstance(value, Mapping) and is_predicate(value.get("SLSA"))


def _of_metadata(
    value: Mapping[str, Any], predicates: Mapping[str, Mapping[str, Any]], importer: Importer
) -> BuildRecord:
    record = _record(METADATA, predicates, importer)
    image_id = next((value[key] for key in _IMAGE_IDS if isinstance(value.get(key), str)), "")
    # buildx writes the file when the build is through.
    result = BuildResult(outcome=BuildOutcome.SUCCEEDED, image_id=image_id)
    return replace(record, result=result, gaps=tuple(gap for gap in record.gaps if gap != NO_RESULT))


def _record(form: str, predicates: Mapping[str, Mapping[str, Any]], importer: Importer) -> BuildRecord:
    """``predicates`` by platform, or one without."""
    read = [replace(read_provenance(each), platform=platform) for platform, each in predicates.items()]
    draft = importer.draft(form, Builder.BUILDKIT, read[0].started)
    parts = read_left_behind(left_of(read), importer.redactor)
    gaps = [NO_PROGRESS, NO_RESULT]
    if not all(each.all_parameters for each in read):
        gaps.append(MISSING_PARAMETERS)
    return replace(with_parts(draft, parts, *gaps), image_digests=image_digests_of(read))


def image_digests_of(read: Sequence[Provenance]) -> tuple[tuple[str, Digest], ...]:
    """The base images of a build for one platform: several have one reference and several manifests."""
    return tuple(sorted(read[0].images.items())) if len(read) == 1 else ()


def left_of(read: list[Provenance]) -> LeftBehind:
    """What provenance alone says."""
    first = read[0]
    return LeftBehind(attrs=first.attrs, frontend=first.frontend, provenance=read)
