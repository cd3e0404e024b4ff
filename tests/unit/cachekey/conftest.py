"""Measured vectors, and context entries made from them."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from layerfork.cachekey.filesum import tarsum
from layerfork.model.context import ContentSource, ContextEntry, Digest, EntryType

VECTORS = Path(__file__).parents[2] / "vectors" / "cache-key-vectors.json"
TYPES = {
    "0": EntryType.FILE,
    "1": EntryType.HARDLINK,
    "2": EntryType.SYMLINK,
    "5": EntryType.DIRECTORY,
}


@pytest.fixture(scope="session")
def vectors() -> Any:
    """The whole file: every hash in it was printed or exported by a real engine."""
    return json.loads(VECTORS.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def entry_of() -> Callable[[dict[str, Any]], ContextEntry]:
    """Makes a tar entry of a vector's description, digests included as the recorder does."""
    return _entry_of


def _entry_of(vector: dict[str, Any]) -> ContextEntry:
    data = vector.get("data", "").encode()
    typeflag = vector.get("typeflag") or vector.get("type", "0")
    entry = ContextEntry(
        name=vector["name"],
        type=TYPES[typeflag],
        typeflag=typeflag,
        mode=vector["mode"],
        uid=vector["uid"],
        gid=vector["gid"],
        size=len(data),
        linkname=vector.get("linkname", ""),
        mtime_ns=vector.get("mtime", 0) * 10**9,
        content=Digest("sha256:" + sha256(data).hexdigest()) if typeflag == "0" else None,
        content_source=ContentSource.SENT if typeflag == "0" else ContentSource.NONE,
    )
    return replace(entry, tarsum=tarsum(entry, [data]))
