"""Forks as answers: place, culprit, cost, one fix."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import fsum

from layerfork.diagnose.causes.dockerfilelines import LAST_STAGE, fix_stored
from layerfork.diagnose.causes.forms import ENTRY_CAUSES
from layerfork.diagnose.causes.rule import REARRANGE, PatternFix
from layerfork.diagnose.causes.scene import AnswerSources, Scene, set_scene
from layerfork.diagnose.causes.table import RULE_OF
from layerfork.diagnose.causes.wording import paths_of, show_mode, shown, subject, values
from layerfork.diagnose.patterns import PATTERNS
from layerfork.diagnose.patterns.pattern import Group, Held, Pattern, places
from layerfork.record.answer import (
    Answer,
    Cause,
    CauseStatus,
    Caution,
    ChangedPart,
    ExcerptLine,
    FieldRow,
    Fix,
    Fork,
    LaterStep,
    MissKind,
    Point,
)
from layerfork.record.cause import CauseCode
from layerfork.record.record import StepStatus

SHOWN = 4
ENTRIES = ENTRY_CAUSES | {CauseCode.IGNORE_RULE, CauseCode.DOCKERFILE_IN_CONTEXT}
"""Causes that are about entries of the context."""
_ONE_SIDED = {
    CauseCode.ENTRY_EXTRA,
    CauseCode.ENTRY_MISSING,
    CauseCode.IGNORE_RULE,
    CauseCode.DOCKERFILE_IN_CONTEXT,
}
_WHOLE = {
    CauseCode.ENTRY_TYPE,
    CauseCode.HARDLINK,
    CauseCode.LINK_TARGET,
    CauseCode.XATTR,
    CauseCode.MODE_TYPE_BITS,
    CauseCode.ROOT_HEADER,
}
"""Causes with one row of their values: their parts are many, or mean nothing by themselves."""
_NAMED_FIELDS = {CauseCode.XATTR, CauseCode.MODE_TYPE_BITS}
"""Those of them whose row names the field."""
_LINES = {CauseCode.INSTRUCTION, CauseCode.LABEL}
"""Causes that the line itself shows: they have no rows."""


def rows_of(scene: Scene, cause: Cause, parts: Iterable[ChangedPart]) -> list[FieldRow]:
    """A row for each field that differs, of entries one for each path and field."""
    if cause.code in _LINES and scene.writer_text not in ("", scene.text):
        return []
    if cause.code in _WHOLE:
        return [_row_of_cause(scene, cause)]
    if cause.code == CauseCode.DIRECTORY_ENTRY:
        label = f"entry for {subject(scene, cause)}"
        return [FieldRow(label=label, writer=_sent(cause.writer), reader=_sent(cause.reader))]
    if cause.code in _ONE_SIDED:
        return list(_presence(scene, parts))
    if cause.code in ENTRIES:
        return [_row(scene, cause, part) for part in parts]
    return [_own_row(cause)] if cause.writer or cause.reader else []


def _sent(value: str) -> str:
    return "not sent" if value == "absent" else "sent"


def _row_of_cause(scene: Scene, cause: Cause) -> FieldRow:
    """The cause's own values, whatever its parts are."""
    place = subject(scene, cause)
    label = f"{cause.field} of {place}" if cause.code in _NAMED_FIELDS else place
    return FieldRow(label=label, writer=shown(cause.writer), reader=shown(cause.reader))


def _own_row(cause: Cause) -> FieldRow:
    label = " ".join(filter(None, (cause.code.replace("-", " "), cause.path)))
    writer, reader = (shown(value) if value else "not given" for value in (cause.writer, cause.reader))
    return FieldRow(label=label, writer=writer, reader=reader)


def _presence(scene: Scene, parts: Iterable[ChangedPart]) -> Iterator[FieldRow]:
    sides: dict[str, list[ChangedPart]] = {}
    for part in parts:
        sides.setdefault(part.path, []).append(part)
    for path, own in sides.items():
        place = scene.place_of(path)
        writer = all(part.writer is None for part in own)
        reader = all(part.reader is None for part in own)
        if writer or reader:
            yield FieldRow(
                label=place, writer="not sent" if writer else "sent", reader="not sent" if reader else "sent"
            )
        else:
            yield _sizes(scene, place)


def _row(scene: Scene, cause: Cause, part: ChangedPart) -> FieldRow:
    place = scene.place_of(part.path)
    if cause.code == CauseCode.CONTENT and "size" not in part.field:
        return _sizes(scene, place)
    show = _mode if cause.code == CauseCode.MODE else shown
    label = f"{part.field or cause.code} of {place}"
    return FieldRow(label=label, writer=show(part.writer), reader=show(part.reader))


def _mode(value: str | None) -> str:
    return "none" if value is None else show_mode(value)


def _sizes(scene: Scene, place: str) -> FieldRow:
    writer, reader = scene.writer_entries.get(place), scene.entries.get(place)
    return FieldRow(
        label=place,
        writer=f"{writer.size:,} bytes" if writer else "unknown",
        reader=(f"{reader.size:,} bytes" if reader else "unknown")
        + (", other content" if writer and reader and writer.size == reader.size else ""),
    )


