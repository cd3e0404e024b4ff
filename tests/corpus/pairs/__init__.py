"""All pairs, by what they are about."""

from corpus.pairs import (
    attributes,
    base,
    caches,
    lines,
    links,
    options,
    patterns,
    presence,
    several,
    variables,
)
from corpus.subjects import Pair

PAIRS: tuple[Pair, ...] = (
    *variables.PAIRS,
    *lines.PAIRS,
    *options.PAIRS,
    *base.PAIRS,
    *attributes.PAIRS,
    *links.PAIRS,
    *presence.PAIRS,
    *caches.PAIRS,
    *several.PAIRS,
    *patterns.PAIRS,
)
