"""Patterns: several causes of one fork that are one. A table for each family; earlier ones claim first."""

from layerfork.diagnose.patterns import checkouts, owners, unwanted
from layerfork.diagnose.patterns.pattern import Pattern

PATTERNS: tuple[Pattern, ...] = (
    *unwanted.PATTERNS,
    *checkouts.PATTERNS,
    *owners.PATTERNS,
    unwanted.GENERATED,
    unwanted.LINE_EDITED,
)
