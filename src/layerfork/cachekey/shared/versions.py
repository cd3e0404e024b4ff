"""Engine versions, as the rules need them."""

import re

Version = tuple[int, int]


def parse_version(text: str) -> Version | None:
    """Major and minor number of ``26.1.5+dfsg1`` or ``docker-v29.7.2``; None when there is none."""
    match = re.search(r"(?:^|[^0-9.])(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None


BUILDKIT_OF_ENGINE: tuple[tuple[Version, Version], ...] = (
    ((29, 7), (0, 32)),
    ((29, 5), (0, 30)),
    ((29, 2), (0, 27)),
    ((28, 5), (0, 25)),
    ((28, 3), (0, 23)),
    ((28, 0), (0, 20)),
    ((27, 5), (0, 18)),
    ((26, 1), (0, 13)),
    ((25, 0), (0, 12)),
    ((24, 0), (0, 11)),
    ((23, 0), (0, 10)),
    ((20, 10), (0, 8)),
)
"""First engine version, and the BuildKit that it vendors, newest first.

Source: moby/moby go.mod and vendor.mod @ v20.10.24, v23.0.x, v24.0.x, v25.0.x, v26.1.5, v27.5.x,
v28.0.x, v28.3.x, v28.5.2, docker-v29.0.x to docker-v29.7.2.
"""


def buildkit_version(buildkit: str, engine: str) -> Version | None:
    """The builder's own version when it told it, else the one that the engine's version implies."""
    own = parse_version(buildkit)
    if own is not None:
        return own
    version = parse_version(engine)
    if version is None:
        return None
    return next((vendored for first, vendored in BUILDKIT_OF_ENGINE if version >= first), None)
