"""The header of the context's root counts: a directory transfer sends none, a tar has one."""

from layerfork.explain.claims.entryrule import entry_rule

RULE = entry_rule(
    code="root-header",
    builders=("buildkit",),
    noun="root directory header",
    remedy="copy a subdirectory instead of `.`, or use one kind of context (directory or tar) everywhere",
)
