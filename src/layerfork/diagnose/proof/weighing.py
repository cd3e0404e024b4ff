"""Lets cause rules claim differences, and weighs which claims are needed to give the writer's key."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, Strength
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.sites import Reason, Site, implied_differences
from layerfork.diagnose.proof.counterfactual import Reasoner, differences_in, left_of, reaches_writer
from layerfork.hypothesis import UnappliableError
from layerfork.record.cause import CauseCode
from layerfork.record.change import BaseImageIs, BuildArgIs, Change, LineAdded, LineIs

Claim = tuple[CauseRule, Finding]


def claim_differences(case: Case) -> tuple[tuple[Claim, ...], tuple[Difference, ...]]:
    """Every rule claims what it explains, in order of blame; also returns what is unclaimed.

    Two kinds of parts follow from others and need no claim: the version of a rule that only one key needs
    (for a wildcard, an owner), and the kinds and numbers of sources.
    """
    from layerfork.diagnose.causes.table import CAUSES  # late: start-up

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
    """Where the records themselves prove a reason, guesses are dropped."""
    known = any(finding.strength is Strength.RECORDS for _, finding in found)
    return tuple(each for each in found if not (known and each[1].strength is Strength.GUESS))


def _may_share(case: Case, rule: CauseRule) -> bool:
    """A text that is the same in both Dockerfiles differs by its variables alone, but not what it copies."""
    return rule.code in ("build-arg", "env") or not case.site.same_text or case.reads_elsewhere


def _without(differences: tuple[Difference, ...], claimed: set[Difference]) -> tuple[Difference, ...]:
    return tuple(each for each in differences if each not in claimed)


# Weighs the claims about a site: which of them are needed to give the step the writer's key.

NOT_REACHED = "reverting all causes together does not reproduce the earlier cache key"
REACHED_WITHOUT = "the key model reproduces the earlier cache key although nothing was reverted"

_APART = (LineIs, LineAdded, BuildArgIs, BaseImageIs)
"""Changes that are made one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A site with its claims."""

    site: Site
    claims: tuple[Claim, ...] = ()
    """Claims that are needed, or that may be needed where that is unknown."""
    changes: tuple[Change, ...] = ()
    """Changes that undo all claims, as far as there are any."""
    unneeded: tuple[Finding, ...] = ()
    """What differs and does not matter here."""
    derived: tuple[Finding, ...] = ()
    """What differs only because of the claims: no change undoes it alone."""
    overruled: tuple[Finding, ...] = ()
    """What differs where the cache was off, so that nothing was looked for."""
    unclaimed: tuple[Difference, ...] = ()
    doubts: tuple[str, ...] = ()
    """Why the claims are not proven; empty when reverting all of them, and no fewer, reproduces the writer's
    key."""


def weigh(reasoner: Reasoner, site: Site) -> Weighed:
    """Undo the claims about a site, all together and each left out."""
    claims, unclaimed = claim_differences(Case(comparison=reasoner.comparison, site=site))
    if any(finding.code == CauseCode.CACHE_OFF for _, finding in claims):
        return _of_cache_off(site, claims)
    weighed = Weighed(site=site, claims=claims, unclaimed=unclaimed)
    if site.reason is not Reason.KEY or not any(_rests_on_keys(finding) for _, finding in claims):
        return weighed
    undone, doubts = _undo_each(reasoner, weighed)
    changes = tuple(change for own in undone.values() for change in own)
    weighed = replace(weighed, changes=changes, doubts=doubts)
    if unclaimed:
        return _without_alternatives(weighed)
    try:
        if reaches_writer(reasoner, site, changes):
            return _without_unneeded(reasoner, weighed, undone)
        # The writer's line may read a variable or file whose difference only shows once the line is undone.
        whole = _with_claims_behind(reasoner, weighed)
        undone, _ = _undo_each(reasoner, whole)
        if reaches_writer(reasoner, site, tuple(change for own in undone.values() for change in own)):
            return _without_unneeded(reasoner, whole, undone)
    except UnappliableError as error:
        doubts = (*doubts, str(error))
    return _without_alternatives(replace(weighed, doubts=doubts or (NOT_REACHED,)))


def _of_cache_off(site: Site, claims: tuple[Claim, ...]) -> Weighed:
    """Without a cache no key is looked for: what differs in it is no cause."""
    return Weighed(
        site=site,
        claims=tuple(claim for claim in claims if claim[1].code == CauseCode.CACHE_OFF),
        overruled=tuple(finding for _, finding in claims if _rests_on_keys(finding)),
    )


def _with_claims_behind(reasoner: Reasoner, weighed: Weighed) -> Weighed:
    """With claims about what still differs once these are undone: the writer's line may name a variable or a
    file that the reader's line does not, and that has another value. Raises: UnappliableError."""
    left = left_of(reasoner, weighed.site, (*weighed.site.given, *weighed.changes))
    if left is None:
        return weighed
    behind, unclaimed = claim_differences(Case(comparison=reasoner.comparison, site=left))
    return weighed if unclaimed else replace(weighed, claims=(*weighed.claims, *behind))


def _without_alternatives(weighed: Weighed) -> Weighed:
    """Where nothing shows which of two claims about the same differences is needed, the first is kept."""
    explained: set[Difference] = set()
    kept: list[Claim] = []
    for rule, finding in weighed.claims:
        if not finding.claims or not explained.issuperset(finding.claims):
            kept.append((rule, finding))
        explained.update(finding.shared)
    return replace(weighed, claims=tuple(kept))


def _rests_on_keys(finding: Finding) -> bool:
    return finding.strength is Strength.KEYS


