"""Generated files that hold the time at which they were made."""

from collections.abc import Iterator, Sequence

from layerfork.diagnose.causes.edits import leave_out, pattern_of, say_edit
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.patterns.pattern import Group, Held, Pattern, code_of
from layerfork.record.answer import Fix
from layerfork.record.cause import CauseCode

_MOST_LOOKED_AT = 100


def find(scene: Scene, held: Sequence[Held]) -> Iterator[Group]:
    """Files that hold a time which is, within a minute, that of their own last change."""
    content = [each for each in held if code_of(scene, each) == CauseCode.CONTENT]
    groups: dict[str, list[Held]] = {}
    times: dict[str, str] = {}
    for each in content[:_MOST_LOOKED_AT]:
        place = scene.place_of(each.part.path)
        entry = scene.entries.get(place)
        look = scene.sources.look(scene.reader, entry) if entry is not None and place not in groups else None
        if place in groups or (look is not None and look.time and pattern_of(place)):
            groups.setdefault(place, []).append(each)
            times.setdefault(place, look.time if look is not None else "")
    changed = "changed" if scene.again else "differs"
    for place, own in groups.items():
        yield Group(
            held=own,
            culprit=f"{place} {changed}; it holds the time it was written, {times[place]}",
            fix=_fix(scene, place),
        )


def _fix(scene: Scene, place: str) -> Fix:
    edit = leave_out(scene, pattern_of(place))
    return Fix(
        sentence=f"leave it out: {say_edit(edit)}",
        edits=(edit,),
        warning="a step that reads it would miss it: let a RUN below the others make it there",
    )


PATTERNS = (Pattern(code="generated-with-time", find=find),)
