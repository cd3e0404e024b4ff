"""Which sites lie below others, and which missed steps belong to which site."""

from collections.abc import Mapping
from dataclasses import replace

from layerfork.diagnose.compare.comparison import Comparison
from layerfork.diagnose.compare.divergence import Reason, Site

ROOT_REASONS = frozenset({Reason.OTHER_CACHE, Reason.CACHE_OFF})
"""Reasons that hold for the whole build: every other site is below them."""


def first_sites(comparison: Comparison) -> tuple[Site, ...]:
    """The first site of each branch: what lies below becomes its consequence even if it would have missed
    on its own."""
    kept: list[Site] = []
    for site in comparison.sites:
        above = [index for index, other in enumerate(kept) if is_above(other, site, comparison.ancestors)]
        if above:
            kept[above[-1]] = merge_into(kept[above[-1]], site)
        else:
            kept.append(site)
    return assign_missed(tuple(kept), comparison)


def merge_into(owner: Site, site: Site) -> Site:
    """A site with another one among its consequences."""
    merged = {*owner.consequences, site.step, *site.consequences} - {owner.step}
    return replace(owner, consequences=tuple(sorted(merged)))


def is_above(site: Site, other: Site, ancestors: Mapping[int, frozenset[int]]) -> bool:
    """Whether ``other`` lies below ``site``: it builds on it, or the site holds for the whole build."""
    if site is other:
        return False
    return site.reason in ROOT_REASONS or site.step in ancestors.get(other.step, frozenset())


def assign_missed(sites: tuple[Site, ...], comparison: Comparison) -> tuple[Site, ...]:
    """Give every other missed step to the last site above it, a whole-build one if there is none."""
    missed: dict[int, list[int]] = {index: [] for index in range(len(sites))}
    accounted = {step for site in sites for step in (site.step, *site.consequences)}
    for step in sorted(comparison.unshared - accounted):
        if not comparison.reader_views[step].missed:
            continue
        above = [
            index
            for index, site in enumerate(sites)
            if site.step in comparison.ancestors[step] or (site.reason in ROOT_REASONS and step > site.step)
        ]
        if above:
            missed[above[-1]].append(step)
    return tuple(
        replace(
            site,
            consequences=tuple(
                step
                for step in sorted({*site.consequences, *missed[index]})
                if comparison.reader_views[step].missed
            ),
        )
        for index, site in enumerate(sites)
    )
