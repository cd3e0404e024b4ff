"""Lets cause rules claim the differences of a site."""

from layerfork.diagnose.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.diagnose.compare.implied import implied_differences
from layerfork.diagnose.compare.parts import Difference

Claim = tuple[CauseRule, Finding]


def claim_differences(case: Case) -> tuple[tuple[Claim, ...], tuple[Difference, ...]]:
    """Every rule claims what it explains, in order of blame; also returns what is unclaimed.

    The rule of a version that only one key needs (it has a wildcard, an owner) comes with what needs it,
    the kinds and numbers of sources with the entries that they are.
    """
    from layerfork.diagnose.causes.table import (
        CAUSES,  # very many modules: hardly needed where nothing missed
    )

    implied = implied_differences(case.site)
    left = tuple(each for each in case.site.differences if each not in implied)
    shared: set[Difference] = set()
    found: list[Claim] = []
    for rule in CAUSES:
        offered = left if _may_share(case, rule) else _without(left, shared)
        for finding in rule.find(case, offered):
            found.append((rule, finding))
            left = _without(left, set(finding.claims))
            shared.update(finding.shared)
    left = _without(left, shared)
    if any(finding.claims or finding.shared for _, finding in found):
        left = tuple(each for each in left if not (each.cause == "engine-version" and each.one_sided))
        return _without_guesses(found), left
    return _without_guesses(found), left + implied


def _without_guesses(found: list[Claim]) -> tuple[Claim, ...]:
    """Where the records themselves prove a reason, nobody has to guess one."""
    known = any(finding.strength is Strength.RECORDS for _, finding in found)
    return tuple(each for each in found if not (known and each[1].strength is Strength.GUESS))


def _may_share(case: Case, rule: CauseRule) -> bool:
    """A text that is the same in both Dockerfiles differs by its variables alone, but not what it copies."""
    return rule.code in ("build-arg", "env") or not case.site.same_text or case.reads_elsewhere


def _without(differences: tuple[Difference, ...], claimed: set[Difference]) -> tuple[Difference, ...]:
    return tuple(each for each in differences if each not in claimed)
