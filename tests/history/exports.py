"""Builds that BuildKit kept, as ``docker buildx history export`` writes them."""

import gzip
import io
import json
import tarfile
from hashlib import sha256
from typing import Any

from layerfork.builders.api.buildhistory import RememberedBuild, attestations_of
from layerfork.builders.imports.dockerbuild import ATTESTATION_TYPE
from layerfork.wire.history.historyrecord import LOG_TYPE, MEDIA_TYPE


def export_of(build: RememberedBuild) -> bytes:
    """The archive of one build."""
    record = build.record
    blobs: dict[str, bytes] = {}

    def described(data: bytes, kind: str) -> dict[str, Any]:
        digest = f"sha256:{sha256(data).hexdigest()}"
        blobs[digest] = data
        return {"mediaType": kind, "digest": digest, "size": len(data)}

    history = {
        "Ref": record.ref,
        "Frontend": record.frontend,
        "FrontendAttrs": {pair.key.decode(): pair.value.decode() for pair in record.frontend_attrs},
        "CreatedAt": {"seconds": record.created_at.seconds, "nanos": record.created_at.nanos},
        "CompletedAt": {"seconds": record.completed_at.seconds, "nanos": record.completed_at.nanos},
        "ExporterResponse": {pair.key.decode(): pair.value.decode() for pair in record.exporter_response},
    }
    history["Ref"] = record.ref.decode() if isinstance(record.ref, bytes) else record.ref
    history["Frontend"] = record.frontend.decode() if isinstance(record.frontend, bytes) else record.frontend
    attestations = [each.digest.decode() for each in attestations_of(record)]
    layers = [described(build.blobs[record.logs.digest.decode()], LOG_TYPE)]
    layers += [described(build.blobs[digest], ATTESTATION_TYPE) for digest in dict.fromkeys(attestations)]
    manifest = {"config": described(json.dumps(history).encode(), MEDIA_TYPE), "layers": layers}
    index = {
        "manifests": [described(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")]
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as file:
        members = {f"blobs/{digest.replace(':', '/')}": data for digest, data in blobs.items()}
        for name, data in {**members, "index.json": json.dumps(index).encode()}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return gzip.compress(archive.getvalue(), mtime=0)
