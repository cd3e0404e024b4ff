"""From a fork and two records to the answer."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from layerfork.diagnose.answer.excerpt import excerpt_of
from layerfork.diagnose.answer.rows import ENTRIES, SHOWN, later_of, rows_of
from layerfork.diagnose.answer.scene import AnswerSources, Scene, set_scene
from layerfork.diagnose.fixes import fix_of
from layerfork.diagnose.patterns import PATTERNS
from layerfork.diagnose.patterns.pattern import Group, Held, places
from layerfork.diagnose.phrases import culprit_of
from layerfork.diagnose.phrases.entries import paths_of
from layerfork.record.answer import Answer, FieldRow, Point
from layerfork.record.judgement import Cause, CauseStatus, Fork

_STRENGTH = tuple(CauseStatus)
"""The strongest first."""


def answer_fork(fork: Fork, sources: AnswerSources) -> Answer:
    """What a person needs to know of a fork between two builds. Pure, but for what `sources` looks at."""
    scene = set_scene(fork, sources)
    return Answer(
        writer=sources.sides[0],
        reader=sources.sides[1],
        situation=sources.situation,
        file=scene.file,
        line=scene.line,
        step=fork.step,
        platform=fork.platform,
        instruction=scene.text,
        miss_kind=fork.miss_kind,
        points=tuple(_points(scene)),
        seconds=fork.seconds_lost,
        excerpt=excerpt_of(scene),
        later=later_of(scene),
    )


def _points(scene: Scene) -> list[Point]:
    """Groups first, then what is left of each cause; the strongest, and what is no by-product, in front."""
    held = [Held(place, part) for place, cause in enumerate(scene.fork.causes) for part in cause.parts]
    noise: list[Point] = []
    points: list[Point] = []
    for pattern in PATTERNS:
        for group in pattern.find(scene, held):
            claimed = set(group.held)
            held = [each for each in held if each not in claimed]
            (noise if pattern.by_product else points).append(_point_of_group(scene, pattern.code, group))
    points += _left_over(scene, held)
    points.sort(key=lambda point: (_STRENGTH.index(point.status), min(point.causes)))
    return points + noise


def _left_over(scene: Scene, held: Iterable[Held]) -> Iterator[Point]:
    left: dict[int, list[Held]] = {}
    for each in held:
        left.setdefault(each.cause, []).append(each)
    for place, cause in enumerate(scene.fork.causes):
        if place in left:
            cause = replace(cause, parts=tuple(each.part for each in left[place]))
        if place in left or not cause.parts:
            yield _point(scene, place, cause)


def _point(scene: Scene, place: int, cause: Cause) -> Point:
    pattern, fix = fix_of(scene, cause)
    rows = rows_of(scene, cause, cause.parts)
    return Point(
        culprit=culprit_of(scene, cause),
        code=cause.code,
        pattern=pattern,
        status=cause.status,
        causes=(place,),
        paths=tuple(paths_of(scene, cause) if cause.code in ENTRIES else filter(None, [cause.path])),
        rows=tuple(rows[:SHOWN]),
        more=max(0, len(rows) - SHOWN),
        fix=fix,
    )


def _point_of_group(scene: Scene, pattern: str, group: Group) -> Point:
    causes_held = tuple(dict.fromkeys(each.cause for each in group.held))
    causes = [scene.fork.causes[place] for place in causes_held]
    rows: list[FieldRow] = list(group.rows) if group.rows is not None else []
    if group.rows is None:
        for place, cause in zip(causes_held, causes, strict=True):
            rows += rows_of(scene, cause, (each.part for each in group.held if each.cause == place))
    return Point(
        culprit=group.culprit,
        code=causes[0].code,
        pattern=pattern,
        status=max((cause.status for cause in causes), key=_STRENGTH.index),
        causes=causes_held,
        paths=tuple(places(scene, group.held)),
        rows=tuple(rows[:SHOWN]),
        more=max(0, len(rows) - SHOWN),
        fix=group.fix,
    )
