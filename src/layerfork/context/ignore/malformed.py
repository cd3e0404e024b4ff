"""The errors of every dialect."""

from layerfork.errors import UsageError


def malformed(pattern: str) -> UsageError:
    """An ignore pattern that the program which reads it refuses."""
    return UsageError(f"malformed ignore pattern {pattern!r}", "close its [ or escape it with \\")


def unmodelled(pattern: str) -> UsageError:
    """An ignore pattern whose meaning to the program which reads it is not known here."""
    return UsageError(
        f"ignore pattern {pattern!r} is not modelled", "write it without the escapes of letters"
    )
