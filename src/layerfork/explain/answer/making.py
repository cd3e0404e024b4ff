"""From a fork and two records to the answer."""

from layerfork.explain.answer.excerpt import excerpt_of
from layerfork.explain.answer.fixes import fix_of
from layerfork.explain.answer.phrases import culprit_of
from layerfork.explain.answer.rows import SHOWN, rows_of
from layerfork.explain.answer.scene import AnswerSources, Scene, set_scene
from layerfork.model.answer import Answer, LaterStep, Point
from layerfork.model.judgement import Cause, Fork


def answer_fork(fork: Fork, sources: AnswerSources) -> Answer:
    """What a person needs to know of a fork between two builds. Pure, but for what `sources` looks at."""
    scene = set_scene(fork, sources)
    return Answer(
        writer=sources.sides[0],
        reader=sources.sides[1],
        situation=sources.situation,
        file=scene.file,
        line=scene.step.line,
        step=fork.step,
        platform=fork.platform,
        instruction=scene.text,
        miss_kind=fork.miss_kind,
        points=_points(scene),
        seconds=fork.seconds_lost,
        excerpt=excerpt_of(scene),
        later=tuple(
            LaterStep(step=step.index, line=step.line, instruction=step.instruction, seconds=step.seconds)
            for step in scene.later_steps()
        ),
    )


def _points(scene: Scene) -> tuple[Point, ...]:
    return tuple(_point(scene, place, cause) for place, cause in enumerate(scene.fork.causes))


def _point(scene: Scene, place: int, cause: Cause) -> Point:
    rows = rows_of(scene, cause, cause.parts)
    return Point(
        culprit=culprit_of(scene, cause),
        code=cause.code,
        status=cause.status,
        causes=(place,),
        rows=tuple(rows[:SHOWN]),
        more=max(0, len(rows) - SHOWN),
        fix=fix_of(scene, cause),
    )
