"""What a COPY or ADD of buildah digests: a tar that it writes itself of each source.

Source: containers/buildah add.go, digester.go and copier/copier.go @ v1.39.3.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from layerfork.context.tarball import BLOCK, header_block, pax_record
from layerfork.keys.shared.tree import ContextTree, Node, byte_key, link_target
from layerfork.record import gopath
from layerfork.record.context import TYPEFLAGS, ContextEntry, Digest, EntryType

IMPLIED_MODE = 0o755
_XATTRS = ("security.capability", "security.ima")
Contents = Callable[[ContextEntry], Iterable[bytes]]


class MissingSourceError(Exception):
    """A source is not in the context: the build fails there."""


class TarMember(NamedTuple):
    """One header of the tar, and where its content is. A tuple: there are very many."""

    name: str
    place: str
    """Path in the context."""
    typeflag: str
    mode: int
    size: int
    uid: int
    gid: int
    uname: str
    linkname: str
    devmajor: int
    devminor: int
    xattrs: tuple[tuple[str, bytes], ...]
    content: ContextEntry | None
    """The entry whose bytes follow; None when none do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedSource:
    """One item that a source word matched."""

    path: str
    """As matched, links not followed."""
    is_directory: bool
    members: tuple[TarMember, ...]
    directory_slash: bool
    """The tar has a slash after names of directories."""

    @property
    def kind(self) -> str:
        return "dir" if self.is_directory else "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOptions:
    """What the instruction says about the files."""

    rename: str = ""
    """Name that a single file gets; empty keeps its own."""
    owner: tuple[int, int] = (0, 0)
    mode: int | None = None
    excludes: tuple[str, ...] = ()
    """Patterns of ``--exclude``."""


def tar_member(
    tree: ContextTree,
    name: str,
    place: str,
    node: Node,
    options: CopyOptions,
    seen: dict[str, str],
    *,
    owner_names: bool,
) -> TarMember:
    """The header of what lies at a place; ``name`` is its name in the tar.

    ``seen`` holds files of this tar by where they lie: a second name of one is a hard link.
    Raises: MissingSourceError when a hard link leads nowhere.
    """
    lies, file = _file_of(tree, place, node)
    entry = file.entry
    typeflag = TYPEFLAGS.get(file.type, "0")
    linkname = link_target(entry) if entry is not None and typeflag == "2" else ""
    if typeflag == "0" and seen.setdefault(lies, name) != name:
        typeflag, linkname = "1", seen[lies]
    uid, gid = options.owner
    device = typeflag in "34"
    return TarMember(
        name=name,
        place=place,
        typeflag=typeflag,
        mode=_mode(file, options),
        size=entry.size if entry is not None and typeflag == "0" else 0,
        uid=uid,
        gid=gid,
        uname="root" if owner_names and (entry is None or entry.uid == 0) else "",
        linkname=linkname,
        devmajor=entry.devmajor if entry is not None and device else 0,
        devminor=entry.devminor if entry is not None and device else 0,
        xattrs=tuple(sorted(pair for pair in entry.xattrs if _counts(pair[0])))
        if entry is not None and entry.xattrs
        else (),
        content=entry if typeflag == "0" else None,
    )


def _file_of(tree: ContextTree, place: str, node: Node) -> tuple[str, Node]:
    """The file behind a hard link and the path that it was first sent under."""
    for _ in range(255):
        if node.type is not EntryType.HARDLINK or node.entry is None:
            return place, node
        place = gopath.context_path(link_target(node.entry))
        target = tree.find(place)
        if target is None:
            raise MissingSourceError(place)
        node = target
    raise MissingSourceError(place)


def _mode(file: Node, options: CopyOptions) -> int:
    """Mode in the tar: setuid and setgid are taken off, an asked for mode counts for links, too."""
    if options.mode is not None:
        return options.mode
    if file.is_link:
        return 0o777
    return file.entry.mode & 0o1777 if file.entry is not None else IMPLIED_MODE


def _counts(xattr: str) -> bool:
    return xattr in _XATTRS or (xattr.startswith("user.") and "/" not in xattr)


def source_digest(source: AddedSource, contents: Contents) -> Digest:
    """Digest of the tar of one source."""
    digest = sha256()
    for member in source.members:
        if member.typeflag == "5" and source.directory_slash:
            member = member._replace(name=f"{member.name}/")
        for piece in _tar_pieces(member, contents):
            digest.update(piece)
    digest.update(bytes(2 * BLOCK))
    return Digest("sha256:" + digest.hexdigest())


def added_summary(sources: tuple[AddedSource, ...], contents: Contents) -> str:
    """``file:…``, ``dir:…`` or ``multi:…`` as the history shows it."""
    summaries = [f"{s.kind}:{source_digest(s, contents).removeprefix('sha256:')}" for s in sources]
    if len(summaries) == 1:
        return summaries[0]
    return "multi:" + sha256(",".join(summaries).encode()).hexdigest()


def _tar_pieces(member: TarMember, contents: Contents) -> Iterator[bytes]:
    """One member as Go's tar writer writes it: the plain format, or PAX where that does not do."""
    name, linkname = byte_key(member.name), byte_key(member.linkname)
    prefix, short = _split_name(name)
    records = {f"SCHILY.xattr.{key}": value for key, value in member.xattrs}
    if short is None:
        records["path"] = name
    if len(linkname) > 100 or not linkname.isascii():
        records["linkpath"] = linkname
    if records:
        yield from _pax_pieces(member.name, records)
        prefix, short = b"", _ascii(name)[:100]
    block = header_block(
        name=short or b"",
        mode=member.mode,
        uid=member.uid,
        gid=member.gid,
        size=member.size,
        typeflag=member.typeflag,
        linkname=_ascii(linkname)[:100],
        uname=member.uname.encode(),
        devmajor=member.devmajor,
        devminor=member.devminor,
        prefix=prefix,
    )
    yield block
    if member.content is not None:
        yield from contents(member.content)
        yield bytes(-member.size % BLOCK)


def _pax_pieces(name: str, records: dict[str, bytes]) -> Iterator[bytes]:
    body = b"".join(pax_record(key.encode() + b"=" + records[key]) for key in sorted(records))
    directory, base = posixpath.split(name)
    place = _ascii(byte_key(posixpath.join(directory, "PaxHeaders.0", base)))[:100].rstrip(b"/")
    # Go leaves the device numbers of such a header empty.
    yield header_block(name=place, mode=0, size=len(body), typeflag="x", has_devices=False)
    yield body + bytes(-len(body) % BLOCK)


def _split_name(name: bytes) -> tuple[bytes, bytes | None]:
    """Prefix and name fields of the plain format; no name when it does not fit it."""
    if not name.isascii():
        return b"", None
    if len(name) <= 100:
        return b"", name
    cut = name.rfind(b"/", 0, min(len(name) - 1, 156))
    if cut <= 0 or len(name) - cut - 1 > 100:
        return b"", None
    return name[:cut], name[cut + 1 :]


def _ascii(text: bytes) -> bytes:
    return bytes(byte for byte in text if byte < 0x80)
