"""What an exported cache has for one step."""

from enum import StrEnum


class CacheState(StrEnum):
    """What a cache has for one step."""

    PRESENT = "present"
    """Its record with layers: an import would reuse it."""
    ABSENT = "absent"
    BLOB_GONE = "blob-gone"
    """The record is there, a layer of it is not in the place any more."""
    NOT_EXPORTED = "not-exported"
    """The record is there without layers: an export with ``mode=min``, or inline, leaves them out."""
    UNKNOWN = "unknown"