def later_of(scene: Scene) -> tuple[LaterStep, ...]:
    """The later steps that were built again, with their lines."""
    found = scene.instructions
    return tuple(
        LaterStep(
            step=step.index,
            line=found[step.index].first_line if step.index in found else step.line,
            instruction=step.instruction,
            seconds=step.seconds,
        )
        for step in scene.later_steps()
    )


# The lines of the Dockerfile around the step that missed.

_AROUND = 1
"""Lines shown above and below the instruction."""
_LONGEST = 12
"""Lines of one instruction that are shown."""


def excerpt_of(scene: Scene) -> tuple[ExcerptLine, ...]:
    """The instruction with its neighbours; empty when its line is not known."""
    return tuple(_lines(scene)) if scene.line and scene.lines else ()


def _lines(scene: Scene) -> Iterator[ExcerptLine]:
    first = last = scene.line
    if scene.instruction is not None:
        first, last = scene.instruction.first_line, scene.instruction.last_line
    shown_last = min(last, first + _LONGEST - 1)
    end = shown_last + (_AROUND if shown_last == last else 0)
    for number in range(max(1, first - _AROUND), min(len(scene.lines), end) + 1):
        marked = first <= number <= last
        yield ExcerptLine(number=number, text=scene.lines[number - 1], marked=marked)


# Steps that only the reader was asked for: no fork, because nothing was stored, but a person waited for them.

_ASKED = {
    "added-target": (CauseCode.TARGET, "target", LAST_STAGE),
    "added-platform": (CauseCode.PLATFORM, "platform", "the engine's own"),
}
"""The cause, the option of the request, and what it means to leave the option out."""


def answer_added(caution: Caution, sources: AnswerSources) -> Answer | None:
    """The answer to a warning about added steps; None for any other. The records prove what was asked."""
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
    built = f"{scene.subjects[0]} did not build this"
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
        seconds=fsum(times) if times else None,
        excerpt=excerpt_of(scene),
        later=later_of(scene),
    )


# From a fork and two records to the answer.

_STRENGTH = tuple(CauseStatus)
"""The strongest first."""


def answer_fork(fork: Fork, sources: AnswerSources) -> Answer:
    """What a person needs to know about a fork. Pure, except for what `sources` looks at."""
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
    """Groups and then what is left of each cause, the strongest first; by-products come last."""
    held = [Held(place, part) for place, cause in enumerate(scene.fork.causes) for part in cause.parts]
    noise: list[Point] = []
    points: list[Point] = []
    for pattern in PATTERNS:
        for group in pattern.find(scene, held):
            claimed = set(group.held)
            held = [each for each in held if each not in claimed]
            (noise if pattern.by_product else points).append(_point_of_group(scene, pattern, group))
    points += _left_over(scene, held)
    # A stable sort keeps groups before single causes of equal strength and place.
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


def _fix_of(scene: Scene, cause: Cause) -> PatternFix:
    """One thing to do about a cause: its rule's fix, else the remedy. The pattern is empty for most."""
    fix_of = RULE_OF[cause.code].fix
    fix = fix_of(scene, cause) if fix_of is not None else Fix(sentence=cause.remedy)
    return fix if isinstance(fix, PatternFix) else PatternFix("", fix)


def _point(scene: Scene, place: int, cause: Cause) -> Point:
    pattern, fix = _fix_of(scene, cause)
    rows = rows_of(scene, cause, cause.parts)
    return Point(
        culprit=RULE_OF[cause.code].say(scene, cause),
        code=cause.code,
        pattern=pattern,
        status=cause.status,
        causes=(place,),
        paths=tuple(paths_of(scene, cause) if cause.code in ENTRIES else filter(None, [cause.path])),
        rows=tuple(rows[:SHOWN]),
        more=max(0, len(rows) - SHOWN),
        fix=fix,
        treatment=REARRANGE if pattern else RULE_OF[cause.code].treatment,
    )


def _point_of_group(scene: Scene, pattern: Pattern, group: Group) -> Point:
    causes_held = tuple(dict.fromkeys(each.cause for each in group.held))
    causes = [scene.fork.causes[place] for place in causes_held]
    rows: list[FieldRow] = list(group.rows) if group.rows is not None else []
    if group.rows is None:
        for place, cause in zip(causes_held, causes, strict=True):
            rows += rows_of(scene, cause, (each.part for each in group.held if each.cause == place))
    return Point(
        culprit=group.culprit,
        code=causes[0].code,
        pattern=pattern.code,
        status=max((cause.status for cause in causes), key=_STRENGTH.index),
        causes=causes_held,
        paths=tuple(places(scene, group.held)),
        rows=tuple(rows[:SHOWN]),
        more=max(0, len(rows) - SHOWN),
        fix=group.fix,
        treatment=pattern.treatment,
    )
