"""Layers of an image that an engine still has, as ``docker save`` writes them."""

import lzma
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import IO

import msgspec

from layerfork.builders.api.engineapi import EngineApi
from layerfork.errors import EngineError
from layerfork.record.context import ContentSource, ContextEntry, Digest, EntryType

# Source: moby/moby image/tarexport/save.go @ v20.10.24 to v28.5.2 (manifest.json, layers as files or links
# to such); opencontainers/image-spec config.md and layer.md @ v1.1.0 (history, whiteouts).

MOST_BYTES = 1 << 30
"""A larger image is not read."""
MOST_ENTRIES = 500_000
"""Of all layers of an image."""
_UNREADABLE = (
    tarfile.TarError,
    msgspec.MsgspecError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    OSError,
    ValueError,
)
_COPIES = ("COPY ", "ADD ")
_XATTR = "SCHILY.xattr."
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedLayer:
    """One layer, and the row of the image's history that it belongs to."""

    created_by: str
    entries: Mapping[str, ContextEntry | None]
    """By path, without slashes at its ends. None for what no client sends (devices, whiteouts), and for every
    entry of a layer that no COPY or ADD made."""


class _Inspected(msgspec.Struct):
    size: int = msgspec.field(name="Size", default=0)


class _Manifest(msgspec.Struct):
    config: str = msgspec.field(name="Config")
    layers: list[str] = msgspec.field(name="Layers")


class _Row(msgspec.Struct):
    created_by: str = ""
    empty_layer: bool = False


class _Config(msgspec.Struct):
    history: list[_Row] = msgspec.field(default_factory=list)


def read_layers(api: EngineApi, image_id: str) -> tuple[SavedLayer, ...]:
    """The layers of an image, the lowest first.

    Raises: ApiError when the engine has it no more; EngineError when it cannot be read.
    """
    inspected = api.get(f"/images/{image_id}/json", _Inspected)
    if inspected.size > MOST_BYTES:
        raise EngineError(f"the image {image_id[:19]} is larger than {MOST_BYTES >> 20:,} MiB")
    with tempfile.TemporaryFile() as file:
        api.save(f"/images/{image_id}/get", file, 2 * MOST_BYTES)
        file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                return tuple(_layers(archive))
        except _UNREADABLE as error:
            raise EngineError(
                f"the engine saved the image {image_id[:19]} in no known form: {error}"
            ) from error


def _layers(archive: tarfile.TarFile) -> Iterator[SavedLayer]:
    (manifest,) = msgspec.json.decode(_file(archive, "manifest.json").read(), type=list[_Manifest])
    config = msgspec.json.decode(_file(archive, manifest.config).read(), type=_Config)
    rows = [row.created_by for row in config.history if not row.empty_layer]
    room = MOST_ENTRIES
    for created_by, name in zip(rows, manifest.layers, strict=True):
        with tarfile.open(fileobj=_file(archive, name), mode="r:*") as layer:
            entries = dict(_entries(layer, room, whole=created_by.startswith(_COPIES)))
        room -= len(entries)
        yield SavedLayer(created_by=created_by, entries=entries)


def _file(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is no file")
    return file


def _entries(layer: tarfile.TarFile, room: int, *, whole: bool) -> Iterator[tuple[str, ContextEntry | None]]:
    found: dict[str, ContextEntry | None] = {}
    size = 0
    for number, member in enumerate(layer):
        size += member.size
        if number >= room or size > MOST_BYTES:
            raise ValueError(f"a layer of more than {MOST_ENTRIES:,} entries, or {MOST_BYTES >> 20:,} MiB")
        path = member.name.removeprefix("./").strip("/")
        if not whole:
            found[path] = None
        elif member.islnk():
            target = found.get(member.linkname.removeprefix("./").strip("/"))
            found[path] = None if target is None else replace(target, name=path)
        else:
            found[path] = _entry(layer, member, path)
    yield from found.items()


def _entry(layer: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> ContextEntry | None:
    """As a client of BuildKit would send it; None for what none sends, and for names that are no text."""
    kind = _kind(member)
    if kind is None or path.rpartition("/")[2].startswith(".wh.") or not _is_text(path + member.linkname):
        return None
    xattrs = tuple(
        sorted(
            (name.removeprefix(_XATTR), value.encode("utf-8", "surrogateescape"))
            for name, value in member.pax_headers.items()
            if name.startswith(_XATTR)
        )
    )
    entry = ContextEntry(
        name=path,
        type=kind,
        mode=member.mode & 0o7777,
        mtime_ns=int(member.mtime * 1e9),
        linkname=member.linkname if kind is EntryType.SYMLINK else "",
        xattrs=xattrs,
    )
    if kind is not EntryType.FILE:
        return entry
    content = _digest(layer, member)
    return replace(entry, size=member.size, content=content, content_source=ContentSource.DISK)


def _kind(member: tarfile.TarInfo) -> EntryType | None:
    if member.isreg():
        return EntryType.FILE
    if member.isdir():
        return EntryType.DIRECTORY
    return EntryType.SYMLINK if member.issym() else None


def _is_text(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _digest(layer: tarfile.TarFile, member: tarfile.TarInfo) -> Digest:
    file, found = layer.extractfile(member), sha256()
    while file is not None and (piece := file.read(_PIECE)):
        found.update(piece)
    return Digest(f"sha256:{found.hexdigest()}")


def has_below(layers: Sequence[SavedLayer], path: str) -> bool:
    """Whether any of these layers has something at a path or below it."""
    return any(name == path or name.startswith(f"{path}/") for layer in layers for name in layer.entries)
