"""What a COPY or ADD of buildah digests: a tar that it writes itself of each source; and its key parts."""

import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from layerfork.context.tarball import BLOCK, header_block, pax_record
from layerfork.keys.entryparts import content_is_known, make_entry_parts
from layerfork.keys.unpacked import ContextTree, Node, byte_key, link_target, shown
from layerfork.record import gopath
from layerfork.record.cachekey import EntryParts, KeyPart, KeyPlace, Part, Row
from layerfork.record.context import TYPEFLAGS, ContextEntry, Digest, EntryType
from layerfork.releases import BuildahRules

# Source: containers/buildah add.go, digester.go and copier/copier.go @ v1.39.3.

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


# Parts of what buildah digests for a COPY or ADD, and of the command of a RUN.


def summary_shape(sources: tuple[AddedSource, ...]) -> str:
    """The digest's place in the history string, without its value."""
    if len(sources) == 1:
        return f"{sources[0].kind}:…"
    return f"multi:[{', '.join(source.kind for source in sources)}]"


def added_parts(
    sources: tuple[AddedSource, ...], rules: BuildahRules, *, renamed: bool
) -> tuple[list[Part], list[str]]:
    """Parts of every header and content, and which contents were not hashed, in words.

    ``renamed``: the only source is a file, and its name is that of the destination.

    Paths are those in the context. What is digested are names below the source, so two sources of
    other names that hold the same are one to buildah and two here.
    """
    parts: list[Part] = []
    unknown: list[str] = []
    if renamed:
        parts.append(KeyPart(cause="instruction", field="name", value=shown(sources[0].members[0].name)))
    for number, source in enumerate(sources, start=1):
        for member in source.members:
            path = shown(_path(source, member))
            entry = _member_parts(path, member, rules, named=not (source.is_directory or renamed))
            parts.append(entry.within(KeyPlace("source", number)) if number > 1 else entry)
            if member.content is not None and not content_is_known(member.content):
                unknown.append(f"content of {path}")
    return parts, unknown


def _path(source: AddedSource, member: TarMember) -> str:
    if not source.is_directory:
        return source.path
    return member.name if source.path == "." else f"{source.path}/{member.name}"


def _member_parts(path: str, member: TarMember, rules: BuildahRules, *, named: bool) -> EntryParts:
    own: tuple[Row, ...] = (("entry-name", "name", shown(member.name)),) if named else ()
    if member.linkname or member.devmajor or member.devminor or member.xattrs:
        own = (*own, *_rare_rows(member))
    if member.content is not None and member.content.content is not None:
        own = (*own, ("content", "content", member.content.content))
    owner = _owner(member) if rules.owner_names else None
    return make_entry_parts((path, _usual_rows(member.typeflag, member.mode, owner), own, ()))


def _owner(member: TarMember) -> str:
    """What of an owner is digested: buildah makes every id 0, but leaves the name of root to what is root's.

    It looks names up by the ids on disk, so names that were sent never count, and neither do groups: measured
    with podman 3.0.1, 4.3.1 and 5.4.2.
    """
    return "0" if member.uname else "not 0"


@lru_cache(maxsize=1024)
def _usual_rows(typeflag: str, mode: int, owner: str | None) -> tuple[Row, ...]:
    rows = (("entry-type", "typeflag", typeflag), ("mode", "mode", f"0{mode:03o}"))
    return rows if owner is None else (*rows, ("uid", "uid", owner))


def _rare_rows(member: TarMember) -> Iterator[Row]:
    if member.linkname:
        yield "hardlink" if member.typeflag == "1" else "link-target", "linkname", shown(member.linkname)
    if member.devmajor or member.devminor:
        yield "entry-type", "device", f"{member.devmajor}:{member.devminor}"
    for name, value in member.xattrs:
        yield "xattr", name, value.hex()
