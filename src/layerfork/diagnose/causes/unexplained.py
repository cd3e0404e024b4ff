"""No part explains the miss. The evidence keeps everything that a bug report needs."""

from collections.abc import Iterator

from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, Strength
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import show_value, shown
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild, StepView
from layerfork.record.answer import Cause
from layerfork.record.cause import CauseCode

UNSEEN = "the definition of this step"
"""What a key lacks when the client spoke ``POST /build``."""
_REMEDIES = {
    UNSEEN: (
        "add a client that shows BuildKit's definition to the run, such as `--client buildx-build`; "
        "POST /build, which this client uses, never shows it"
    ),
    "": "record both builds again, completely",
}
_IMPORTED_REMEDY = (
    "compare records that say more: an export of the build history (docker buildx history export), "
    "provenance of mode=max, or a recorded build (layerfork record)"
)
REMEDY = "please report this with both records: until shown otherwise, it is a bug in layerfork"


def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Whatever no other rule has claimed, or a miss without any difference."""
    unknown = sorted({*case.writer_view.key.unknown, *case.reader_view.key.unknown})
    if unclaimed:
        what = "these parts differ, and no cause is known for them: " + ", ".join(
            sorted({each.cause for each in unclaimed})
        )
    elif unknown:
        what = f"no cause can be named, because {_lacks(case)}"
    else:
        what = f"{case.reader_name} missed although its key equals {case.writer_name}'s"
    yield Finding(
        code=CauseCode.UNEXPLAINED,
        detail=what,
        evidence=(
            *(
                case.both_sides(
                    f"{each.cause} {each.label} {each.path}", show_value(each.writer), show_value(each.reader)
                )
                for each in unclaimed
            ),
            *_describe(case.reader_name, case.reader, case.reader_view),
            *_describe(case.writer_name, case.writer, case.writer_view),
        ),
        remedy=_remedy(case, unknown),
        claims=unclaimed,
        strength=Strength.NONE,
    )


def _say(scene: Scene, cause: Cause) -> str:
    """As found, with what the asker calls the two builds."""
    text = shown(cause.detail)
    if scene.again:
        return text
    for name, side in ((scene.fork.writer, scene.writer_name), (scene.fork.reader, scene.reader_name)):
        text = text.replace(name, side)
    return text


def _remedy(case: Case, unknown: list[str]) -> str:
    if not unknown:
        return REMEDY
    if case.writer.record.imported_from or case.reader.record.imported_from:
        return _IMPORTED_REMEDY
    return _REMEDIES[UNSEEN if UNSEEN in unknown else ""]


def _lacks(case: Case) -> str:
    writer, reader = (sorted(set(view.key.unknown)) for view in (case.writer_view, case.reader_view))
    if writer == reader:
        return f"the records lack {', '.join(writer)}"
    sides = ((case.reader_name, reader), (case.writer_name, writer))
    return " and ".join(f"the record of {name} lacks {', '.join(lacks)}" for name, lacks in sides if lacks)


def _describe(name: str, build: JudgedBuild, view: StepView) -> Iterator[str]:
    engine = build.record.engine
    version = f"{engine.version}, {engine.image_store}" if engine else "unknown"
    yield f"{name}: record {build.record.id}, engine {version}, key rules {build.keys.rules}"
    step = view.step
    yield f"{name}: step {step.index} {step.status.value}, identity {step.identity or 'unknown'}"
    if step.created_by:
        yield f"{name}: the engine wrote {step.created_by!r}"
    if view.key.engine_form:
        yield f"{name}: layerfork computed {view.key.engine_form!r}"
    for lack in view.key.unknown:
        yield f"{name}: unknown: {lack}"
    # What an imported record lacks is said once, of the whole record.
    for gap in () if build.record.imported_from else build.record.gaps:
        yield f"{name}: gap at {gap.where}: {gap.what}"


UNEXPLAINED = CauseRule(code=CauseCode.UNEXPLAINED, find=find, say=_say, remedy=REMEDY)


RULES = (UNEXPLAINED,)
