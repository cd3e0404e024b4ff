"""Changes of the Dockerfile: instructions that read otherwise, come or go, paired with those before."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from layerfork.dockerfile import NO_STAGE, Dockerfile, Instruction, parse_dockerfile
from layerfork.dockerfile.recorded import dockerfile_of, grammar_of
from layerfork.dockerfile.stagepairing import pair_lines, pair_stages
from layerfork.errors import UsageError
from layerfork.hypothesis.unappliable import UnappliableError
from layerfork.record.build import Builder
from layerfork.record.change import DockerfileIs, LineAdded, LineIs
from layerfork.record.record import BuildRecord, StepRecord


def instructions_beside(
    before: Dockerfile, after: Dockerfile, *, reworded: bool
) -> Mapping[int, Instruction]:
    """By first line, for instructions of a Dockerfile those that stood in their place before.

    Stages are paired first; inside them instructions of one text, and where ``reworded`` those of one keyword
    between them.
    """
    keyword = attrgetter("keyword") if reworded else None
    stages = {NO_STAGE: NO_STAGE, **pair_stages(_stage_names(before), _stage_names(after))}
    return {
        new.first_line: old
        for stage, other in stages.items()
        for old, new in pair_lines(
            _instructions_of(before, other), _instructions_of(after, stage), text=_text, keyword=keyword
        )
    }


def _stage_names(dockerfile: Dockerfile) -> dict[int, str]:
    return {stage.index: stage.name for stage in dockerfile.stages}


def _instructions_of(dockerfile: Dockerfile, stage: int) -> list[Instruction]:
    return [each for each in dockerfile.instructions if each.stage == stage]


def _text(instruction: Instruction) -> Hashable:
    return instruction.text, instruction.heredocs


LineChange = LineIs | LineAdded | DockerfileIs


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One instruction of the hypothetical Dockerfile, and the build that shows what became of it."""

    instruction: Instruction
    """As it stands in the hypothetical Dockerfile."""
    seen: Instruction | None
    """The same text where it was built, or for BuildKit's frontend, whose model says how another text
    comes out, the instruction in whose place it stands; None when no build had it."""
    in_example: bool = False
    """It was built in the example, not in the record itself."""

    @property
    def is_reworded(self) -> bool:
        """It reads otherwise than where it was built."""
        return self.seen is not None and _text(self.seen) != _text(self.instruction)

    def stage_name_of(self, step: StepRecord) -> str:
        """What a step's stage is called now; the builder's own name for one that has none."""
        renamed = self.seen is not None and self.seen.stage_name != self.instruction.stage_name
        return self.instruction.stage_name if renamed else step.stage_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A Dockerfile after changes."""

    text: str
    dockerfile: Dockerfile
    lines: tuple[Line, ...]
    """In file order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    text: str
    seen: Instruction | None
    in_example: bool = False


def edit(record: BuildRecord, changes: Iterable[LineChange], example: BuildRecord | None) -> Edited:
    """The record's Dockerfile with other instructions. Raises: UnappliableError."""
    dockerfile, text = dockerfile_of(record), record.request.dockerfile
    if dockerfile is None or text is None:
        raise UnappliableError("the Dockerfile was not recorded")
    own: list[LineIs | LineAdded] = []
    for change in changes:
        if isinstance(change, DockerfileIs):
            return _rewritten(record, dockerfile, change.text)
        own.append(change)
    shown = dockerfile_of(example) if example is not None else None
    if own and shown is not None and shown.escape != dockerfile.escape:
        raise UnappliableError("the two Dockerfiles have different escape characters")
    pieces = list(_pieces(dockerfile, text.split("\n"), tuple(own), shown))
    head = "".join(f"# {name}={value}\n" for name, value in dockerfile.directives)
    edited = head + "".join(f"{piece.text}\n" for piece in pieces)
    try:
        parsed = parse_dockerfile(edited, dockerfile.name)
    except UsageError as error:
        raise UnappliableError(f"the changed Dockerfile does not parse: {error.message}") from error
    if len(parsed.instructions) != len(pieces):
        raise UnappliableError("the changed Dockerfile has other instructions than were put in")
    return Edited(
        text=edited,
        dockerfile=parsed,
        lines=tuple(
            Line(instruction=instruction, seen=piece.seen, in_example=piece.in_example)
            for instruction, piece in zip(parsed.instructions, pieces, strict=True)
        ),
    )


def _rewritten(record: BuildRecord, dockerfile: Dockerfile, text: str) -> Edited:
    """Another text as a whole: its instructions beside those that were built."""
    try:
        parsed = parse_dockerfile(text, dockerfile.name, grammar_of(record))
    except UsageError as error:
        raise UnappliableError(f"the changed Dockerfile does not parse: {error.message}") from error
    seen = instructions_beside(dockerfile, parsed, reworded=record.builder is Builder.BUILDKIT)
    return Edited(
        text=text,
        dockerfile=parsed,
        lines=tuple(Line(instruction=each, seen=seen.get(each.first_line)) for each in parsed.instructions),
    )


def _pieces(
    dockerfile: Dockerfile, rows: list[str], changes: tuple[LineIs | LineAdded, ...], shown: Dockerfile | None
) -> Iterable[_Piece]:
    other = {each.line: each for each in changes if isinstance(each, LineIs)}
    added: dict[int, list[LineAdded]] = {}
    for each in changes:
        if isinstance(each, LineAdded):
            added.setdefault(each.before_line, []).append(each)
    for instruction in dockerfile.instructions:
        first = instruction.first_line
        yield from (_foreign(each, shown) for each in added.pop(first, ()))
        change = other.pop(first, None)
        if change is None:
            yield _Piece(text="\n".join(rows[first - 1 : instruction.last_line]), seen=instruction)
        elif change.text:
            yield _foreign(change, shown)
    yield from (_foreign(each, shown) for each in added.pop(0, ()))
    if other or added:
        raise UnappliableError(f"no instruction begins at line {next(iter([*other, *added]))}")


def _foreign(change: LineIs | LineAdded, shown: Dockerfile | None) -> _Piece:
    found = shown.instructions if shown is not None else ()
    seen = next((each for each in found if each.first_line == change.example_line), None)
    return _Piece(text=change.text, seen=seen, in_example=True)


def source_text(record: BuildRecord, instruction: Instruction) -> str:
    """The lines of the Dockerfile that an instruction stands on, as written."""
    rows = (record.request.dockerfile or "").split("\n")
    return "\n".join(rows[instruction.first_line - 1 : instruction.last_line])
