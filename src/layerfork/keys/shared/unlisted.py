"""Files that a record leaves out, because the build it is compared with sent the same."""

from collections.abc import Mapping

Unlisted = Mapping[str, tuple[str | None, ...]]
"""By directory, the classic builder's digests of regular files in it; None for one that was not recorded."""
