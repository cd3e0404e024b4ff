"""Patterns: several causes of one fork that are one. A table for each family; earlier ones claim first."""

from layerfork.diagnose.patterns import checkouts, lines, owners, places, times
from layerfork.diagnose.patterns.pattern import Pattern

_FAMILIES = (places, checkouts, owners, times, lines)
PATTERNS: tuple[Pattern, ...] = tuple(pattern for family in _FAMILIES for pattern in family.PATTERNS)
