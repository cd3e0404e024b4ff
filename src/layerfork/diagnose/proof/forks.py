"""Which sites are forks, and which only follow from one above.

A site follows when undoing what is known to differ above gives its step the writer's key as well. What
still differs then is what the site is about.
"""

from collections.abc import Sequence
from dataclasses import replace

from layerfork.diagnose.claims.rule import Strength
from layerfork.diagnose.compare.comparison import Comparison
from layerfork.diagnose.compare.consequences import assign_missed, is_above, merge_into
from layerfork.diagnose.compare.divergence import Reason, Site
from layerfork.diagnose.proof.counterfactual import left_of
from layerfork.diagnose.proof.reasoner import Reasoner
from layerfork.diagnose.proof.weighing import Weighed, weigh
from layerfork.diagnose.scope.cachescope import is_built_without_cache
from layerfork.hypothesis import UnappliableError
from layerfork.record.cause import CauseCode


def find_forks(reasoner: Reasoner) -> tuple[Weighed, ...]:
    """The forks of a comparison with their consequences and their claims, in step order."""
    comparison = reasoner.comparison
    kept: list[Weighed] = []
    for site in comparison.sites:
        above = [
            index for index, other in enumerate(kept) if is_above(other.site, site, comparison.ancestors)
        ]
        own = _own_site(reasoner, site, [kept[index] for index in above]) if above else site
        if own is None:
            owner = kept[above[-1]]
            kept[above[-1]] = replace(owner, site=merge_into(owner.site, site))
        else:
            kept.append(weigh(reasoner, own))
    kept = _fold_without_cache(kept, comparison)
    sites = assign_missed(tuple(each.site for each in kept), comparison)
    return tuple(replace(each, site=site) for each, site in zip(kept, sites, strict=True))


def _fold_without_cache(found: Sequence[Weighed], comparison: Comparison) -> list[Weighed]:
    """What was built without a cache missed for that reason alone, whatever else differs."""
    kept: list[Weighed] = []
    for each in found:
        place = next((index for index, off in enumerate(kept) if _holds_for(off, each.site, comparison)), -1)
        if place < 0:
            kept.append(each)
            continue
        owner = kept[place]
        differing = tuple(finding for _, finding in each.claims if finding.strength is Strength.KEYS)
        kept[place] = replace(
            owner,
            site=merge_into(owner.site, each.site),
            overruled=tuple(dict.fromkeys((*owner.overruled, *differing, *each.overruled))),
        )
    return kept


def _holds_for(off: Weighed, site: Site, comparison: Comparison) -> bool:
    """Whether the cache was off for this site as well: it was for the whole build, or for both steps."""
    if not any(finding.code == CauseCode.CACHE_OFF for _, finding in off.claims):
        return False
    if off.site.reason is Reason.CACHE_OFF:
        return True
    step = comparison.reader_views[site.step].step
    return off.site.step in comparison.ancestors[site.step] and is_built_without_cache(
        comparison.reader.record, step
    )


def _own_site(reasoner: Reasoner, site: Site, above: Sequence[Weighed]) -> Site | None:
    """What is left of a site once the sites above are undone; None when nothing is."""
    held = {difference for other in above for difference in other.site.differences}
    if site.differences and all(each in held for each in site.differences):
        return None
    given = tuple(dict.fromkeys(change for other in above for change in other.changes))
    if not given:
        return site
    try:
        return left_of(reasoner, site, given)
    except UnappliableError:
        return site
