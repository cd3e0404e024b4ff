"""The lines of the Dockerfile around the step that missed."""

from collections.abc import Iterator

from layerfork.diagnose.answer.scene import Scene
from layerfork.record.answer import ExcerptLine

_AROUND = 1
"""Lines shown above and below the instruction."""
_LONGEST = 12
"""Lines of one instruction that are shown."""


def excerpt_of(scene: Scene) -> tuple[ExcerptLine, ...]:
    """The instruction with its neighbours; empty when its line is not known."""
    return tuple(_lines(scene)) if scene.line and scene.lines else ()


def _lines(scene: Scene) -> Iterator[ExcerptLine]:
    first = last = scene.line
    if scene.instruction is not None:
        first, last = scene.instruction.first_line, scene.instruction.last_line
    shown_last = min(last, first + _LONGEST - 1)
    end = shown_last + (_AROUND if shown_last == last else 0)
    for number in range(max(1, first - _AROUND), min(len(scene.lines), end) + 1):
        marked = first <= number <= last
        yield ExcerptLine(number=number, text=scene.lines[number - 1], marked=marked)
