"""What the reader of an answer can do now, by cause and situation. A table for each family."""

from layerfork.explain.answer.scene import Scene
from layerfork.model.answer import Fix
from layerfork.model.judgement import Cause


def fix_of(scene: Scene, cause: Cause) -> Fix:
    """One thing to do about a cause."""
    return Fix(sentence=cause.remedy)
