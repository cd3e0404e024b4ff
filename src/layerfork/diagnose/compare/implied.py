"""Differences of a COPY that follow from the entries that it found.

The classic builder and buildah write ``file:``, ``dir:`` or ``multi:`` into the string that they compare.
With one and the same text in the Dockerfile it changes only because entries came, went or changed kind.
So do the numbers of what a wildcard matched.
"""

import re
from collections import Counter

from layerfork.diagnose.compare.divergence import Site
from layerfork.diagnose.compare.parts import Difference

_SHAPE = re.compile(r"(?<= )(?:file:…|dir:…|multi:…|multi:\[.*\])(?= in )")


def implied_differences(site: Site) -> tuple[Difference, ...]:
    """Those that are no cause as long as there are others."""
    implied = _shapes(site) + _renumbered(site)
    return implied if len(implied) < len(site.differences) else _shapes(site)


def _renumbered(site: Site) -> tuple[Difference, ...]:
    """Parts that both sides have of a path, only as another source of the step."""
    sides = (
        Counter(_value(each, each.writer) for each in site.parts if each.path and each.reader is None),
        Counter(_value(each, each.reader) for each in site.parts if each.path and each.writer is None),
    )
    both = sides[0] & sides[1]
    left = [both.copy(), both.copy()]
    found = []
    for each in site.parts:
        if each.path and each.one_sided:
            side, value = (0, each.writer) if each.reader is None else (1, each.reader)
            if left[side][_value(each, value)] > 0:
                left[side][_value(each, value)] -= 1
                found.append(each)
    return tuple(found)


def _value(difference: Difference, value: str | None) -> tuple[str, str, str, str | None]:
    return difference.path, difference.cause, difference.field, value


def _shapes(site: Site) -> tuple[Difference, ...]:
    """Differing comments of a step whose text is the same, and the same once kinds are left out."""
    if not site.same_text or site.origins:
        return ()
    return tuple(
        each
        for each in site.parts
        if each.cause == "instruction"
        and each.writer is not None
        and each.reader is not None
        and _SHAPE.sub("", each.writer) == _SHAPE.sub("", each.reader)
    )
