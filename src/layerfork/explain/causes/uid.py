"""Owner id of an entry: some clients send the real one, others 0."""

from layerfork.explain.claims.entryrule import entry_rule

RULE = entry_rule(
    code="uid",
    builders=("classic", "buildkit"),
    noun="uid",
    remedy=(
        "reset the owner: build from a root-owned copy, make the tar with `--owner=0`, "
        "or use a client that sends 0"
    ),
)
