"""Makes the base image: a static busybox as a docker archive, the same bytes for the same busybox.

An image id is a digest of the image's configuration. `docker import` stamps the time into it; an archive
made by hand has the same id on every engine, so that the cache keys built on it can be compared.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

BASE_TAG = "alpine:latest"
EPOCH = "1970-01-01T00:00:00Z"
PATH_ENV = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BUSYBOX = "bin/busybox"
EMPTY_DIRECTORIES = ("dev", "proc", "sys", "etc", "root", "home", "var")
ETC = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": b"root:x:0:\nnobody:x:65534:\n",
}
"""Names to resolve for USER and ``COPY --chown``."""


def base_archive(busybox: bytes, applets: Sequence[str], architecture: str) -> bytes:
    """A docker archive with one layer, tagged `BASE_TAG`.

    ``applets`` are paths relative to the root as ``busybox --list-full`` prints them (``bin/sh``);
    ``architecture`` is Go's name for it (``amd64``).
    """
    layer = _layer(busybox, applets)
    config = json.dumps(_config(layer, architecture), sort_keys=True).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "Layers": ["layer.tar"], "RepoTags": [BASE_TAG]}]
    members = {
        config_name: config,
        "layer.tar": layer,
        "manifest.json": json.dumps(manifest, sort_keys=True).encode(),
    }
    return _tar([(_member(name, size=len(data)), data) for name, data in members.items()])


def image_id(archive: bytes) -> str:
    """The id of the archive's image in a graphdriver store: the digest of its configuration."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        name: str = json.load(manifest)[0]["Config"]
    return f"sha256:{name.removesuffix('.json')}"


def _config(layer: bytes, architecture: str) -> dict[str, object]:
    created_by = "layerfork base image"
    return {
        "architecture": architecture,
        "config": {"Cmd": ["sh"], "Env": [PATH_ENV]},
        "created": EPOCH,
        "history": [{"created": EPOCH, "created_by": created_by}],
        "os": "linux",
        "rootfs": {"diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"], "type": "layers"},
    }


def _layer(busybox: bytes, applets: Sequence[str]) -> bytes:
    """Directories, then files, then links: sorted by name within each.

    Applets are hard links: an inode for each would be half the time that loading takes.
    """
    links = sorted(set(applets) - {BUSYBOX})
    parents = {parent for link in (*links, BUSYBOX) for parent in PurePosixPath(link).parents}
    names = sorted({*EMPTY_DIRECTORIES, *map(str, parents)} - {"."})
    members = [(_member(name, tarfile.DIRTYPE, 0o755), b"") for name in names]
    members.append((_member("tmp", tarfile.DIRTYPE, 0o1777), b""))
    members.append((_member(BUSYBOX, mode=0o755, size=len(busybox)), busybox))
    members.extend((_member(name, size=len(data)), data) for name, data in ETC.items())
    for link in links:
        member = _member(link, tarfile.LNKTYPE, 0o755)
        member.linkname = BUSYBOX
        members.append((member, b""))
    return _tar(members)


def _member(name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644, size: int = 0) -> tarfile.TarInfo:
    """A member with time 0, and owner and group 0 (the defaults of TarInfo)."""
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.size = kind, mode, size
    return member


def _tar(members: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for member, data in members:
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def write_base_archive(busybox: Path, applets: Sequence[str], architecture: str, target: Path) -> None:
    """Write the archive made of a busybox file, so that a reader sees all of it or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_bytes(base_archive(busybox.read_bytes(), applets, architecture))
    partial.replace(target)
