"""The Dockerfile's text for this step differs, or a step was added or removed."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from layerfork.explain.claims.entryrule import claim_paths, one_sided_paths
from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.claims.valuerule import say_step, show_value, value_finding
from layerfork.explain.compare.alignment import normalise
from layerfork.explain.compare.copied import copied_sources, is_covered
from layerfork.explain.compare.differences import STEP_FIELD, Difference

CODE = "instruction"
FIELD_NAMES = {"args": "the command", "cwd": "the working directory", "user": "the user", "Cmd": "the text"}
REMEDY = "build from one Dockerfile; move lines that change often towards the end"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences; a reworded COPY also claims the entries that only one of the texts names."""
    own = [difference for difference in open_ if difference.cause == CODE]
    if not own:
        yield from _other_sources(case, open_)
    reworded = [difference for difference in own if difference.field != STEP_FIELD]
    for difference in own:
        what = say_step(case, difference) or _say_text(case, difference)
        finding = value_finding(case, difference, code=CODE, what=what, remedy=REMEDY)
        if reworded and difference is reworded[0]:
            finding = _with_claims(finding, case, open_, reworded)
        if difference not in reworded[1:]:
            yield finding


def _say_text(case: Case, difference: Difference) -> str:
    mine, theirs = _texts(case)
    if mine != theirs and difference.field != "builds on":
        return f"{case.reader_name} has `{theirs}`, {case.writer_name} has `{mine}`"
    subject = FIELD_NAMES.get(difference.field, difference.field)
    return (
        f"{subject} is `{show_value(difference.reader)}` for {case.reader_name}, "
        f"`{show_value(difference.writer)}` for {case.writer_name}"
    )


def _texts(case: Case) -> tuple[str, str]:
    return normalise(case.writer_view.step.instruction), normalise(case.reader_view.step.instruction)


def _other_sources(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """A COPY that names other sources: the key holds only what they are, not their text."""
    entries = _of_other_sources(case, unclaimed)
    if not entries:
        return
    writer, reader = _texts(case)
    text = Difference(cause=CODE, field="text", writer=writer, reader=reader)
    finding = value_finding(case, text, code=CODE, what=_say_text(case, text), remedy=REMEDY)
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
            f"{each.field}: {case.reader_name} {show_value(each.reader)}, "
            f"{case.writer_name} {show_value(each.writer)}"
            for each in reworded[1:]
        ),
        claims=tuple(reworded),
        shared=_of_other_sources(case, unclaimed),
    )


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
