"""Names whose values are hidden, whatever these are."""

import re

from layerfork.record.secrets import names_secret

_TRIVIAL = re.compile(r"(?i)|\d{1,3}|true|false|yes|no|on|off|none|null|auto|default|basic|bearer")


def hides(name: str, value: str) -> bool:
    """Whether the whole value of this build argument, label, variable or query parameter is hidden.

    The name decides; secrets inside values with harmless names are found by their shape.
    """
    return not is_trivial(value) and names_secret(name, value)


def is_trivial(value: str) -> bool:
    """Whether a value says nothing that could be kept secret: empty, a switch, a small number."""
    return _TRIVIAL.fullmatch(value) is not None
