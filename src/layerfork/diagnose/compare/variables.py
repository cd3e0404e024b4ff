"""Variables behind expanded texts: one text in the Dockerfile, two values, two keys."""

from collections.abc import Iterable

from layerfork.diagnose.compare.parts import STEP_FIELD, Difference, list_differences
from layerfork.record.cachekey import CacheKey
from layerfork.record.cause import Trait, codes_with

EXPANDED = codes_with(Trait.TEXT)
"""Causes of parts whose value is text from the Dockerfile with variables replaced."""


def changed_origins(writer: CacheKey, reader: CacheKey) -> tuple[Difference, ...]:
    """Variables that differ in value, for a step whose own text is the same in both builds."""
    if writer.origins == reader.origins:
        return ()
    return list_differences(CacheKey(parts=writer.origins), CacheKey(parts=reader.origins))


def claimed_by_origins(unclaimed: Iterable[Difference], paths: frozenset[str]) -> tuple[Difference, ...]:
    """Differences that another value of a variable brings: expanded texts, and what those name."""
    return tuple(
        each
        for each in unclaimed
        if (each.cause in EXPANDED and each.field != STEP_FIELD) or each.path in paths
    )
