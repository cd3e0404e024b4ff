"""What can be done about one fork: the fixes of its points together, as far as they are tried in one way."""

from collections.abc import Sequence

from layerfork.hypothesis.remedies.table import Kind, kind_of
from layerfork.record.answer import Answer, Edit, Point
from layerfork.record.fixing import Remedy, Way

Treated = tuple[Point, Kind]


def remedy_of(answer: Answer) -> Remedy | None:
    """The remedy for an answer's fork; None when there is nothing to edit or to run."""
    chosen = chosen_points(answer)
    if not chosen:
        return None
    kinds = [kind for _, kind in chosen]
    points = [point for point, _ in chosen]
    warnings = (*(point.fix.warning for point in points), *(kind.warning for kind in kinds))
    return Remedy(
        way=kinds[0].way,
        edits=_edits(chosen),
        command=" && ".join(dict.fromkeys(point.fix.command for point, kind in chosen if not kind.edits)),
        by_hand=kinds[0].by_hand,
        builds=kinds[0].builds,
        warnings=tuple(dict.fromkeys(filter(None, warnings))),
        left=tuple(point.culprit for point in answer.points if point not in points),
    )


def chosen_points(answer: Answer) -> Sequence[Treated]:
    """The points that are treated together: all of a kind with the first that can be.

    What makes another project comes first: it helps against every such change to come.
    """
    treated = [(point, kind) for point in answer.points if (kind := kind_of(point)) is not None]
    for way in (Way.REBUILD, Way.HOLD, Way.RESTORE, Way.COLD):
        own = [each for each in treated if each[1].way is way]
        if own:
            first = own[0][1]
            return own[:1] if first.builds else [each for each in own if _likewise(each[1], first)]
    return []


def _likewise(kind: Kind, first: Kind) -> bool:
    return (kind.builds, kind.by_hand, kind.edits) == (first.builds, first.by_hand, first.edits)


def _edits(chosen: Sequence[Treated]) -> tuple[Edit, ...]:
    """Each once; of two that touch one line the first."""
    found: dict[Edit, None] = {}
    for point, kind in chosen:
        own = point.fix.edits if kind.edits else ()
        taken = {line for edit in found for line in _lines(edit)}
        if set(own) <= found.keys() or not any(line in taken for edit in own for line in _lines(edit)):
            found.update(dict.fromkeys(own))
    return tuple(found)


def _lines(edit: Edit) -> set[tuple[str, int]]:
    return {(edit.file, edit.line + at) for at in range(max(1, len(edit.before)))} if edit.line else set()
