"""Which build arguments look like secrets, so that no command line and no record shows their value."""

import re

HIDDEN = "hidden:"
"""Starts the stand-in of every hidden value."""

_SECRET_WORDS = re.compile(
    r"(?:^|[_.-])(?:auth|cookie|credentials?|creds|passphrase|passwd|password|private|pwd|secrets?|session|token|pat|"
    r"(?:access|api|auth|deploy|encryption|license|master|signing|ssh)[_.-]?key|key)(?:[_.-]|$)",
    re.IGNORECASE,
)
_SECRET_ENDINGS = re.compile(r"(?:apikey|password|passwd|secret|token)$", re.IGNORECASE)
_SECRET_VALUES = re.compile(
    r"://[^/\s@:]*:[^/\s@]+@"  # a password inside a URL
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|npm_|pypi-|xox[abprs]-|sk-)[A-Za-z0-9_-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\."  # a JSON web token
)


def looks_secret(name: str, value: str) -> bool:
    """Whether a build argument's value should be hidden, judged by its name and by its own shape.

    It errs towards hiding, since a record keeps a keyed digest of what it hides and can still compare it.
    An empty value is no secret.
    """
    if not value:
        return False
    return bool(_SECRET_WORDS.search(name) or _SECRET_ENDINGS.search(name) or _SECRET_VALUES.search(value))
