"""Contents of a commit's files, as BuildKit's content keys need them."""

from collections.abc import Iterator, Sequence
from itertools import islice

from layerfork.builders.commits.history import Repository
from layerfork.builders.commits.objects import Blobs, texts_of
from layerfork.keys.buildkit.content_digest import Contents
from layerfork.keys.buildkit.recordkeys import UnknownContentError
from layerfork.record.context import ContextEntry

MOST_BYTES = 64 << 20
"""Of one file; larger ones are not read. So much, and so many files, are asked for at a time."""
MOST_FILES = 1_000


def contents_of(repository: Repository, blobs: Blobs, entries: Sequence[ContextEntry]) -> Contents:
    """Reads files of a context that a commit would send from git's objects, some that follow along with each.

    Raises (when read): UnknownContentError for a file that is no blob as it is; UsageError.
    """
    ids = {digest: object_id for object_id, (digest, _) in blobs.find(()).items()}
    files = [each for each in entries if each.content in ids and 0 < each.size <= MOST_BYTES]
    places = {each.content: place for place, each in enumerate(files)}
    read: dict[str, bytes] = {}

    def following(place: int) -> Iterator[str]:
        room = MOST_BYTES
        for each in islice(files, place, place + MOST_FILES):
            room -= each.size
            if room < 0:
                return
            if each.content is not None:
                yield ids[each.content]

    def content(entry: ContextEntry) -> Iterator[bytes]:
        if entry.size == 0:
            return
        if entry.content is None or entry.content not in places:
            raise UnknownContentError
        object_id = ids[entry.content]
        if object_id not in read:
            read.clear()
            read.update(texts_of(repository, following(places[entry.content])))
        if object_id not in read:
            raise UnknownContentError
        yield read[object_id]

    return content
