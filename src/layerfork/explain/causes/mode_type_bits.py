"""File-type bits in a mode: 0100644 and 0644 are one permission and two keys."""

from layerfork.explain.entry_rule import entry_rule
from layerfork.explain.wording import show_mode

RULE = entry_rule(
    code="mode-type-bits",
    builders=("classic",),
    noun="mode with type bits",
    show=show_mode,
    remedy="use docker CLI 24 or newer everywhere: older ones add the file-type bits (0100000 for a file)",
)
