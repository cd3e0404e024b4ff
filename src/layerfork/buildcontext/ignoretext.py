"""Which ignore file counts for a client, and its text."""

from pathlib import Path

from layerfork.buildcontext.clientrules import ContextRules


def read_ignore_text(root: Path, rules: ContextRules, dockerfile: str) -> str:
    """Text of the ignore file that counts, or nothing; bytes that are not UTF-8 are surrogates."""
    for name in rules.ignore_files:
        try:
            return (root / name.format(dockerfile)).read_bytes().decode("utf-8", "surrogateescape")
        except OSError:
            continue
    return ""
