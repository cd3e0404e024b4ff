"""What the reader of an answer can do now, by cause and situation. A table for each family of causes."""

from collections.abc import Callable

from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.fixes import caches, entries, values
from layerfork.record.answer import Fix
from layerfork.record.judgement import Cause

Found = tuple[str, Fix]
"""Code of the pattern that the fix follows, empty for none; and the fix."""
FIXES: dict[str, Callable[[Scene, Cause], Found]] = {
    code.value: fix for family in (entries, values, caches) for code, fix in family.FIXES.items()
}
"""By the cause's code."""


def fix_of(scene: Scene, cause: Cause) -> Found:
    """One thing to do about a cause; what its rule says where no table has something better."""
    fix = FIXES.get(cause.code)
    return fix(scene, cause) if fix is not None else ("", Fix(sentence=cause.remedy))
