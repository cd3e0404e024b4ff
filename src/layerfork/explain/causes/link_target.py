"""The text of a symbolic or hard link."""

from layerfork.explain.entry_rule import entry_rule
from layerfork.explain.wording import show_name

RULE = entry_rule(
    code="link-target",
    builders=("classic", "buildkit", "buildah"),
    noun="link target",
    show=show_name,
    remedy="make the link point to the same text everywhere (relative, not absolute)",
)
