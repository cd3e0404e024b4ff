"""Lets cause rules claim the differences of a site."""

from layerfork.explain.causes import CAUSES
from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.implied import implied_differences

Claim = tuple[CauseRule, Finding]


def claim_differences(case: Case) -> tuple[tuple[Claim, ...], tuple[Difference, ...]]:
    """Every rule claims what it explains, in order of blame; also returns what is unclaimed.

    The rule of a version that only one key needs (it has a wildcard, an owner) comes with what needs it,
    the kinds and numbers of sources with the entries that they are.
    """
    implied = implied_differences(case.site)
    left = tuple(each for each in case.site.differences if each not in implied)
    found: list[Claim] = []
    for rule in CAUSES:
        for finding in rule.find(case, left):
            found.append((rule, finding))
            claimed = set(finding.claims)
            left = tuple(difference for difference in left if difference not in claimed)
    shared = {difference for _, finding in found for difference in finding.shared}
    left = tuple(difference for difference in left if difference not in shared)
    if any(finding.claims or finding.shared for _, finding in found):
        left = tuple(each for each in left if not (each.cause == "engine-version" and each.one_sided))
        return tuple(found), left
    return tuple(found), left + implied
