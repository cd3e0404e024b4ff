"""Names of owner and group in the tar header: a key before Engine 18.06, and in buildah before 1.41.2."""

from layerfork.explain.claims.entryrule import entry_rule

RULE = entry_rule(
    code="owner-name",
    builders=("classic", "buildah"),
    noun="owner name",
    remedy="send no owner names (`tar --numeric-owner`), or upgrade the builder",
)
