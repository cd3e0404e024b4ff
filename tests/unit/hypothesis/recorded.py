"""Records of real builds, as pairs of writer and reader: the corpus, and regressions of the mutations."""

import functools
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

from layerfork.dockerfile import Instruction
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.hypothesis.edited_dockerfile import source_text
from layerfork.record.cachekey import BuildKeys
from layerfork.record.change import (
    BaseImageIs,
    BuildArgIs,
    Change,
    EngineIs,
    EntriesAre,
    LabelsAre,
    LineAdded,
    LineIs,
    OptionIs,
    PatternsAre,
    RequestIs,
    TransportIs,
)
from layerfork.record.context import ContextEntry, ContextManifest
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import read_records

TESTS = Path(__file__).parents[2]
REGRESSIONS = {
    path.stem: path for path in sorted((TESTS / "unit/research/mutations/regressions").glob("*.jsonl"))
}
CORPUS = {path.stem: path for path in sorted((TESTS / "corpus/records").glob("*.jsonl"))}
FILES = {**REGRESSIONS, **CORPUS}


@functools.cache
def pair(name: str) -> tuple[BuildRecord, BuildRecord]:
    writer, reader = read_records(FILES[name])
    return writer, reader


def assert_same_keys(found: BuildKeys, expected: BuildKeys) -> None:
    """Step by step the same parts. A key may be unknown where only what the engine wrote told which ignore
    rules it had applied."""
    assert len(found.steps) == len(expected.steps)
    for one, other in zip(found.steps, expected.steps, strict=True):
        if one.key.unknown and not other.key.unknown:
            assert all(reason.startswith("patterns of") for reason in one.key.unknown), one.key.unknown
        else:
            assert sorted(one.key.all_parts) == sorted(other.key.all_parts)


def whole_difference(writer: BuildRecord, reader: BuildRecord) -> tuple[Change, ...]:
    """Everything that is otherwise in the writer's build, as changes of the reader's."""
    return (
        *_request(writer, reader),
        *_images(writer, reader),
        *_contexts(writer, reader),
        *_lines(writer, reader),
        *(() if writer.engine == reader.engine else (EngineIs(engine=writer.engine),)),
    )


def _request(writer: BuildRecord, reader: BuildRecord) -> Iterator[Change]:
    one, other = writer.request, reader.request
    for name, value in _differing(dict(one.build_args), dict(other.build_args)):
        yield BuildArgIs(name=name, value=value)
    for name, value in _differing(dict(one.options), dict(other.options)):
        yield OptionIs(name=name, value=value)
    if one.labels != other.labels:
        yield LabelsAre(labels=one.labels)
    for field in ("network", "platform", "target"):
        if getattr(one, field) != getattr(other, field):
            yield RequestIs(field=field, value=getattr(one, field))


def _differing(writer: dict[str, str], reader: dict[str, str]) -> Iterator[tuple[str, str | None]]:
    for name in sorted(writer.keys() | reader.keys()):
        if writer.get(name) != reader.get(name):
            yield name, writer.get(name)


def _images(writer: BuildRecord, reader: BuildRecord) -> Iterator[Change]:
    own = dict(reader.base_images)
    for reference, facts in writer.base_images:
        if own.get(reference) != facts:
            yield BaseImageIs(reference=reference, facts=facts)


def _contexts(writer: BuildRecord, reader: BuildRecord) -> Iterator[Change]:
    one, other = writer.context, reader.context
    if one is None or other is None:
        return
    if one.transport is not other.transport:
        yield TransportIs(transport=one.transport)
    if one.excludes != other.excludes:
        yield PatternsAre(patterns=one.excludes)
    entries = _by_path(one), _by_path(other)
    for path in sorted(entries[0].keys() | entries[1].keys()):
        if entries[0].get(path) != entries[1].get(path):
            yield EntriesAre(path=path, entries=tuple(entries[0].get(path, ())))


def _by_path(manifest: ContextManifest) -> dict[str, list[ContextEntry]]:
    found: dict[str, list[ContextEntry]] = {}
    for entry in manifest.entries:
        path = "/".join(piece for piece in entry.name.split("/") if piece not in ("", ".")) or "."
        found.setdefault(path, []).append(entry)
    return found


def _lines(writer: BuildRecord, reader: BuildRecord) -> Iterator[Change]:
    """Lines that are not the same in both go, and the writer's come in their place."""
    left, right = _instructions(writer), _instructions(reader)
    texts = [source_text(writer, each) for each in left], [source_text(reader, each) for each in right]
    matcher = SequenceMatcher(None, texts[0], texts[1], autojunk=False)
    for tag, low, high, start, end in matcher.get_opcodes():
        if tag == "equal":
            continue
        before = right[start].first_line if start < len(right) else 0
        for each in left[low:high]:
            text = source_text(writer, each)
            yield LineAdded(before_line=before, text=text, example_line=each.first_line)
        for gone in right[start:end]:
            yield LineIs(line=gone.first_line, text="")


def _instructions(record: BuildRecord) -> tuple[Instruction, ...]:
    dockerfile = dockerfile_of(record)
    assert dockerfile is not None
    return dockerfile.instructions
