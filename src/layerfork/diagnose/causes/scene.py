"""What an answer is made of: one fork, both records, and who asks."""

import posixpath
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from layerfork.diagnose.compare.copied import Links, common_links, links_of, places_among
from layerfork.diagnose.compare.copied import copied_sources as sources_of
from layerfork.diagnose.compare.entries import first_by_path
from layerfork.dockerfile import Dockerfile, Instruction
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.hypothesis.steps import instructions_of
from layerfork.record.answer import Fork, Side, Situation
from layerfork.record.context import ContextEntry, Digest
from layerfork.record.record import BuildRecord, StepRecord, StepStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLook:
    """What the harness saw in a file that still has the recorded content."""

    with_lf: Digest
    """Digest of the same text with every line ending in LF."""
    with_crlf: Digest
    """Digest of the same text with every line ending in CR LF."""
    time: str = ""
    """A date and time of day that it holds, as written, within a minute of the file's own time; empty when it
    holds none."""


Look = Callable[[BuildRecord, ContextEntry], FileLook | None]
"""Looks at the file of an entry of a build on disk; None when it is not there as it was sent."""


Index = Callable[[BuildRecord, str], Digest | None]
"""Digest of a file of a build's context as git has it; None where git has none, or that is unknown."""


There = Callable[[BuildRecord, str], bool]
"""Whether a file lies at a path of a build's context, sent or not."""


Lines = Callable[[BuildRecord, str], tuple[str, ...]]
"""Lines of a text file at a path of a build's context, as on disk now; none where it is not there."""


def see_nothing(record: BuildRecord, entry: ContextEntry) -> None:
    """For records whose contexts are not at hand."""


def have_nothing(record: BuildRecord, path: str) -> None:
    """For records whose git is not at hand."""


def read_nothing(record: BuildRecord, path: str) -> tuple[str, ...]:
    """For records whose text files are not at hand."""
    return ()


