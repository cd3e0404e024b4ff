"""Text for HTML and SVG: what could not be seen, or would turn text around, is written out."""

import re
from typing import Any

from markupsafe import Markup

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Controls, marks that turn the direction of text, and what XML does not allow. Not tab and line feed."""


def visible(text: str) -> str:
    """The text with every such character as its escape, ``\\x1b``."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


def shown(value: Any) -> Any:
    """For a template: plain text made visible; markup of ours as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
