"""What undoing a cause works with: the case, both contexts by path, both Dockerfiles side by side."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from layerfork.diagnose.causes.rule import Case
from layerfork.diagnose.compare.alignment import align
from layerfork.diagnose.compare.copied import Links, common_links, links_of
from layerfork.diagnose.compare.entries import all_by_path
from layerfork.diagnose.compare.stepwalk import Comparison
from layerfork.diagnose.compare.structure import instructions_in
from layerfork.dockerfile import Dockerfile, Instruction
from layerfork.dockerfile.recorded import dockerfile_of, instruction_at
from layerfork.hypothesis import UnappliableError
from layerfork.hypothesis.edited_dockerfile import source_text
from layerfork.hypothesis.steps import instructions_of
from layerfork.record.change import Change, LineAdded, LineIs, OptionIs, RequestIs
from layerfork.record.context import ContextEntry, ContextManifest, Transport
from layerfork.record.record import BuildRecord, StepRecord, StepStatus


@dataclass(slots=True, kw_only=True)
class Dockerfiles:
    """The writer's Dockerfile and the reader's. Instructions are known by their first lines."""

    comparison: Comparison
    writer_of: dict[int, int] = field(default_factory=dict)
    """Reader's first line to writer's."""
    reader_of: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        writer, reader = self.writer, self.reader
        if writer is None or reader is None:
            return
        writer_lines, reader_lines = self._step_lines("writer"), self._step_lines("reader")
        for reader_step, writer_step in self.comparison.alignment.writer_of.items():
            if writer_step in writer_lines and reader_step in reader_lines:
                self._pair(writer_lines[writer_step], reader_lines[reader_step])
        rest = align(_lines(writer, set(self.reader_of)), _lines(reader, set(self.writer_of)))
        built = set(writer_lines.values()), set(reader_lines.values())
        for reader_line, writer_line in rest.writer_of.items():
            # Steps of both builds that are no pair have moved.
            if not (writer_line in built[0] and reader_line in built[1]):
                self._pair(writer_line, reader_line)

    def _step_lines(self, side: str) -> dict[int, int]:
        found = instructions_of(self._record(side))
        return {step: instruction.first_line for step, instruction in found.items()}

    def _pair(self, writer_line: int, reader_line: int) -> None:
        self.writer_of[reader_line] = writer_line
        self.reader_of[writer_line] = reader_line

    def _record(self, side: str) -> BuildRecord:
        return self.comparison.writer.record if side == "writer" else self.comparison.reader.record

    @property
    def writer(self) -> Dockerfile | None:
        return dockerfile_of(self.comparison.writer.record)

    @property
    def reader(self) -> Dockerfile | None:
        return dockerfile_of(self.comparison.reader.record)

    def instruction(self, side: str, step: StepRecord) -> Instruction:
        """The instruction of a step. Raises: UnappliableError."""
        record = self._record(side)
        found = instructions_of(record).get(step.index) or instruction_at(dockerfile_of(record), step)
        if found is None:
            raise UnappliableError(f"the line of {step.instruction} is not known")
        return found

    def line_of(self, side: str, step: StepRecord) -> int:
        """Where the instruction of a step begins; beyond the end when that is not known."""
        try:
            return self.instruction(side, step).first_line
        except UnappliableError:
            return sys.maxsize

    def as_written(self, reader: Instruction) -> Iterator[Change]:
        """The reader's instruction reads as the writer's; nothing when it does already."""
        line = self.writer_of.get(reader.first_line)
        writer = _starting_at(self.writer, line)
        if writer is None:
            yield LineIs(line=reader.first_line, text="")
        else:
            yield from self.replaced(reader, writer)

    def replaced(self, reader: Instruction, writer: Instruction) -> Iterator[Change]:
        """One instruction of the reader reads as one of the writer."""
        text = source_text(self._record("writer"), writer)
        if text != source_text(self._record("reader"), reader):
            yield LineIs(line=reader.first_line, text=text, example_line=writer.first_line)

    def added(self, writer: Instruction) -> LineAdded:
        """An instruction of the writer stands in the reader's Dockerfile as well, at its place."""
        return LineAdded(
            before_line=self._place_of(writer),
            text=source_text(self._record("writer"), writer),
            example_line=writer.first_line,
        )

    def _place_of(self, writer: Instruction) -> int:
        """First line of the reader's instruction that the writer's instruction stands before."""
        for each in instructions_in(self.writer):
            if each.first_line <= writer.first_line:
                continue
            if each.stage != writer.stage and writer.stage >= 0:
                return self._end_of_stage(writer)
            if each.first_line in self.reader_of:
                return self.reader_of[each.first_line]
        return 0

    def _end_of_stage(self, writer: Instruction) -> int:
        """The FROM after the stage that the writer's instruction belongs to."""
        stages = self.reader.stages if self.reader is not None else ()
        own = [
            each.stage
            for each in instructions_in(self.reader)
            if (line := self.writer_of.get(each.first_line)) is not None
            and (found := _starting_at(self.writer, line)) is not None
            and found.stage == writer.stage
        ]
        stage = max(own, default=writer.stage)
        return next((each.origin.first_line for each in stages if each.index == stage + 1), 0)

    def setting(self, name: str, before: tuple[int, int], *, own: bool) -> Iterator[Change]:
        """Lines that set or declare a variable, and read otherwise in the other Dockerfile.

        ``before`` are the lines of the writer's step and of the reader's: later ones do not count, and these
        only where they are ARG lines, and ``own``.
        """
        for instruction in _setting(self.reader, name, before[1], own=own):
            yield from self.as_written(instruction)
        for instruction in _setting(self.writer, name, before[0], own=own):
            if instruction.first_line not in self.reader_of:
                yield self.added(instruction)
            else:
                reader = _starting_at(self.reader, self.reader_of[instruction.first_line])
                if reader is not None:
                    yield from self.replaced(reader, instruction)


