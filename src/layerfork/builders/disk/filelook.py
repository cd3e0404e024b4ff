"""Looks at files of a recorded context on disk, as long as they still are what was sent."""

import os
import re
import stat
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from layerfork.diagnose.causes.scene import FileLook
from layerfork.record.context import ContextEntry, Digest
from layerfork.record.record import BuildRecord

LARGEST_BYTES = 4 << 20
"""Larger files are hardly text that somebody wrote."""
_TIME = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?|\b1\d{9}\b")
"""A date with a time of day, or seconds since 1970."""
_MOST_TIMES = 50
_NEAR_S = 60.0


def look_at(record: BuildRecord, entry: ContextEntry) -> FileLook | None:
    """What the file of an entry holds; None when it is gone, or holds something else than was sent."""
    data = _read(record.place.directory, entry)
    return None if data is None or entry.content != _digest(data) else look_in(data, entry)


def is_there(record: BuildRecord, path: str) -> bool:
    """Whether a file lies at a path of the build's directory; False when that is not known."""
    return bool(record.place.directory) and (Path(record.place.directory) / path).is_file()


def lines_of(record: BuildRecord, path: str) -> tuple[str, ...]:
    """Lines of a text file at a path of the build's directory, without ends; none where it cannot be read."""
    if not is_there(record, path):
        return ()
    try:
        data = (Path(record.place.directory) / path).read_bytes()[:LARGEST_BYTES]
    except OSError:
        return ()
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return tuple(line.removesuffix("\r") for line in text.split("\n"))


def look_in(data: bytes, entry: ContextEntry) -> FileLook:
    """What the content of an entry holds."""
    lf = data.replace(b"\r\n", b"\n")
    return FileLook(
        with_lf=_digest(lf),
        with_crlf=_digest(lf.replace(b"\n", b"\r\n")),
        time=_time_near(data, entry.mtime_ns / 1e9),
    )


def _read(directory: str, entry: ContextEntry) -> bytes | None:
    if not directory or not entry.size <= LARGEST_BYTES:
        return None
    try:
        handle = os.open(
            Path(directory) / os.fsdecode(entry.name_bytes), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        )
    except (OSError, ValueError):  # the last: no file has a name with a NUL in it
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        return file.read(LARGEST_BYTES + 1)


def _digest(data: bytes) -> Digest:
    return Digest(f"sha256:{sha256(data).hexdigest()}")


def _time_near(data: bytes, modified_s: float) -> str:
    """The first time in a text that lies near the file's own; one without a zone is UTC or local."""
    for found in list(_TIME.finditer(data))[:_MOST_TIMES]:
        text = found.group().decode()
        if any(abs(each - modified_s) <= _NEAR_S for each in _seconds(text)):
            return text
    return ""


def _seconds(text: str) -> tuple[float, ...]:
    if text.isdigit():
        return (float(text),)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ()
    if moment.tzinfo is not None:
        return (moment.timestamp(),)
    return (moment.timestamp(), moment.replace(tzinfo=UTC).timestamp())
