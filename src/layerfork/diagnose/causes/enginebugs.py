"""Engines that are known to miss what they have."""

from collections.abc import Iterator

from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, Strength
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.sites import Reason
from layerfork.diagnose.enginebugs import EngineBug, bugs_met, told
from layerfork.record.cause import CauseCode


def known_bugs(case: Case) -> tuple[EngineBug, ...]:
    """The bugs that the reader may have met."""
    if case.site.reason is not Reason.EQUAL_KEYS:
        return ()
    return bugs_met(case.reader.record, case.reader_view.step)


def find_engine_bug(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Equal keys, and an engine of a version that is known to miss in such a build."""
    for bug in known_bugs(case):
        yield Finding(
            code=CauseCode.ENGINE_BUG,
            field="engine version",
            what=told(case.reader.record, bug),
            evidence=(f"the keys are equal, and upstream knows of it: {bug.thread}",),
            remedy=bug.remedy,
            strength=Strength.GUESS,
        )


ENGINE_BUG = CauseRule(code=CauseCode.ENGINE_BUG, find=find_engine_bug)
"""Equal keys, and the engine has a known bug that such a build meets."""

RULES = (ENGINE_BUG,)
