"""What a COPY or ADD of buildah digests: a tar that it writes itself of each source.

Source: containers/buildah add.go, digester.go and copier/copier.go @ v1.39.3.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from layerfork.buildcontext import gopath
from layerfork.buildcontext.ignore.docker_go import GoMatcher
from layerfork.buildcontext.tarball import BLOCK, header_block, pax_record
from layerfork.cachekey.buildah.rules import BuildahRules
from layerfork.cachekey.shared.tree import ContextTree, Node, byte_key, link_target
from layerfork.model.context import TYPEFLAGS, ContextEntry, Digest, EntryType

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFinder:
    """Finds the sources of COPY and ADD instructions in one context."""

    tree: ContextTree
    excludes: GoMatcher
    rules: BuildahRules

    def find(self, words: Sequence[str], options: CopyOptions) -> tuple[AddedSource, ...]:
        """Items in the order of the words; what a wildcard matches in byte order.

        A wildcard may match nothing as long as another word matches; what is all left out may not.
        Source: containers/buildah copier/copier.go:copierHandlerStat @ v1.39.3.
        Raises: MissingSourceError, LinkLoopError.
        """
        found: list[AddedSource] = []
        for word in words:
            pattern = gopath.clean("/" + word)[1:] or "."
            matched = self._matches(pattern)
            kept = [path for path in matched if not self.excludes.excludes(path)]
            if not kept and (matched or not gopath.has_wildcard(pattern)):
                raise MissingSourceError(word)
            found.extend(self._source(path, options) for path in kept)
        if not found:
            raise MissingSourceError(" ".join(words))
        return tuple(found)

    def _matches(self, pattern: str) -> list[str]:
        """Paths that a word means, with those that are left out."""
        if not gopath.has_wildcard(pattern):
            node = self.tree.find(pattern) or self.tree.find(self.tree.resolve(pattern))
            return [pattern] if node is not None else []
        return [path for path, _ in self.tree.walk(".") if gopath.match(pattern, path)]

    def _source(self, path: str, options: CopyOptions) -> AddedSource:
        place = self.tree.resolve(path)
        node = self.tree.find(place)
        slash = self.rules.directory_slash
        if node is None:
            raise MissingSourceError(path)
        if not node.is_directory:
            name = options.rename or posixpath.basename(path)
            member = self._member(name, place, node, options, {})
            return AddedSource(path=path, is_directory=False, members=(member,), directory_slash=slash)
        members = tuple(self._members(place, options))
        return AddedSource(path=path, is_directory=True, members=members, directory_slash=slash)

    def _members(self, top: str, options: CopyOptions) -> Iterator[TarMember]:
        seen: dict[str, str] = {}
        for place, node in self.tree.walk(top):
            if place == top or node.type is EntryType.SOCKET:
                continue
            name = place if top == "." else place[len(top) + 1 :]
            if not self.excludes.excludes(place):
                yield self._member(name, place, node, options, seen)

    def _member(
        self, name: str, place: str, node: Node, options: CopyOptions, seen: dict[str, str]
    ) -> TarMember:
        """``seen`` holds files of this tar by where they lie: a second name of one is a hard link."""
        lies, file = self._file_of(place, node)
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
            uname="root" if self.rules.owner_names and (entry is None or entry.uid == 0) else "",
            linkname=linkname,
            devmajor=entry.devmajor if entry is not None and device else 0,
            devminor=entry.devminor if entry is not None and device else 0,
            xattrs=tuple(sorted(pair for pair in entry.xattrs if _counts(pair[0])))
            if entry is not None and entry.xattrs
            else (),
            content=entry if typeflag == "0" else None,
        )

    def _file_of(self, place: str, node: Node) -> tuple[str, Node]:
        """The file behind a hard link and the path that it was first sent under."""
        for _ in range(255):
            if node.type is not EntryType.HARDLINK or node.entry is None:
                return place, node
            place = gopath.context_path(link_target(node.entry))
            target = self.tree.find(place)
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
