"""How each builder derives a step's cache key, part by part.

    keys_of(record).steps[2].key.all_parts

A part that one key lacks while it has others of the same path has its neutral value there: no link, no
extended attribute, no type bits in a mode.
"""

from layerfork.buildcontext.walk import no_collection
from layerfork.cachekey.buildah.keys import buildah_keys
from layerfork.cachekey.buildkit.keys import buildkit_keys
from layerfork.cachekey.classic.keys import classic_keys
from layerfork.model.build import Builder
from layerfork.model.cachekey import BuildKeys
from layerfork.model.record import BuildRecord

__all__ = ["buildah_keys", "buildkit_keys", "classic_keys", "keys_of"]

_RULES = {
    Builder.CLASSIC: classic_keys,
    Builder.BUILDKIT: buildkit_keys,
    Builder.BUILDAH: buildah_keys,
}


def keys_of(record: BuildRecord) -> BuildKeys:
    """Keys of every step of a record, by the rules of the builder that made it."""
    with no_collection():
        return _RULES[record.builder](record)
