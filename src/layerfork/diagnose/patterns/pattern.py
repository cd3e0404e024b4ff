"""What a pattern is: parts of several causes, and one sentence that is literally true of each part."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from layerfork.diagnose.causes.scene import Scene
from layerfork.record.answer import ChangedPart, FieldRow, Fix, Treatment


class Held(NamedTuple):
    """One part that no pattern has claimed yet, and the cause that explains it."""

    cause: int
    """Its place in `Fork.causes`."""
    part: ChangedPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Parts that follow a pattern."""

    held: Sequence[Held]
    culprit: str
    """The sentence: true of every part in ``held``."""
    fix: Fix
    rows: Sequence[FieldRow] | None = None
    """None: those of the parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One pattern: its code, and how its parts are found among those that are left."""

    code: str
    find: Callable[[Scene, Sequence[Held]], Iterator[Group]]
    treatment: Treatment | None = None
    """How its fix is tried; None where it is no remedy."""
    by_product: bool = False
    """Only accompanies other changes, so it comes after them."""


def code_of(scene: Scene, held: Held) -> str:
    """Code of the cause that explains a part."""
    return scene.fork.causes[held.cause].code


def places(scene: Scene, held: Sequence[Held]) -> list[str]:
    """Paths in the context, each once."""
    return [scene.place_of(path) for path in dict.fromkeys(each.part.path for each in held)]
