"""Exported caches as they lie in directories, written by hand around a cache config."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[3] / "vectors" / "buildkit-0.32.2"
CONFIG_TYPE = "application/vnd.buildkit.cacheconfig.v0"
OCI, DOCKER = "application/vnd.oci.image", "application/vnd.docker.distribution"


def config_of(name: str) -> dict[str, Any]:
    """What BuildKit wrote, to be changed."""
    found: dict[str, Any] = json.loads((VECTORS / f"{name}.cache.json").read_bytes())
    return found


def digest_of(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


class Layout:
    """An OCI layout of blobs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)

    def add(self, data: bytes, media_type: str = "") -> dict[str, Any]:
        """Store a blob; gives its descriptor."""
        digest = digest_of(data)
        self.blob(digest).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def blob(self, digest: str) -> Path:
        return self.path / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def tag(self, manifest: Mapping[str, Any], name: str = "latest") -> str:
        """Let ``name`` mean a manifest; gives its digest."""
        entry = self.add(json.dumps(manifest).encode(), str(manifest.get("mediaType", "")))
        named = {**entry, "annotations": {"org.opencontainers.image.ref.name": name}}
        (self.path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
        return str(entry["digest"])


def layers_of(
    config: Mapping[str, Any], media_type: str = f"{OCI}.layer.v1.tar+gzip"
) -> list[dict[str, Any]]:
    """Descriptors of the layers that a config names, without blobs; the n-th has 100 + n bytes."""
    blobs = dict.fromkeys(layer["blob"] for layer in config.get("layers", ()))
    return [
        {"mediaType": media_type, "digest": blob, "size": 100 + number} for number, blob in enumerate(blobs)
    ]


def export(path: Path, config: Mapping[str, Any], layers: Sequence[Mapping[str, Any]] | None = None) -> str:
    """A cache as BuildKit exports it since 0.21, an image manifest; gives the manifest's digest."""
    layout = Layout(path)
    return layout.tag(
        {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": layout.add(json.dumps(config).encode(), CONFIG_TYPE),
            "layers": layers_of(config) if layers is None else layers,
        }
    )
