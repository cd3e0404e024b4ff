"""The classic builder's digest of one context entry: header fields as sent, then the content.

Source: moby/moby pkg/tarsum/{tarsum,versioning}.go @ v26.1.5, the same text under
daemon/builder/remotecontext/internal/tarsum in 29.x. Owner names count before 18.06 only
(commit a422774e59).
"""

from collections.abc import Iterable
from hashlib import sha256

from layerfork.record.context import TYPEFLAGS, ContextEntry, Digest

_HEADER_ONLY = frozenset("123456")
"""Types whose size Go's tar reader sets to 0."""


def typeflag_of(entry: ContextEntry) -> str:
    """Type character as Go's tar reader reports it: the NUL of old archives is a file, or a
    directory when the name ends in a slash.

    Source: golang/go src/archive/tar/reader.go:next @ go1.22.
    """
    if entry.typeflag in ("", "\0"):
        legacy_directory = entry.typeflag and entry.name.endswith("/")
        return "5" if legacy_directory else TYPEFLAGS.get(entry.type, "0")
    return entry.typeflag


def tarsum_header(entry: ContextEntry, owner_names: bool = False) -> bytes:
    """The bytes that precede the content in the digest of an entry.

    ``owner_names`` is for engines before 18.06. Modification time, PAX comments and the
    archive's format are no part.
    """
    typeflag = typeflag_of(entry)
    size = 0 if typeflag in _HEADER_ONLY else entry.size
    uname, gname = (entry.uname, entry.gname) if owner_names else ("", "")
    middle = f"mode{entry.mode}uid{entry.uid}gid{entry.gid}size{size}typeflag{typeflag}linkname"
    end = f"uname{uname}gname{gname}devmajor{entry.devmajor}devminor{entry.devminor}"
    header = b"".join(
        (
            b"name",
            entry.name_bytes,
            middle.encode(),
            entry.linkname_bytes,
            end.encode("utf-8", "surrogateescape"),
        )
    )
    if entry.xattrs:
        header += b"".join(name.encode() + value for name, value in sorted(entry.xattrs))
    return header


def tarsum(entry: ContextEntry, content: Iterable[bytes] = (), owner_names: bool = False) -> Digest:
    """Digest of an entry whose content is at hand, in pieces of any size."""
    digest = sha256(tarsum_header(entry, owner_names))
    for piece in content:
        digest.update(piece)
    return Digest("sha256:" + digest.hexdigest())


def hash_strings(prefix: str, values: Iterable[str]) -> str:
    """``dir:…`` or ``multi:…`` over source strings, in the given order.

    Source: moby/moby builder/dockerfile/internals.go:hashStringSlice @ v26.1.5.
    """
    return f"{prefix}:{sha256(','.join(values).encode('utf-8', 'surrogateescape')).hexdigest()}"
