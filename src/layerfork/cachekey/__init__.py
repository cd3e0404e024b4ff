"""How each builder derives a step's cache key, part by part.

    keys_of(record).steps[2].key.all_parts

A part that one key lacks while it has others of the same path has its neutral value there: no link, no
extended attribute, no type bits in a mode.
"""

from layerfork.buildcontext.walk import no_collection
from layerfork.cachekey.buildah.keys import buildah_keys
from layerfork.cachekey.buildkit.keys import buildkit_keys
from layerfork.cachekey.classic.keys import classic_keys
from layerfork.cachekey.shared.unlisted import Unlisted
from layerfork.model.build import Builder
from layerfork.model.cachekey import BuildKeys
from layerfork.model.record import BuildRecord

__all__ = ["buildah_keys", "buildkit_keys", "classic_keys", "keys_of"]


def keys_of(record: BuildRecord, unlisted: Unlisted | None = None) -> BuildKeys:
    """Keys of every step of a record, by the rules of the builder that made it.

    ``unlisted`` are files that the record leaves out; they have no parts, but the string that the classic
    builder computes is made with them.
    """
    with no_collection():
        match record.builder:
            case Builder.CLASSIC:
                return classic_keys(record, unlisted)
            case Builder.BUILDKIT:
                return buildkit_keys(record)
            case Builder.BUILDAH:
                return buildah_keys(record)
