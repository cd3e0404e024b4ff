"""One sentence for each cause: what is to blame, to follow ``missed:``. A table for each family of causes."""

from collections.abc import Callable

from layerfork.explain.answer.phrases import caches, entries, values
from layerfork.explain.answer.scene import Scene
from layerfork.model.judgement import Cause

Phrase = Callable[[Scene, Cause], str]
_FAMILIES = (entries, values, caches)
PHRASES: dict[str, Phrase] = {
    code.value: phrase for family in _FAMILIES for code, phrase in family.PHRASES.items()
}
"""By the cause's code."""


def culprit_of(scene: Scene, cause: Cause) -> str:
    """What a cause blames. Causes without a phrase say it as their own text does."""
    phrase = PHRASES.get(cause.code)
    return (phrase(scene, cause) if phrase else "") or cause.text.partition(" forked: ")[2] or cause.text
