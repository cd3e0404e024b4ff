"""Folds consequences into the sites that caused them."""

from collections.abc import Mapping
from dataclasses import replace

from layerfork.explain.compare.comparison import Comparison
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason, Site
from layerfork.explain.compare.signature import signature_of
from layerfork.explain.compare.variables import VARIABLES, is_derived

ROOT_REASONS = frozenset({Reason.OTHER_CACHE, Reason.CACHE_OFF})
"""Reasons that hold for the whole build: every other site is below them."""


def find_forks(comparison: Comparison, *, first_only: bool = False) -> tuple[Site, ...]:
    """The sites of a comparison with their consequences, in step order.

    ``first_only`` keeps one site per branch: what lies below another one becomes its consequence
    even if it would have missed on its own.
    """
    sites = fold_consequences(comparison.sites, comparison.ancestors, first_only=first_only)
    return _assign_missed(sites, comparison)


def fold_consequences(
    sites: tuple[Site, ...], ancestors: Mapping[int, frozenset[int]], *, first_only: bool = False
) -> tuple[Site, ...]:
    """Merge each site into one above it when that one already holds all its differences.

    Folding what was folded changes nothing.
    """
    kept: list[Site] = []
    for site in sites:
        above = [index for index, other in enumerate(kept) if is_above(other, site, ancestors)]
        if above and (first_only or _follows(site, [kept[index] for index in above])):
            owner = kept[above[-1]]
            merged = {*owner.consequences, site.step, *site.consequences} - {owner.step}
            kept[above[-1]] = replace(owner, consequences=tuple(sorted(merged)))
        else:
            kept.append(site)
    return tuple(kept)


def _follows(site: Site, above: list[Site]) -> bool:
    """Nothing differs at a site that does not differ, or is not decided, above it."""
    held = {difference for other in above for difference in other.differences}
    signatures = {signature_of(difference) for difference in held} - {None}
    variables = {_variable(each) for other in above for each in (*other.differences, *other.origins)} - {None}
    new = {
        each
        for each in site.differences
        if each not in held and signature_of(each) not in signatures and _variable(each) not in variables
    }
    return not new or is_derived(
        replace(site, parts=tuple(each for each in site.parts if each in new)), above
    )


def _variable(difference: Difference) -> tuple[str | None, ...] | None:
    """Name and values of a variable, however the key holds it; None for any other difference."""
    if difference.cause not in VARIABLES:
        return None
    return difference.path, difference.writer, difference.reader


def is_above(site: Site, other: Site, ancestors: Mapping[int, frozenset[int]]) -> bool:
    """Whether ``other`` lies below ``site``: it builds on it, or the site holds for the whole build."""
    if site is other:
        return False
    return site.reason in ROOT_REASONS or site.step in ancestors.get(other.step, frozenset())


def _assign_missed(sites: tuple[Site, ...], comparison: Comparison) -> tuple[Site, ...]:
    """Give every other missed step to the last site above it, a whole-build one if there is none."""
    missed: dict[int, list[int]] = {index: [] for index in range(len(sites))}
    told = {step for site in sites for step in (site.step, *site.consequences)}
    for step in sorted(comparison.unshared - told):
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
