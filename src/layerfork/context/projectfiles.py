"""Small files of a project, read within limits, and the ignore file that a client reads."""

import errno
import os
import stat
from pathlib import Path

from layerfork.context.clientrules import ContextRules
from layerfork.errors import UsageError

MOST_BYTES = 16 << 20
"""No Dockerfile and no ignore file is longer."""


class UnreadableFileError(OSError):
    """A file that is none to read: a pipe, a device, or one without an end."""


def read_regular(path: Path, *, pipes: bool = False) -> bytes:
    """What a regular file holds. ``pipes``: or what comes out of a pipe, such as a shell's ``<(…)``.

    Raises: UnreadableFileError; OSError.
    """
    handle = os.open(os.fspath(path), os.O_RDONLY | os.O_CLOEXEC | (0 if pipes else os.O_NONBLOCK))
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(handle).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or (pipes and stat.S_ISFIFO(mode))):
            raise UnreadableFileError(errno.EINVAL, "it is no regular file", os.fspath(path))
        data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise UnreadableFileError(errno.EFBIG, f"it is longer than {MOST_BYTES:,} bytes", os.fspath(path))
        return data


# Which ignore file counts for a client, and its text.


def read_ignore_text(root: Path, rules: ContextRules, dockerfile: str) -> str:
    """Text of the ignore file that counts, or nothing; bytes that are not UTF-8 are surrogates.

    Raises: UsageError for a pipe, a device, and a file without an end.
    """
    for name in rules.ignore_files:
        try:
            return read_regular(root / name.format(dockerfile)).decode("utf-8", "surrogateescape")
        except UnreadableFileError as error:
            raise UsageError(f"cannot read the ignore file {error.filename}: {error.strerror}") from error
        except OSError:
            continue
    return ""