def _lines(dockerfile: Dockerfile, but: set[int]) -> list[StepRecord]:
    return [
        StepRecord(
            index=each.first_line,
            stage=each.stage,
            stage_name=each.stage_name,
            instruction=each.text,
            status=StepStatus.UNKNOWN,
        )
        for each in dockerfile.instructions
        if each.first_line not in but
    ]


def _starting_at(dockerfile: Dockerfile | None, line: int | None) -> Instruction | None:
    return next((each for each in instructions_in(dockerfile) if each.first_line == line), None)


def _setting(dockerfile: Dockerfile | None, name: str, before: int, *, own: bool) -> tuple[Instruction, ...]:
    return tuple(
        each
        for each in instructions_in(dockerfile)
        if each.first_line < before + (own and each.keyword == "ARG")
        and each.keyword in ("ARG", "ENV")
        and name in dict(each.pairs)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The entries of one context of both builds, by path."""

    context: str
    writer: Mapping[str, tuple[ContextEntry, ...]]
    reader: Mapping[str, tuple[ContextEntry, ...]]
    transports: tuple[Transport | None, Transport | None] = (None, None)
    """How the writer's travelled, and the reader's; None when there is none."""
    links: Links = field(default_factory=dict)
    """Those that both sent alike."""

    def has(self, path: str) -> bool:
        """Whether one of the two sent an entry of a path."""
        return path in self.reader or path in self.writer

    def pair(self, path: str) -> tuple[ContextEntry, ContextEntry] | None:
        """The first entry of a path in both; None when one side has none."""
        if path not in self.writer or path not in self.reader:
            return None
        return self.writer[path][0], self.reader[path][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One case, with what is made once for all cases of a comparison."""

    case: Case
    contexts: tuple[Sent, ...]
    dockerfiles: Dockerfiles


def contexts_of(comparison: Comparison) -> tuple[Sent, ...]:
    """Every context that both builds, or one of them, sent."""
    writers, readers = _manifests(comparison.writer.record), _manifests(comparison.reader.record)
    names = dict.fromkeys((*readers, *writers))
    return tuple(_sent(name, writers.get(name), readers.get(name)) for name in names)


def _sent(name: str, writer: ContextManifest | None, reader: ContextManifest | None) -> Sent:
    """One context of both builds; a build that has none of that name sent nothing."""
    sides = [manifest.entries if manifest is not None else () for manifest in (writer, reader)]
    return Sent(
        context=name,
        writer=all_by_path(sides[0]),
        reader=all_by_path(sides[1]),
        transports=(_transport(writer), _transport(reader)),
        links=common_links(*map(links_of, sides)),
    )


def _transport(manifest: ContextManifest | None) -> Transport | None:
    return manifest.transport if manifest is not None else None


def _manifests(record: BuildRecord) -> dict[str, ContextManifest]:
    found = {} if record.context is None else {"context": record.context}
    return found | {each.name: each for each in record.named_contexts}


def requested(material: Material, field: str) -> tuple[Change, ...]:
    writer: str = getattr(material.case.writer.record.request, field)
    reader: str = getattr(material.case.reader.record.request, field)
    return () if writer == reader else (RequestIs(field=field, value=writer),)


def requested_options(material: Material, names: tuple[str, ...]) -> Iterator[Change]:
    writer = dict(material.case.writer.record.request.options)
    reader = dict(material.case.reader.record.request.options)
    for name in names:
        if writer.get(name) != reader.get(name):
            yield OptionIs(name=name, value=writer.get(name))
