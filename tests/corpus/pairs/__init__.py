"""All pairs, by what they are about."""

from corpus.pairs import attributes, lines, links, options, variables
from corpus.subjects import Pair

PAIRS: tuple[Pair, ...] = (
    *variables.PAIRS,
    *lines.PAIRS,
    *options.PAIRS,
    *attributes.PAIRS,
    *links.PAIRS,
)
