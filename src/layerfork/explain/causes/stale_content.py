"""The engine looked at older content than the directory holds."""

from layerfork.explain.claims.entryrule import entry_rule

RULE = entry_rule(
    code="stale-content",
    builders=("classic", "buildkit"),
    noun="content",
    remedy="touch the file, or prune the builder's copy: docker builder prune --filter type=source.local",
)
