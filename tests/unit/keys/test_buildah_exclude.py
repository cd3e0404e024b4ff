"""``COPY --exclude`` as podman 5.4.2 took it: ``d/a`` or ``d/b`` was changed, and the history read."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from layerfork.keys import keys_of
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry
from layerfork.record.record import BuildRecord


@pytest.mark.parametrize(
    ("pattern", "counts"), [("a", True), ("d/a", False), ("**/a", False), ("/d/a", True)]
)
def test_patterns_mean_paths_of_the_context(
    pattern: str,
    counts: bool,
    classic_record: Callable[..., BuildRecord],
    entry_of: Callable[[dict[str, Any]], ContextEntry],
) -> None:
    """What is left out does not count, and neither does how it was left out."""

    def digest(pattern: str, data: str) -> str:
        files = {"d/a": data, "d/b": "keep"}
        entries = [
            entry_of({"name": name, "mode": 0o644, "uid": 0, "gid": 0, "data": each})
            for name, each in files.items()
        ]
        record = classic_record(f"FROM base\nCOPY --exclude={pattern} d /x/\n", entries)
        engine = record.engine and replace(record.engine, kind="podman", version="5.4.2")
        return keys_of(replace(record, builder=Builder.BUILDAH, engine=engine)).steps[-1].key.digest

    assert (digest(pattern, "1") != digest(pattern, "2")) is counts
    assert (digest(pattern, "1") == digest("d/a", "1")) is not counts
