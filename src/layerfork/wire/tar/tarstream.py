"""Decodes a tar archive while it passes: entries with content digests, never the contents.

Follows Go's ``archive/tar``, with which the engines read archives. Memory grows with the number
of entries alone. Source: golang/go src/archive/tar/reader.go @ go1.21.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from hashlib import sha256

from layerfork.context.ignore.ignorefile import read_containers_ignorefile, read_docker_ignorefile
from layerfork.record.build import Builder
from layerfork.record.context import ContentSource, ContextEntry, EntryType, display_name
from layerfork.record.record import Gap
from layerfork.wire.tar.filecontent import MAX_BYTES, EntryContent, HeaderSum, KeptFile, seal
from layerfork.wire.tar.header import (
    BLOCK,
    EXTENSIONS,
    HEADER_ONLY,
    ZERO_BLOCK,
    Extensions,
    HeaderReader,
    TarError,
)
from layerfork.wire.tar.sparse import MapReader, SparseMap, map_reader, why_not_hashed

MAX_EXTENSION_BYTES = 1 << 20
"""Longer extension headers are refused, as Go does since 1.19."""
_FILE = ord("0")


class TarDecoder:
    """Decodes an archive that is fed in pieces of any size. Bad content raises nothing: see ``gaps``."""

    def __init__(
        self,
        *,
        header_sum: HeaderSum | None = None,
        capture: str | None = None,
        capture_also: Iterable[str] = (),
    ) -> None:
        """``capture`` is a file whose content is kept: its path, normalised and relative; so are others."""
        self.entries: list[ContextEntry] = []
        self.gaps: list[Gap] = []
        self._header_sum = header_sum
        self._kept = KeptFile(capture, capture_also)
        self._reader = HeaderReader()
        self._stopped = False
        self._fed = 0
        self._entry_at = 0
        self._zero_blocks = 0
        self._content: EntryContent | None = None
        self._left = 0
        self._skip = 0
        self._buffer = bytearray()
        self._want = 0
        self._then: Callable[[bytes], None] = self._on_block
        self._extensions = Extensions()

    @property
    def global_pax(self) -> list[tuple[str, str]]:
        """Records of PAX global headers, the first thousand."""
        return self._extensions.for_all

    @property
    def captured(self) -> bytes | None:
        """The captured file's content, at most 1 MiB of it; None when it was not sent."""
        return self._kept.content

    def captured_also(self, name: str) -> bytes | None:
        """The same of another file."""
        return self._kept.content_of(name)

    @property
    def ended(self) -> bool:
        """Whether the end-of-archive blocks were seen; what follows them is ignored."""
        return self._zero_blocks == 2

    @property
    def complete(self) -> bool:
        """Whether everything so far was understood."""
        return not self.gaps

    def feed(self, data: bytes | memoryview) -> None:
        """The next bytes of the archive; not kept beyond the call."""
        view = memoryview(data)
        at, end = 0, len(view)
        try:
            while at < end and not self._stopped:
                if self._left:
                    at = self._pass_content(view, at)
                elif self._skip:
                    step = min(self._skip, end - at)
                    self._skip -= step
                    at += step
                elif self._want:
                    at = self._collect(view, at)
                else:
                    at = self._pass_entries(view, at, end)
        except TarError as error:
            self._stop(str(error))
        self._fed += end

    def close(self) -> None:
        """The stream ended. Without end-of-archive blocks, and even without the padding of the last
        content, an archive is whole: docker CLI sends such ones when it adds a Dockerfile.
        """
        if self._stopped:
            return
        if self._content is not None:
            self._stop("the archive ends inside a file's content")
            self.entries.append(replace(self._content.entry, content_source=ContentSource.TRUNCATED))
        elif self._left or self._want or self._extensions.pending:
            self._stop("the archive ends inside an entry")
        self._stopped = True

    def _pass_entries(self, view: memoryview, at: int, end: int) -> int:
        """Headers, and files that lie in the chunk as a whole; returns where the next one starts."""
        while end - at >= BLOCK:
            block = view[at : at + BLOCK].tobytes()
            extended = self._extensions.pending
            if not extended:
                self._entry_at = self._fed + at
            at += BLOCK
            if extended or self._zero_blocks or block[156] != _FILE or not block[0]:
                self._on_block(block)
            else:
                at = self._pass_file(self._reader.read(block), view, at, end)
            if self._left or self._skip or self._want or self._stopped:
                return at
        if at < end:
            if not self._extensions.pending:
                self._entry_at = self._fed + at
            self._expect(BLOCK, self._on_block)
        return at

    def _pass_file(self, entry: ContextEntry, view: memoryview, at: int, end: int) -> int:
        """A plain file, at once where all of it is there; returns where the next entry starts."""
        size = entry.size
        after = at + size + (-size & 511)
        if size < 0 or after > end:
            self._begin(entry, size)
            return at
        content = view[at : at + size]
        seal(entry, sha256(content).hexdigest(), self._summed(entry, content))
        self.entries.append(entry)
        if entry.name.endswith(self._kept.tails) and self._kept.wants(entry):
            self._kept.keep(entry, bytes(content[:MAX_BYTES]))
        return after

    def _summed(self, entry: ContextEntry, content: memoryview | bytes = b"") -> str | None:
        """The digest of header and content that the engine keeps by; None when it was not asked for."""
        if self._header_sum is None:
            return None
        hasher = sha256(self._header_sum(entry))
        hasher.update(content)
        return hasher.hexdigest()

    def _on_block(self, block: bytes) -> None:
        """Handle a header block."""
        if block == ZERO_BLOCK:
            self._zero_blocks += 1
            self._stopped = self._zero_blocks == 2
            return
        if self._zero_blocks:
            raise TarError("a block of zeros inside the archive")
        entry = self._reader.read(block)
        if entry.typeflag in EXTENSIONS:
            if not 0 <= entry.size <= MAX_EXTENSION_BYTES:
                raise TarError(f"an extension header of {entry.size} bytes")
            self._extensions.pending = True
            self._expect(entry.size + (-entry.size & 511), partial(self._extensions.add, entry))
            return
        records = self._extensions.pax
        if self._extensions.pending:
            entry = self._extensions.apply(entry)
        if entry.typeflag == "\0":
            is_directory = entry.name.endswith("/")
            kind = EntryType.DIRECTORY if is_directory else EntryType.FILE
            entry = replace(entry, typeflag="5" if is_directory else "0", type=kind)
        steps = map_reader(entry, records)
        if steps is None:
            self._begin(entry, entry.size)
            return
        next(steps)
        if name := dict(records).get(b"GNU.sparse.name"):
            shown, raw_name = display_name(name)
            entry = replace(entry, name=shown, raw_name=raw_name)
        self._read_sparse_map(entry, entry.size, steps, block)

    def _begin(
        self, entry: ContextEntry, sent: int, layout: SparseMap | None = None, hidden: int = 0
    ) -> None:
        """An entry whose header is known, with ``sent`` bytes of content to come.

        ``hidden`` of these bytes were a sparse map and have passed already.
        """
        if entry.typeflag in HEADER_ONLY:
            seal(entry, None, self._summed(entry))
            self.entries.append(entry)
            if self._kept.wants(entry):
                self._kept.follow(entry)
            return
        if entry.size < 0 or sent < hidden:
            raise TarError(f"a file of {min(entry.size, sent)} bytes")
        self._left = sent - hidden
        self._skip = -sent & 511
        if layout is not None and (why_not := why_not_hashed(layout, self._left)):
            self.gaps.append(Gap(where=self._where(), what=why_not))
            self.entries.append(replace(entry, content_source=ContentSource.NOT_SENT))
            return
        self._content = EntryContent(
            entry, header_sum=self._header_sum, layout=layout, captured=self._kept.wants(entry)
        )
        if not self._left:
            self._finish_content()

    def _read_sparse_map(self, entry: ContextEntry, sent: int, steps: MapReader, block: bytes) -> None:
        """One step of a sparse map; the last one begins the content."""
        try:
            steps.send(block)
        except StopIteration as end:
            layout, hidden = end.value
            self._begin(replace(entry, size=layout.size), sent, layout, hidden)
        else:
            self._expect(BLOCK, partial(self._read_sparse_map, entry, sent, steps))

    def _pass_content(self, view: memoryview, at: int) -> int:
        piece = view[at : at + self._left]
        self._left -= len(piece)
        if self._content is not None:
            self._content.update(piece)
            if not self._left:
                self._finish_content()
        return at + len(piece)

    def _finish_content(self) -> None:
        assert self._content is not None
        self.entries.append(self._content.finish())
        if self._content.kept is not None:
            self._kept.keep(self._content.entry, bytes(self._content.kept))
        self._content = None

    def _expect(self, size: int, then: Callable[[bytes], None]) -> None:
        """Collect this many bytes, then call the function with them."""
        if size == 0:
            then(b"")
            return
        self._want, self._then = size, then

    def _collect(self, view: memoryview, at: int) -> int:
        piece = view[at : at + self._want - len(self._buffer)]
        self._buffer += piece
        if len(self._buffer) == self._want:
            data, then = bytes(self._buffer), self._then
            self._buffer.clear()
            self._want = 0
            then(data)
        return at + len(piece)

    def _where(self) -> str:
        return f"tar entry {len(self.entries) + 1} at byte {self._entry_at}"

    def _stop(self, what: str) -> None:
        self.gaps.append(Gap(where=self._where(), what=what))
        self._stopped = True


# The ignore file that an archive holds.


def ignore_patterns(
    tar: TarDecoder, builder: Builder, names: Iterable[str], clean: Callable[[str], str]
) -> tuple[str, ...]:
    """Patterns of the first of several ignore files that is there, as the builder reads them, secrets hidden.

    The decoder has to keep files of these names.
    """
    read = read_containers_ignorefile if builder is Builder.BUILDAH else read_docker_ignorefile
    contents = (tar.captured_also(name) for name in names)
    content = next((each for each in contents if each is not None), b"")
    return tuple(map(clean, read(content.decode("utf-8", errors="replace"))))
