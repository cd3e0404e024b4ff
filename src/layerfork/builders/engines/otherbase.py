"""Other images under the base image's tag: what a base is after somebody built it again.

Made from the base image's own archive, so each is the same on every engine too.
"""

import hashlib
import io
import json
import tarfile
from typing import Any

LATER = "2001-01-01T00:00:00Z"
ADDED = "etc/base-release"
VARIABLE = "BASE_RELEASE=2"
MANIFEST, CONFIG, LAYER = "manifest.json", "Config", "layer-2.tar"


def moved_base(archive: bytes) -> bytes:
    """One layer more, with the file ``/etc/base-release``."""
    members, config = _opened(archive)
    layer = _tar({ADDED: b"2\n"})
    config["rootfs"]["diff_ids"].append(f"sha256:{hashlib.sha256(layer).hexdigest()}")
    config["history"].append({"created": LATER, "created_by": "layerfork base image, next release"})
    return _closed({**members, LAYER: layer}, config)


def reconfigured_base(archive: bytes) -> bytes:
    """The same layers; one environment variable more."""
    members, config = _opened(archive)
    config["config"]["Env"].append(VARIABLE)
    return _closed(members, config)


def rebuilt_base(archive: bytes) -> bytes:
    """The same layers and settings, made at another time, as its history says too: another image id."""
    members, config = _opened(archive)
    config["created"] = LATER
    for step in config["history"]:
        step["created"] = LATER
    return _closed(members, config)


def _opened(archive: bytes) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The archive's layers by name, and its image's configuration."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = {each.name: file.read() for each in tar if (file := tar.extractfile(each)) is not None}
    (image,) = json.loads(members[MANIFEST])
    return {name: members[name] for name in (*image["Layers"], MANIFEST)}, json.loads(members[image[CONFIG]])


def _closed(members: dict[str, bytes], config: dict[str, Any]) -> bytes:
    (image,) = json.loads(members[MANIFEST])
    text = json.dumps(config, sort_keys=True).encode()
    image |= {
        CONFIG: f"{hashlib.sha256(text).hexdigest()}.json",
        "Layers": [name for name in members if name != MANIFEST],
    }
    return _tar({**members, image[CONFIG]: text, MANIFEST: json.dumps([image], sort_keys=True).encode()})


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
