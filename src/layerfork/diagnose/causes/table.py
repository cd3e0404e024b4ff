"""Cause rules in families, and the order in which they are blamed.

A rule sees the differences that no earlier one has claimed; the order is that of `CauseCode`.
"""

from layerfork.diagnose.causes import (
    attributes,
    cachecontent,
    cacheoptions,
    content,
    engines,
    ignoring,
    images,
    instructions,
    kinds,
    options,
    presence,
    unexplained,
    variables,
)
from layerfork.diagnose.causes.rule import CauseRule
from layerfork.record.cause import CauseCode, Trait

_FAMILIES = (
    engines,
    cachecontent,
    cacheoptions,
    variables,
    images,
    instructions,
    options,
    ignoring,
    presence,
    kinds,
    attributes,
    content,
    unexplained,
)
RULE_OF: dict[str, CauseRule] = {rule.code: rule for family in _FAMILIES for rule in family.RULES}
CAUSES: tuple[CauseRule, ...] = tuple(
    RULE_OF[code]
    for code in CauseCode
    if code is not CauseCode.UNEXPLAINED and Trait.WRONG_HIT not in code.traits
)
"""Rules in order of blame."""

LAST_RESORT: CauseRule = unexplained.UNEXPLAINED
"""Speaks when no rule did, or when differences are left over."""
