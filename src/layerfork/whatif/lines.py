"""Changes of the Dockerfile: instructions that read otherwise, come or go."""

from collections.abc import Iterable
from dataclasses import dataclass

from layerfork.dockerfile import Dockerfile, Instruction, parse_dockerfile
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.errors import UsageError
from layerfork.model.change import LineAdded, LineIs
from layerfork.model.record import BuildRecord
from layerfork.whatif.unappliable import UnappliableError

LineChange = LineIs | LineAdded


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One instruction of the hypothetical Dockerfile, and the build that shows what became of it."""

    instruction: Instruction
    """As it stands in the hypothetical Dockerfile."""
    seen: Instruction | None
    """The same text where it was built; None when no build had it."""
    in_example: bool = False
    """It was built in the example, not in the record itself."""


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
    changes = tuple(changes)
    shown = dockerfile_of(example) if example is not None else None
    if changes and shown is not None and shown.escape != dockerfile.escape:
        raise UnappliableError("the two Dockerfiles have different escape characters")
    pieces = list(_pieces(dockerfile, text.split("\n"), changes, shown))
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


def _pieces(
    dockerfile: Dockerfile, rows: list[str], changes: tuple[LineChange, ...], shown: Dockerfile | None
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


def _foreign(change: LineChange, shown: Dockerfile | None) -> _Piece:
    found = shown.instructions if shown is not None else ()
    seen = next((each for each in found if each.first_line == change.example_line), None)
    return _Piece(text=change.text, seen=seen, in_example=True)


def source_text(record: BuildRecord, instruction: Instruction) -> str:
    """The lines of the Dockerfile that an instruction stands on, as written."""
    rows = (record.request.dockerfile or "").split("\n")
    return "\n".join(rows[instruction.first_line - 1 : instruction.last_line])
