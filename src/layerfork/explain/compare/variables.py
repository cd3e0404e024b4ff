"""Variables behind expanded texts: one text in the Dockerfile, two values, two keys."""

import re
from collections.abc import Iterable

from layerfork.explain.compare.alignment import keyword
from layerfork.explain.compare.differences import STEP_FIELD, Difference, list_differences
from layerfork.explain.compare.divergence import Site
from layerfork.explain.compare.steps import StepView
from layerfork.model.cachekey import CacheKey, KeyPart

EXPANDED = frozenset({"instruction", "label", "base-image", "platform"})
"""Causes of parts whose value is text from the Dockerfile with variables replaced."""
SETTERS = frozenset({"WORKDIR", "USER", "SHELL"})
"""Instructions that change how later ones are run."""
VARIABLES = frozenset({"build-arg", "env"})


def changed_origins(
    mine: tuple[KeyPart, ...], theirs: tuple[KeyPart, ...], view: StepView, other: StepView
) -> tuple[Difference, ...]:
    """Variables that differ in value, for a step whose own text is the same in both builds.

    ``mine`` and ``theirs`` are what the Dockerfiles tell; what the key model noted counts when those
    do not differ (a variable of the base image).
    """
    if mine != theirs:
        return list_differences(CacheKey(parts=mine), CacheKey(parts=theirs))
    if view.key.origins == other.key.origins:
        return ()
    return list_differences(CacheKey(parts=view.key.origins), CacheKey(parts=other.key.origins))


def is_derived(site: Site, above: Iterable[Site]) -> bool:
    """Everything that differs at ``site`` follows from ENV or ARG lines that already differ above it."""
    above = tuple(above)
    if site.structure or not site.parts:
        return False
    if site.same_text and not site.origins and all(part.cause == "instruction" for part in site.parts):
        return any(SETTERS & set(other.keywords) for other in above)
    names = {part.path for part in site.parts if part.cause in VARIABLES}
    rest = [part for part in site.parts if part.cause not in VARIABLES]
    if rest:
        if not site.origins or any(part.cause not in EXPANDED and not part.one_sided for part in rest):
            return False
        names |= {origin.path for origin in site.origins}
    texts = [
        text
        for other in above
        for difference in other.differences
        if difference.cause == "instruction"
        for text in (difference.writer or "", difference.reader or "")
        if keyword(text) in ("ENV", "ARG")
    ]
    return bool(names) and all(
        any(re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text) for text in texts)
        for name in names
    )


def claimed_by_origins(open_: Iterable[Difference], absent: frozenset[str]) -> tuple[Difference, ...]:
    """Differences that another value of a variable brings: expanded texts, and what those name."""
    return tuple(
        each
        for each in open_
        if (each.cause in EXPANDED and each.field != STEP_FIELD) or (each.one_sided and each.path in absent)
    )
