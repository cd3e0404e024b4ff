"""The base image, made here from a static busybox; its archive, and other images under its tag."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from layerfork.builders.debian.cachedir import debian_architecture, making
from layerfork.builders.debian.packages import download, unpack
from layerfork.builders.debian.roots import root_path
from layerfork.builders.process import run
from layerfork.builders.suites import SUITES
from layerfork.errors import EngineError
from layerfork.record.build import Command
from layerfork.record.progress import Say
from layerfork.userdirs import cache_directory

# Makes the base image: a static busybox as a docker archive, the same bytes for the same busybox.
#
# An image id is a digest of the image's configuration. `docker import` stamps the time into it; an archive
# made by hand has the same id on every engine, so that the cache keys built on it can be compared.

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


# The base image's archive, made once on this machine and kept in the cache directory.

BUSYBOX_OF_DEBIAN = "usr/bin/busybox"
NEEDED_BYTES = 100_000_000
LAYOUT = 1
"""Part of the file name: raised when `baseimage` makes other bytes from the same busybox."""


def ensure_base_archive(environment: Mapping[str, str], say: Say) -> Path:
    """The base image's docker archive, made first when it is not there yet.

    Every generation gets the same one, whatever busybox its own suite has.

    Raises: EngineError.
    """
    path = cache_directory() / "base" / f"busybox-{debian_architecture()}-{LAYOUT}.tar"
    if not path.exists():
        with making(path, NEEDED_BYTES, say) as missing:
            if missing:
                _make(path, environment, say)
    return path


def _make(path: Path, environment: Mapping[str, str], say: Say) -> None:
    of_default_engine = root_path(SUITES[0].docker) / BUSYBOX_OF_DEBIAN
    if of_default_engine.exists():
        _write(of_default_engine, path)
        return
    say("fetching a static busybox for the base image")
    downloads = path.with_name(f".{path.name}.downloads")
    shutil.rmtree(downloads, ignore_errors=True)
    try:
        debs = download(SUITES[0].docker.suite, ("busybox-static",), downloads, environment, say)
        unpack(debs, downloads / "root")
        _write(downloads / "root" / BUSYBOX_OF_DEBIAN, path)
    finally:
        shutil.rmtree(downloads, ignore_errors=True)


def _write(busybox: Path, path: Path) -> None:
    listing = run(Command(argv=(str(busybox), "--list-full"), env={}), timeout_s=30)
    if not listing.ok:
        raise EngineError(f"{busybox} does not run", details=listing.stderr)
    write_base_archive(busybox, listing.stdout.split(), debian_architecture(), path)


# Other images under the base image's tag: what a base is after somebody built it again.
#
# Made from the base image's own archive, so each is the same on every engine too.

LATER = "2001-01-01T00:00:00Z"
ADDED = "etc/base-release"
VARIABLE = "BASE_RELEASE=2"
MANIFEST, CONFIG, LAYER = "manifest.json", "Config", "layer-2.tar"


def moved_base(archive: bytes) -> bytes:
    """One layer more, with the file ``/etc/base-release``."""
    members, config = _opened(archive)
    layer = _tar_of_files({ADDED: b"2\n"})
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
    return _tar_of_files(
        {**members, image[CONFIG]: text, MANIFEST: json.dumps([image], sort_keys=True).encode()}
    )


def _tar_of_files(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