def _undo_each(reasoner: Reasoner, weighed: Weighed) -> tuple[dict[int, tuple[Change, ...]], tuple[str, ...]]:
    """The changes that undo each claim, by its place among the claims; and why some have none."""
    undone: dict[int, tuple[Change, ...]] = {}
    doubts: dict[str, None] = {}
    material = reasoner.material(weighed.site)
    for place, (rule, finding) in enumerate(weighed.claims):
        if _rests_on_keys(finding) and rule.undo is not None:
            try:
                undone[place] = rule.undo(material, finding)
            except UnappliableError as error:
                doubts[str(error)] = None
    return undone, tuple(doubts)


def _without_unneeded(reasoner: Reasoner, weighed: Weighed, undone: dict[int, tuple[Change, ...]]) -> Weighed:
    """Only claims without which the step would not have the writer's key, which all of them give it.

    Claims that the same change undoes are needed together, or not at all. A claim without a change is not
    needed, whatever the reason that there is none.
    Raises: UnappliableError.
    """
    needed = _fewest(reasoner, weighed.site, list(dict.fromkeys(undone.values())))
    if not needed:
        return replace(weighed, doubts=(REACHED_WITHOUT,))
    unneeded = {place for place, changes in undone.items() if changes and changes not in needed}
    needing_nothing = {
        place
        for place, (_, each) in enumerate(weighed.claims)
        if _rests_on_keys(each) and not undone.get(place)
    }
    derived = (
        needing_nothing | _repeated(weighed.claims, undone) | _followers(reasoner, weighed, undone, needed)
    )
    findings = [finding for _, finding in weighed.claims]
    return replace(
        weighed,
        claims=tuple(each for place, each in enumerate(weighed.claims) if place not in unneeded | derived),
        changes=_reduced(reasoner, weighed.site, needed, _moves(weighed.claims, undone)),
        unneeded=tuple(findings[place] for place in sorted(unneeded)),
        derived=tuple(findings[place] for place in sorted(derived - unneeded)),
        doubts=(),
    )


def _fewest(reasoner: Reasoner, site: Site, needed: list[tuple[Change, ...]]) -> list[tuple[Change, ...]]:
    """The smallest part of these changes that still gives the writer's key: none of it can be left out.

    Without one, another may no longer matter (``${A:-$B}`` reads B only while A is undone), so each is tried
    again until all stay. Raises: UnappliableError.
    """
    for changes in reversed(needed):
        rest = [other for other in needed if other != changes]
        if reaches_writer(reasoner, site, tuple(change for own in rest for change in own)):
            return _fewest(reasoner, site, rest)
    return needed


def _followers(
    reasoner: Reasoner,
    weighed: Weighed,
    undone: Mapping[int, tuple[Change, ...]],
    needed: Sequence[tuple[Change, ...]],
) -> set[int]:
    """Of several claims that one change undoes, those whose differences go away without it as well.
    Raises: UnappliableError."""
    found: set[int] = set()
    for changes in needed:
        places = [place for place, own in undone.items() if own == changes]
        if len(places) == 1:
            continue
        rest = tuple(change for other in needed if other != changes for change in other)
        left = differences_in(reasoner, weighed.site, rest)
        if left is not None:
            left = (*left, *weighed.site.structure)
            found.update(place for place in places if not _meets(weighed.claims[place][1], left))
    return found


def _meets(finding: Finding, left: Sequence[Difference]) -> bool:
    slots = {(each.cause, each.path, each.field) for each in left}
    return any((each.cause, each.path, each.field) in slots for each in (*finding.claims, *finding.shared))


def _moves(claims: tuple[Claim, ...], undone: Mapping[int, tuple[Change, ...]]) -> set[tuple[Change, ...]]:
    """Changes that undo a step's move: taking it from one place and adding it at another belong together."""
    return {own for place, own in undone.items() if claims[place][1].code == "instruction-order"}


def _reduced(
    reasoner: Reasoner, site: Site, needed: Sequence[tuple[Change, ...]], whole: Container[tuple[Change, ...]]
) -> tuple[Change, ...]:
    """The fewest changes of lines and arguments that undo the same claims. Changes of all entries alike stay
    together. Raises: UnappliableError."""
    reduced = list(needed)
    for place, changes in enumerate(needed):
        if changes in whole:
            continue
        for change in changes:
            if len(reduced[place]) == 1 or not isinstance(change, _APART):
                continue
            fewer = tuple(each for each in reduced[place] if each is not change)
            rest = (each for other, own in enumerate(reduced) if other != place for each in own)
            if reaches_writer(reasoner, site, (*fewer, *rest)):
                reduced[place] = fewer
    return tuple(change for own in reduced for change in own)


def _repeated(claims: tuple[Claim, ...], undone: Mapping[int, tuple[Change, ...]]) -> set[int]:
    """Claims that repeat an earlier one: the same change undoes both, and code and path are equal. An
    argument and the ENV of its name count as one, and so do a variable and the text that it was expanded
    into."""
    first: dict[object, int] = {}
    by_variable = set()
    for place, changes in undone.items():
        finding = claims[place][1]
        kind = "variable" if finding.code in ("build-arg", "env") else finding.code
        first.setdefault((changes, kind, finding.path), place)
        variables = (claims[other][1] for other, own in undone.items() if own == changes and other != place)
        shared = {each for other in variables if not other.claims for each in other.shared}
        if finding.claims and shared.issuperset(finding.claims):
            by_variable.add(place)
    return (undone.keys() - set(first.values())) | by_variable
