"""Which sites are forks, and which only follow from one above.

A site follows when undoing what is known to differ above gives its step the writer's key as well. What
still differs then is what the site is about.
"""

from collections.abc import Sequence
from dataclasses import replace

from layerfork.explain.compare.consequences import assign_missed, is_above, merge_into
from layerfork.explain.compare.differences import conclusive, list_differences
from layerfork.explain.compare.divergence import Site
from layerfork.explain.compare.variables import changed_origins
from layerfork.explain.proof.counterfactual import builds_on_writers, is_added, place_of
from layerfork.explain.proof.reasoner import Reasoner
from layerfork.explain.proof.weighing import Weighed, weigh
from layerfork.model.change import Change
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
        return _left_of(reasoner, site, given)
    except UnappliableError:
        return site


def _left_of(reasoner: Reasoner, site: Site, given: tuple[Change, ...]) -> Site | None:
    """Raises: UnappliableError."""
    comparison = reasoner.comparison
    world = reasoner.world(given)
    here = place_of(world, site.step, site.writer_step)
    if here is None and is_added(comparison, site):
        return None
    if here is None or site.writer_step is None:
        return replace(site, given=given)
    writer, key = comparison.writer_views[site.writer_step].key, world.views[here].key
    parts = conclusive(list_differences(writer, key), writer, key)
    moved = not builds_on_writers(comparison, world, site.step, site.writer_step)
    structure = site.structure if moved else ()
    if not (parts or structure or key.unknown):
        return None
    origins = changed_origins(writer, key) if parts else ()
    return replace(site, parts=parts, structure=structure, origins=origins, reader_key=key, given=given)
