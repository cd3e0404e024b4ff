"""The Dockerfile's text, and the order of its steps."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from layerfork.diagnose.causes.dockerfilelines import fix_as_before, fix_line, say_line, undo_label, undo_line
from layerfork.diagnose.causes.forms import (
    both_values,
    claim_paths,
    one_sided_paths,
    value_finding,
    value_rule,
)
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import show_value, shown, values
from layerfork.diagnose.compare.alignment import normalise
from layerfork.diagnose.compare.copied import copied_sources, is_covered
from layerfork.diagnose.compare.differences import STEP_FIELD, Difference
from layerfork.record.answer import Cause, Fix
from layerfork.record.cause import CauseCode


def _say_line(scene: Scene, cause: Cause) -> str:
    writer, reader = both_values(cause)
    if cause.field == STEP_FIELD:
        if writer is None:
            only = (
                "this line" if reader == " ".join(scene.step.instruction.split()) else f"the line `{reader}`"
            )
            return f"{only} is new" if scene.again else f"only {scene.reader_name} has {only}"
        return (
            f"the line `{writer}` before it is gone"
            if scene.again
            else f"only {scene.writer_name} has the line `{writer}` before it"
        )
    before = scene.writer_text
    if not before or before == scene.text:
        return values(
            scene, FIELD_NAMES.get(cause.field, cause.field) or "the line", shown(writer), shown(reader)
        )
    return say_line(scene)


def _say_order(scene: Scene, cause: Cause) -> str:
    if "order" in cause.field:
        return values(scene, "order of the variables", shown(cause.writer), shown(cause.reader))
    own = cause.field == " ".join(scene.step.instruction.split())
    line = "this line" if own else f"the line `{cause.field}`"
    return values(scene, line, shown(cause.writer), shown(cause.reader))


def _fix_line(scene: Scene, cause: Cause) -> Fix:
    return fix_line(scene)


INSTRUCTION_ORDER = value_rule(
    code=CauseCode.INSTRUCTION_ORDER,
    say=_say_order,
    undo=undo_line,
    remedy="keep the order of instructions; put what changes often last",
)
"""A step stands at another place in the Dockerfile."""


LABEL_REMEDY = "give every client the same labels, or label the image after the build"


LABEL = value_rule(
    code=CauseCode.LABEL, say=_say_line, remedy=LABEL_REMEDY, fix=fix_as_before, undo=undo_label
)
"""A label has another value, or only one build has a LABEL step.

A label that is given with the request becomes a step of its own at the end.
"""


FIELD_NAMES = {"args": "the command", "cwd": "the working directory", "user": "the user", "Cmd": "the text"}


INSTRUCTION_REMEDY = "build from the same Dockerfile; move lines that change often towards the end"


def find_instruction(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences; a reworded COPY also claims the entries that only one of the texts names."""
    own = [difference for difference in unclaimed if difference.cause == CauseCode.INSTRUCTION]
    if not own:
        yield from _other_sources(case, unclaimed)
    reworded = [difference for difference in own if difference.field != STEP_FIELD]
    for difference in own:
        finding = value_finding(case, difference, code=CauseCode.INSTRUCTION)
        if reworded and difference is reworded[0]:
            finding = _with_claims(finding, case, unclaimed, reworded)
        if difference not in reworded[1:]:
            yield finding


def _texts(case: Case) -> tuple[str, str]:
    return normalise(case.writer_view.step.instruction), normalise(case.reader_view.step.instruction)


def _other_sources(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """A COPY that names other sources: the key holds only what they are, not their text."""
    entries = _of_other_sources(case, unclaimed)
    if not entries:
        return
    writer, reader = _texts(case)
    text = Difference(cause=CauseCode.INSTRUCTION, field="text", writer=writer, reader=reader)
    finding = value_finding(case, text, code=CauseCode.INSTRUCTION)
    yield replace(finding, claims=(), shared=entries)


def _of_other_sources(case: Case, unclaimed: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Entries that only one side has, where the sources that cover them are named by that side alone."""
    writer, reader = (set(copied_sources(text)) for text in _texts(case))
    if writer == reader:
        return ()
    absent_in_writer, absent_in_reader = one_sided_paths(case, unclaimed)
    paths = frozenset(
        path
        for absent, sources in ((absent_in_reader, writer - reader), (absent_in_writer, reader - writer))
        for path in absent
        if _may_cover(path, sources)
    )
    return tuple(claim_paths(unclaimed, paths))


def _may_cover(path: str, sources: set[str]) -> bool:
    """BuildKit's keys hold paths from the last name of a source on."""
    return is_covered(path, sources) or is_covered(path, map(posixpath.basename, sources))


def _with_claims(
    finding: Finding, case: Case, unclaimed: tuple[Difference, ...], reworded: list[Difference]
) -> Finding:
    """One finding for all that a changed text brings with it."""
    return replace(
        finding,
        evidence=finding.evidence
        + tuple(
            case.both_sides(each.label, show_value(each.writer), show_value(each.reader))
            for each in reworded[1:]
        ),
        claims=tuple(reworded),
        shared=_of_other_sources(case, unclaimed),
    )


INSTRUCTION = CauseRule(
    code=CauseCode.INSTRUCTION,
    say=_say_line,
    remedy=INSTRUCTION_REMEDY,
    fix=_fix_line,
    find=find_instruction,
    undo=undo_line,
)
"""The Dockerfile's text for this step differs, or a step was added or removed."""


RULES = (
    INSTRUCTION_ORDER,
    LABEL,
    INSTRUCTION,
)
