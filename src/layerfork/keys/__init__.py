"""How each builder derives a step's cache key, part by part. A model is imported when it is needed.

    keys_of(record).steps[2].key.all_parts

A part that one key lacks while it has others of the same path has its neutral value there: no link, no
extended attribute, no type bits in a mode.
"""

from layerfork.context.walk import no_collection
from layerfork.keys.unpacked import Unlisted
from layerfork.record.build import Builder
from layerfork.record.cachekey import BuildKeys
from layerfork.record.record import BuildRecord

__all__ = ["keys_of"]


def keys_of(record: BuildRecord, unlisted: Unlisted | None = None) -> BuildKeys:
    """Keys of every step of a record, by the rules of the builder that made it.

    ``unlisted`` are files that the record leaves out; they have no parts, but the string that the classic
    builder computes is made with them.
    """
    with no_collection():
        match record.builder:
            case Builder.CLASSIC:
                from layerfork.keys.classic.classic_keys import classic_keys  # late: only its own builder

                return classic_keys(record, unlisted)
            case Builder.BUILDKIT:
                from layerfork.keys.buildkit.buildkit_keys import buildkit_keys  # late: only its own builder

                return buildkit_keys(record)
            case Builder.BUILDAH:
                from layerfork.keys.buildah.buildah_keys import buildah_keys  # late: only its own builder

                return buildah_keys(record)
