"""Two records without the files that both builds sent alike and that no difference of their keys needs.

What is left out adds equal parts to both keys of every step, so it adds nothing to what the keys differ in.
That holds for the files of whole blocks (see `blocks`) that both records have, as long as no instruction
can name one of them, and as long as steps that are compared read the same paths. Where that cannot be
seen, everything stays.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from posixpath import dirname

from layerfork.diagnose.compare.alignment import align, normalise
from layerfork.dockerfile import Instruction
from layerfork.dockerfile.recorded import dockerfile_of, printed_instruction
from layerfork.keys.unpacked import Unlisted
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry
from layerfork.record.gopath import clean, has_glob
from layerfork.record.record import BuildRecord, StepRecord
from layerfork.record.store.blocks import Block, BlockPlace, cut, place_of, tarsums_of
from layerfork.record.store.recordfile import StoredRecord

WORTH_CUTTING = 1_000
"""Entries of a context from which on it pays to look for what two have in common."""
_UNSEEN = frozenset({"exclude", "parents"})
"""Flags that choose among files in their own way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two records to be compared."""

    writer: BuildRecord
    reader: BuildRecord
    unlisted: Unlisted = field(default_factory=dict)
    """What the classic builder's strings hold of the files that were left out of both."""


def read_pair(writer: StoredRecord, reader: StoredRecord) -> Pair:
    """Decode two records, without what they have in common where that is the same to every key.

    Raises: EvidenceError.
    """
    depth = _depth_to_keep(writer.outline, reader.outline)
    lines = set(writer.blocks).intersection(reader.blocks) if depth is not None else set()
    shared = {line: place for line in lines if _may_go(place := place_of(line), depth)}
    if shared:
        sums = ((place, tarsums_of(line)) for line, place in shared.items())
        pair = Pair(
            writer=writer.with_blocks(line for line in writer.blocks if line not in shared),
            reader=reader.with_blocks(line for line in reader.blocks if line not in shared),
            unlisted=_unlisted(sums) if reader.outline.builder is Builder.CLASSIC else {},
        )
        if _same_links(pair.writer, pair.reader):
            return pair
    return Pair(writer=writer.whole(), reader=reader.whole())


def pair_of(writer: BuildRecord, reader: BuildRecord) -> Pair:
    """As `read_pair`, of records that are at hand; small ones are taken as they are."""
    whole = Pair(writer=writer, reader=reader)
    if writer.context is None or len(writer.context.entries) < WORTH_CUTTING:
        return whole
    depth = _depth_to_keep(writer, reader)
    if depth is None or not _same_links(writer, reader):
        return whole
    writers, readers = tuple(cut(writer)), tuple(cut(reader))
    theirs = {place: entries for place, entries in readers if place.after}
    shared = {
        place: entries for place, entries in writers if _may_go(place, depth) and theirs.get(place) == entries
    }
    sums = ((place, [entry.tarsum for entry in entries]) for place, entries in shared.items())
    return Pair(
        writer=_without(writer, writers, shared),
        reader=_without(reader, readers, shared),
        unlisted=_unlisted(sums) if reader.builder is Builder.CLASSIC else {},
    )


def _without(record: BuildRecord, blocks: Iterable[Block], shared: Container[BlockPlace]) -> BuildRecord:
    """The record without some blocks of its main context."""
    assert record.context is not None
    kept = (entries for place, entries in blocks if place.context == 0 and place not in shared)
    return replace(record, context=replace(record.context, entries=tuple(chain.from_iterable(kept))))


def _depth_to_keep(writer: BuildRecord, reader: BuildRecord) -> int | None:
    """Down to which depth files of the main context may be named; None: all have to stay."""
    sources = _sources_read(writer, reader)
    return None if sources is None else max(map(_depth, sources), default=0)


def _may_go(place: BlockPlace, depth: int | None) -> bool:
    """Whether a block is one of alike files of the main context that no instruction can name."""
    return depth is not None and place.after.count("/") >= depth and bool(place.after) and place.context == 0


