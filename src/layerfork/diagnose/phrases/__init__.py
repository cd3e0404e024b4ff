"""One sentence for each cause: what is to blame, to follow ``missed:``. A table for each family of causes."""

from collections.abc import Callable

from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import shown
from layerfork.diagnose.phrases import caches, entries, values
from layerfork.record.judgement import Cause

Phrase = Callable[[Scene, Cause], str]
_FAMILIES = (entries, values, caches)
PHRASES: dict[str, Phrase] = {
    code.value: phrase for family in _FAMILIES for code, phrase in family.PHRASES.items()
}
"""By the cause's code."""


def culprit_of(scene: Scene, cause: Cause) -> str:
    """What a cause blames. Causes without a phrase say it as their own text does."""
    phrase = PHRASES.get(cause.code)
    return (phrase(scene, cause) if phrase else "") or _own_text(scene, cause)


def _own_text(scene: Scene, cause: Cause) -> str:
    text = shown(cause.text.partition(" forked: ")[2] or cause.text)
    if scene.again:
        return text
    for name, side in ((scene.fork.writer, scene.writer_name), (scene.fork.reader, scene.reader_name)):
        text = text.replace(name, side)
    return text
