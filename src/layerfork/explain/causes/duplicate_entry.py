"""A tar holds one path twice: the classic builder hashes the first entry and copies the last."""

from layerfork.explain.claims.entryrule import entry_rule

RULE = entry_rule(
    code="duplicate-entry",
    builders=("classic",),
    noun="entry",
    remedy="write each path once into the tar",
)
