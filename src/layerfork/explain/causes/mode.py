"""Permission bits of an entry: the executable bit, or the umask of the checkout."""

from layerfork.explain.claims.entryrule import entry_rule
from layerfork.explain.claims.wording import show_mode

RULE = entry_rule(
    code="mode",
    builders=("classic", "buildkit", "buildah"),
    noun="mode",
    show=show_mode,
    remedy=(
        "set one umask and git core.fileMode for all checkouts, or chmod before building "
        "(--chmod in COPY does not help)"
    ),
)