def know_none(record: BuildRecord, path: str) -> bool:
    """For records whose other files are not at hand."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSources:
    """Two builds as an answer needs them."""

    writer: BuildRecord
    reader: BuildRecord
    sides: tuple[Side, Side]
    """The writer's and the reader's."""
    situation: Situation
    look: Look = see_nothing
    index: Index = have_nothing
    there: There = know_none
    lines: Lines = read_nothing
    all_entries: Callable[[], Mapping[str, ContextEntry]] | None = None
    """By cleaned path everything in the reader's context, also what its record here does not list; None:
    the record lists everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One fork between two builds."""

    fork: Fork
    sources: AnswerSources
    step: StepRecord
    """The reader's."""
    dockerfile: Dockerfile | None
    """The reader's, parsed; None when it was not recorded or does not parse."""
    instructions: Mapping[int, Instruction]
    """Of the reader's steps, as written, by step index."""
    writer_text: str
    """The writer's instruction as written; empty when it has none for this step."""
    lines: tuple[str, ...]
    """Of the reader's Dockerfile, without line ends."""
    entries: Mapping[str, ContextEntry] = field(default_factory=dict)
    """Of the reader's context, by cleaned path."""
    writer_entries: Mapping[str, ContextEntry] = field(default_factory=dict)
    links: Links = field(default_factory=dict)
    """Those that both contexts have alike."""
    copied: tuple[str, ...] = ()
    """Sources that the reader's step names."""
    places: dict[str, str] = field(default_factory=dict)
    """What `place_of` has found: there may be very many."""

    @property
    def writer(self) -> BuildRecord:
        return self.sources.writer

    @property
    def reader(self) -> BuildRecord:
        return self.sources.reader

    @property
    def writer_name(self) -> str:
        return self.sources.sides[0].name

    @property
    def reader_name(self) -> str:
        return self.sources.sides[1].name

    @property
    def situation(self) -> Situation:
        return self.sources.situation

    @property
    def again(self) -> bool:
        """Whether one person made both builds."""
        return self.situation in (Situation.AGAIN, Situation.TWICE)

    @property
    def subjects(self) -> tuple[str, str]:
        """What the two builds are called where each did something, writer first."""
        return ("the earlier build", "this build") if self.again else (self.writer_name, self.reader_name)

    @property
    def on_reader(self) -> str:
        """To follow a command: the machine of the reader, where another one made the earlier build."""
        return "" if self.again else f" on {self.reader_name}"

    @property
    def instruction(self) -> Instruction | None:
        """Of the reader's step, as written; None when that is not known."""
        return self.instructions.get(self.step.index)

    @property
    def line(self) -> int:
        """Where the instruction begins, from 1; 0 when unknown."""
        return self.instruction.first_line if self.instruction is not None else self.step.line

    @property
    def text(self) -> str:
        """The instruction as written, blanks as they are; as printed where that is not known."""
        return self.instruction.text if self.instruction is not None else self.step.instruction

    @property
    def file(self) -> str:
        """The Dockerfile's path in its context; absolute where it is known to lie elsewhere."""
        place = self.reader.place
        if place.dockerfile and place.directory:
            path = posixpath.relpath(place.dockerfile, place.directory)
            return place.dockerfile if path.startswith("../") else path
        return posixpath.normpath(self.reader.request.dockerfile_name or "Dockerfile")

    def place_of(self, path: str) -> str:
        """Where in the context a path of a key lies."""
        found = self.places.get(path)
        if found is None:
            found = self.places[path] = self._find_place(path)
        return found

    def _find_place(self, path: str) -> str:
        def is_entry(place: str) -> bool:
            return place in self.entries or place in self.writer_entries

        if "." in self.copied and is_entry(path):
            return path
        found = places_among(self.step.instruction, path, is_entry, self.links)
        return (found or (path,))[0] or "."

    def has(self, path: str) -> bool:
        """Whether the reader's context has a path."""
        if path in self.entries:
            return True
        return self.sources.all_entries is not None and path in self.sources.all_entries()

    def is_there(self, path: str) -> bool:
        """Whether a file lies at a path of the reader's context, sent or not."""
        return self.sources.there(self.reader, path)

    def others(self, paths: Collection[str]) -> tuple[ContextEntry, ...]:
        """Entries of the reader's context besides these."""
        entries = self.entries if self.sources.all_entries is None else self.sources.all_entries()
        return tuple(entry for path, entry in entries.items() if path not in paths)

    def is_in_git(self, path: str) -> bool:
        """Whether git has a file of the reader's context."""
        return self.sources.index(self.reader, path) is not None

    def brings_back(self, path: str) -> bool:
        """Whether what git has of a file of the reader's context is what the writer sent."""
        sent = self.writer_entries.get(path)
        has = self.sources.index(self.reader, path) if sent is not None and sent.content else None
        return sent is not None and has is not None and has == sent.content

    def later_steps(self) -> tuple[StepRecord, ...]:
        """What was built again only because this step was."""
        wanted = set(self.fork.consequences)
        return tuple(step for step in self.reader.steps if step.index in wanted)


def set_scene(fork: Fork, sources: AnswerSources) -> Scene:
    """Find what a fork speaks of in the records."""
    reader_steps = {step.index: step for step in sources.reader.steps}
    writer_steps = {step.index: step for step in sources.writer.steps}
    step = reader_steps.get(fork.step) or StepRecord(
        index=fork.step, instruction=fork.instruction, status=StepStatus.UNKNOWN
    )
    dockerfile = dockerfile_of(sources.reader)
    entered = any(part.path for cause in fork.causes for part in cause.parts)
    entries, writer_entries = (
        first_by_path(record) if entered else {} for record in (sources.reader, sources.writer)
    )
    return Scene(
        fork=fork,
        sources=sources,
        step=step,
        dockerfile=dockerfile,
        instructions=instructions_of(sources.reader),
        writer_text=_text_of(sources.writer, writer_steps.get(fork.writer_step or 0)),
        lines=tuple((sources.reader.request.dockerfile or "").splitlines()),
        entries=entries,
        writer_entries=writer_entries,
        links=common_links(links_of(writer_entries.values()), links_of(entries.values())),
        copied=sources_of(step.instruction),
    )


def _text_of(record: BuildRecord, step: StepRecord | None) -> str:
    if step is None:
        return ""
    written = instructions_of(record).get(step.index)
    return written.text if written is not None else step.instruction
