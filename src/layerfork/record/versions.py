"""Versions of engines and builders, as far as rules depend on them."""

import re

Version = tuple[int, int]
Release = tuple[int, int, int]


def parse_version(text: str) -> Version | None:
    """Major and minor number of ``26.1.5+dfsg1`` or ``docker-v29.7.2``; None when there is none."""
    release = parse_release(text)
    return release[:2] if release is not None else None


def parse_release(text: str) -> Release | None:
    """All three numbers of a version; the last is 0 when it is left out. None when there are none."""
    match = re.search(r"(?:^|[^0-9.])(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None
