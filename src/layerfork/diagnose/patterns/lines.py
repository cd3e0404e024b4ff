"""One line of the Dockerfile that was edited, where its key has several parts."""

from collections.abc import Iterator, Sequence

from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.fixes.lines import fix_line
from layerfork.diagnose.patterns.pattern import Group, Held, Pattern, code_of
from layerfork.diagnose.phrases.lines import say_line
from layerfork.record.cause import CauseCode

_WRITTEN = frozenset({CauseCode.MOUNT, CauseCode.NETWORK, CauseCode.RUN_OPTION})
"""Causes that an instruction's own flags decide, or the request's options."""


def find(scene: Scene, held: Sequence[Held]) -> Iterator[Group]:
    """Parts that flags of the step's own line decide, where that line reads otherwise."""
    own = [each for each in held if code_of(scene, each) in _WRITTEN]
    if own and scene.writer_text and scene.writer_text != scene.text:
        yield Group(held=own, culprit=say_line(scene), rows=(), fix=fix_line(scene))


PATTERNS = (Pattern(code="line-edited", find=find),)