def _sources_read(writer: BuildRecord, reader: BuildRecord) -> frozenset[str] | None:
    """Every path of contexts that an instruction of one of the builds names; None when they cannot be known
    to be enough."""
    if not (_have_same_rules(writer, reader) and _read_alike(writer, reader)):
        return None
    sources: set[str] = set()
    for instruction in (*_instructions(writer), *_instructions(reader)):
        if not _is_plain(instruction, reader.builder):
            return None
        sources.update(_sources(instruction))
    return None if any("**" in source for source in sources) else frozenset(sources)


def _is_plain(instruction: Instruction, builder: Builder) -> bool:
    """Whether the text of an instruction says which paths it reads: no flag that hides them, no variable."""
    if any(name in _UNSEEN for name, _ in instruction.flags):
        return False
    return not any("$" in word for word in _deciding(instruction, builder))


def _have_same_rules(writer: BuildRecord, reader: BuildRecord) -> bool:
    """Whether one and the same file makes the same parts of keys in both builds."""
    before, after = writer.context, reader.context
    if before is None or after is None or not before.complete or not after.complete:
        return False
    if before.transport is not after.transport or before.excludes != after.excludes:
        return False
    return writer.builder is reader.builder and _versions(writer) == _versions(reader)


def _versions(record: BuildRecord) -> tuple[str, str] | None:
    """The engine's version and its BuildKit's; None where the engine is unknown."""
    engine = record.engine
    return (engine.version, engine.buildkit_version) if engine is not None else None


def _read_alike(writer: BuildRecord, reader: BuildRecord) -> bool:
    """Whether all that reads contexts is known, and steps that are compared with each other read alike."""
    if dockerfile_of(writer) is None or dockerfile_of(reader) is None:
        return False
    writers, readers = ({step.index: step for step in record.steps} for record in (writer, reader))
    return all(
        normalise(writers[left].instruction) == normalise(readers[right].instruction)
        or not (_reads(writers[left]) or _reads(readers[right]))
        for right, left in align(writer.steps, reader.steps).writer_of.items()
    )


def _reads(step: StepRecord) -> bool:
    instruction = printed_instruction(step.instruction)
    return instruction is None or any(_sources(instruction))


def _instructions(record: BuildRecord) -> Iterator[Instruction]:
    """Those of the Dockerfile, and those of steps: a base image may add some."""
    dockerfile = dockerfile_of(record)
    printed = (printed_instruction(step.instruction) for step in record.steps)
    for each in (*(dockerfile.instructions if dockerfile is not None else ()), *filter(None, printed)):
        yield each.trigger or each


def _deciding(instruction: Instruction, builder: Builder) -> Iterator[str]:
    """Words that say what is read, and in which form it enters the key."""
    yield from _sources(instruction)
    if instruction.keyword in ("COPY", "ADD"):
        yield from (value for _, value in instruction.flags)
        if builder is Builder.BUILDAH:
            yield from instruction.arguments  # a file's new name is in its key


def _sources(instruction: Instruction) -> Iterator[str]:
    """Paths that a COPY, an ADD or a mount names, as written; none of stages and images."""
    if instruction.keyword in ("COPY", "ADD") and not instruction.flag("from"):
        # BuildKit shows the JSON form without its quotes.
        yield from (word.strip("[,") for word in instruction.sources if "://" not in word)
    for value in instruction.flag_values("mount"):
        fields = dict(each.partition("=")[::2] for each in value.split(","))
        yield fields.get("source") or fields.get("src") or "."


def _depth(source: str) -> int:
    """How many names a path has; none for the root."""
    path = clean("/" + source)[1:]
    return path.count("/") + 1 if path else 0


def _same_links(writer: BuildRecord, reader: BuildRecord) -> bool:
    """Whether links of both lead to the same, and no wildcard looks for files through one."""
    links = [_links(record) for record in (writer, reader)]
    if links[0] != links[1]:
        return False
    sources = chain.from_iterable(map(_sources, (*_instructions(writer), *_instructions(reader))))
    return not links[0] or not any(has_glob(source) and "/" in source for source in sources)


def _links(record: BuildRecord) -> list[ContextEntry]:
    return [entry for entry in (record.context.entries if record.context else ()) if entry.linkname]


def _unlisted(sums: Iterable[tuple[BlockPlace, Sequence[str | None]]]) -> Unlisted:
    found: dict[str, list[str | None]] = {}
    for place, digests in sums:
        found.setdefault(dirname(place.after), []).extend(digests)
    return {directory: tuple(digests) for directory, digests in found.items()}
