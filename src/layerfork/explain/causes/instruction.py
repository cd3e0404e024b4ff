"""The Dockerfile's text for this step differs, or a step was added or removed."""

from collections.abc import Iterator

from layerfork.explain.difference import STEP_FIELD, Difference
from layerfork.explain.entry_rule import claim_paths, one_sided_paths
from layerfork.explain.finding import Case, CauseRule, Finding
from layerfork.explain.value_rule import say_step, show_value, value_finding

CODE = "instruction"
REMEDY = "build from one Dockerfile; move lines that change often towards the end"


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences; a reworded COPY also claims the entries that only one of the texts names."""
    own = [difference for difference in open_ if difference.cause == CODE]
    reworded = [difference for difference in own if difference.field != STEP_FIELD]
    for difference in own:
        what = say_step(case, difference) or _say_text(case, difference)
        finding = value_finding(case, difference, code=CODE, what=what, remedy=REMEDY)
        if reworded and difference is reworded[0]:
            finding = _with_claims(finding, case, open_, reworded)
        if difference not in reworded[1:]:
            yield finding


def _say_text(case: Case, difference: Difference) -> str:
    return (
        f"{case.reader_name} has `{show_value(difference.reader)}`, "
        f"{case.writer_name} has `{show_value(difference.writer)}`"
    )


def _with_claims(
    finding: Finding, case: Case, open_: tuple[Difference, ...], reworded: list[Difference]
) -> Finding:
    """One finding for all that a changed text brings with it."""
    absent_in_writer, absent_in_reader = one_sided_paths(case, open_)
    entries = claim_paths(open_, absent_in_writer | absent_in_reader)
    return Finding(
        code=finding.code,
        field=finding.field,
        writer=finding.writer,
        reader=finding.reader,
        what=finding.what,
        evidence=finding.evidence
        + tuple(
            f"{each.field}: {case.reader_name} {show_value(each.reader)}, "
            f"{case.writer_name} {show_value(each.writer)}"
            for each in reworded[1:]
        ),
        remedy=finding.remedy,
        claims=(*reworded, *entries),
    )


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
