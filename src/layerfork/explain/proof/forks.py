"""Which sites are forks, and which only follow from one above.

A site follows when undoing what is known to differ above gives its step the writer's key as well. What
still differs then is what the site is about.
"""

from collections.abc import Sequence
from dataclasses import replace

from layerfork.explain.compare.consequences import assign_missed, is_above, merge_into
from layerfork.explain.compare.divergence import Site
from layerfork.explain.proof.counterfactual import left_of
from layerfork.explain.proof.reasoner import Reasoner
from layerfork.explain.proof.weighing import Weighed, weigh
from layerfork.whatif import UnappliableError


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
    sites = assign_missed(tuple(each.site for each in kept), comparison)
    return tuple(replace(each, site=site) for each, site in zip(kept, sites, strict=True))


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
