"""What a COPY's comment says about the kinds of its sources follows from the entries that it found.

The classic builder and buildah write ``file:``, ``dir:`` or ``multi:`` into the string that they compare.
With one and the same text in the Dockerfile it changes only because entries came, went or changed kind.
"""

import re

from layerfork.explain.difference import Difference
from layerfork.explain.site import Site

_SHAPE = re.compile(r"(?<= )(?:file:…|dir:…|multi:…|multi:\[.*\])(?= in )")


def implied_shapes(site: Site) -> tuple[Difference, ...]:
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
