"""Names of owner and group in the tar header: a key before Engine 18.06."""

from layerfork.explain.claims.entryrule import entry_rule

RULE = entry_rule(
    code="owner-name",
    builders=("classic",),
    noun="owner name",
    remedy="send no owner names (`tar --numeric-owner`), or upgrade the engine",
)
