from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from layerfork.keys import keys_of
from layerfork.keys.classic.classic_keys import classic_keys
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry
from layerfork.record.record import BuildRecord

MakeRecord = Callable[..., BuildRecord]
EntryOf = Callable[[dict[str, Any]], ContextEntry]


def forms(record: BuildRecord) -> list[str]:
    """History strings of all steps, in order."""
    return [step.key.engine_form for step in classic_keys(record).steps]


def test_measured_history_strings(vectors: Any, entry_of: EntryOf, classic_record: MakeRecord) -> None:
    classic = vectors["classic"]
    entries = [entry_of(vector) for vector in classic["context"]]
    record = classic_record(classic["context"][0]["data"], entries)
    computed = dict(zip([s.instruction for s in record.steps], forms(record), strict=True))
    for instruction, created_by in classic["created_by"].items():
        assert computed[instruction] == created_by


def test_measured_edge_cases(vectors: Any, entry_of: EntryOf, classic_record: MakeRecord) -> None:
    edge = vectors["classic"]["edge_cases"]
    entries = [entry_of(vector) for vector in edge["context"]]
    record = classic_record(edge["dockerfile"], entries)
    computed = [
        f for s, f in zip(record.steps, forms(record), strict=True) if s.instruction.startswith("COPY")
    ]
    observed = [text for text in edge["observed_created_by"] if " in /7 " not in text]
    assert computed[:6] == observed[:6]


@pytest.mark.parametrize("pattern", ["[", "[z-a]", "[Local-Only]/"])
@pytest.mark.parametrize("builder", [Builder.CLASSIC, Builder.BUILDAH])
def test_an_ignore_file_that_cannot_be_read_is_no_crash(
    classic_record: MakeRecord, entry_of: EntryOf, builder: Builder, pattern: str
) -> None:
    plain = {"data": "x", "mode": 0o644, "uid": 0, "gid": 0}
    entries = [entry_of({"name": name, **plain}) for name in ("a", ".dockerignore")]
    record = classic_record("FROM base\nCOPY . /\n", entries, excludes=(pattern,))

    key = keys_of(replace(record, builder=builder)).steps[1].key

    if builder is Builder.CLASSIC:
        assert not key.unknown, "the engine passes over it, and removes nothing"
        assert {part.path for part in key.all_parts} == {"", "a", ".dockerignore"}
    else:
        assert key.unknown
