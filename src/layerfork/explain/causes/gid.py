"""Group id of an entry: some clients send the real one, others 0."""

from layerfork.explain.claims.entryrule import entry_rule

RULE = entry_rule(
    code="gid",
    builders=("classic", "buildkit"),
    noun="gid",
    remedy=(
        "reset the group: build from a root-owned copy, make the tar with `--group=0`, "
        "or use a client that sends 0"
    ),
)
