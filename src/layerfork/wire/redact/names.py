"""Names whose values are hidden, whatever these are."""

import re

from layerfork.model.secrets import looks_secret

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MORE_SECRET_NAMES = re.compile(
    r"(?i)(?:^|[_.-])(?:pass|oauth|bearer|jwt|sig|signature|[a-z]*tokens|[a-z]*keys?)(?:[_.-]|$)"
)
_PUBLIC_NAMES = re.compile(r"(?i)(?:^|[_.-])(?:pub|public|gpgkey|monkey|turkey)(?:[_.-]|$)")
_FINGERPRINT = re.compile(r"(?:0x)?[0-9A-Fa-f]{8,40}(?:\s+(?:0x)?[0-9A-Fa-f]{8,40})*")
_TRIVIAL = re.compile(r"(?i)|\d{1,3}|true|false|yes|no|on|off|none|null|auto|default|basic|bearer")
LONGEST_NAME = 300
"""Of a longer one only the end is looked at."""


def hides(name: str, value: str) -> bool:
    """Whether the whole value of this build argument, label, variable or query parameter is hidden.

    The name decides; secrets inside values with harmless names are found by their shape.
    """
    if is_trivial(value) or not names_secret(name):
        return False
    return not (name.upper().startswith("GPG") and _FINGERPRINT.fullmatch(value))


def names_secret(name: str) -> bool:
    """Whether what has this name is a secret."""
    name = name[-LONGEST_NAME:]
    if _PUBLIC_NAMES.search(name):
        return False
    words = _HUMP.sub("_", name)
    return looks_secret(words, "x") or _MORE_SECRET_NAMES.search(words) is not None


def is_trivial(value: str) -> bool:
    """Whether a value says nothing that could be kept secret: empty, a switch, a small number."""
    return _TRIVIAL.fullmatch(value) is not None
