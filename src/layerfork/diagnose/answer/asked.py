"""Steps that only the reader was asked for: no fork, since nothing was stored, but somebody waited."""

from layerfork.diagnose.answer.excerpt import excerpt_of
from layerfork.diagnose.answer.rows import later_of
from layerfork.diagnose.answer.scene import AnswerSources, set_scene
from layerfork.diagnose.answer.words import values
from layerfork.diagnose.fixes.lines import fix_stored
from layerfork.diagnose.phrases.lines import LAST_STAGE
from layerfork.record.answer import Answer, FieldRow, Point
from layerfork.record.cause import CauseCode
from layerfork.record.judgement import CauseStatus, Caution, Fork, MissKind
from layerfork.record.record import StepStatus

_ASKED = {
    "added-target": (CauseCode.TARGET, "target", LAST_STAGE),
    "added-platform": (CauseCode.PLATFORM, "platform", "the engine's own"),
}
"""What the warning is about, and what asking for nothing means."""


def answer_added(caution: Caution, sources: AnswerSources) -> Answer | None:
    """The answer to a warning about added steps; None for any other. What was asked, the records prove."""
    if caution.code not in _ASKED:
        return None
    code, field, default = _ASKED[caution.code]
    steps = [step for step in sources.reader.steps if step.index >= caution.step]
    missed = [step for step in steps if step.status is StepStatus.MISS]
    times = [step.seconds for step in missed if step.seconds is not None]
    fork = Fork(
        writer=sources.sides[0].name,
        reader=sources.sides[1].name,
        step=caution.step,
        instruction=steps[0].instruction if steps else "",
        miss_kind=MissKind.KEY_CHANGED,
        causes=(),
        consequences=tuple(step.index for step in missed if step.index != caution.step),
    )
    scene = set_scene(fork, sources)
    writer, reader = (
        str(getattr(record.request, field)) or default for record in (sources.writer, sources.reader)
    )
    built = "this was not built then" if scene.again else f"{scene.writer_name} did not build this"
    return Answer(
        writer=sources.sides[0],
        reader=sources.sides[1],
        situation=sources.situation,
        file=scene.file,
        line=scene.line,
        step=caution.step,
        platform=scene.step.platform,
        instruction=scene.text,
        miss_kind=fork.miss_kind,
        points=(
            Point(
                culprit=f"{values(scene, field, writer, reader)}: {built}",
                code=code,
                status=CauseStatus.PROVEN,
                causes=(),
                rows=(FieldRow(label=field, writer=writer, reader=reader),),
                fix=fix_stored(scene),
            ),
        ),
        seconds=sum(times) if times else None,
        excerpt=excerpt_of(scene),
        later=later_of(scene),
    )
