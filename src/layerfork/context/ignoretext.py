"""Which ignore file counts for a client, and its text."""

from pathlib import Path

from layerfork.context.clientrules import ContextRules
from layerfork.context.regular import UnfitError, read_regular
from layerfork.errors import UsageError


def read_ignore_text(root: Path, rules: ContextRules, dockerfile: str) -> str:
    """Text of the ignore file that counts, or nothing; bytes that are not UTF-8 are surrogates.

    Raises: UsageError for a pipe, a device, and a file without an end.
    """
    for name in rules.ignore_files:
        try:
            return read_regular(root / name.format(dockerfile)).decode("utf-8", "surrogateescape")
        except UnfitError as error:
            raise UsageError(f"cannot read the ignore file {error.filename}: {error.strerror}") from error
        except OSError:
            continue
    return ""
