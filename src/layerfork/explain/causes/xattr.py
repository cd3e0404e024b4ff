"""An extended attribute of an entry."""

from layerfork.explain.claims.entryrule import entry_rule

RULE = entry_rule(
    code="xattr",
    builders=("classic", "buildkit", "buildah"),
    noun="extended attribute",
    remedy=(
        "remove the attribute (`setfattr -x`), or send it from every client alike "
        "(`tar --no-xattrs` sends none)"
    ),
)
