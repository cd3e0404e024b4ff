"""Which BuildKit an engine has."""

from layerfork.record.engine import Release, parse_release

BUILDKIT_OF_ENGINE: tuple[tuple[Release, Release], ...] = (
    ((29, 7, 0), (0, 32, 0)),
    ((29, 6, 0), (0, 31, 0)),
    ((29, 5, 0), (0, 30, 0)),
    ((29, 4, 0), (0, 29, 0)),
    ((29, 3, 0), (0, 28, 0)),
    ((29, 2, 0), (0, 27, 0)),
    ((29, 1, 0), (0, 26, 2)),
    ((28, 5, 0), (0, 25, 0)),
    ((28, 4, 0), (0, 24, 0)),
    ((28, 3, 0), (0, 23, 1)),
    ((28, 2, 0), (0, 22, 0)),
    ((28, 1, 0), (0, 21, 0)),
    ((28, 0, 0), (0, 20, 0)),
    ((27, 5, 0), (0, 18, 2)),
    ((27, 4, 0), (0, 17, 3)),
    ((27, 3, 0), (0, 16, 0)),
    ((27, 1, 0), (0, 15, 0)),
    ((27, 0, 0), (0, 14, 1)),
    ((26, 0, 0), (0, 13, 1)),
    ((25, 0, 0), (0, 12, 5)),
    ((24, 0, 0), (0, 11, 6)),
    ((23, 0, 0), (0, 10, 6)),
    ((20, 10, 7), (0, 8, 3)),
    ((20, 10, 0), (0, 8, 2)),
)
"""First engine release, and the BuildKit that it vendors, newest first.

Source: moby/moby vendor.conf, vendor.mod and go.mod @ v20.10.0 to v20.10.24, v23.0.0 to v28.5.2,
docker-v29.0.0 to docker-v29.7.2, each minor release.
"""


def buildkit_release(buildkit: str, engine: str) -> Release | None:
    """The builder's own release when it reported one, else the one that the engine's version implies."""
    own = parse_release(buildkit)
    if own is not None:
        return own
    release = parse_release(engine)
    if release is None:
        return None
    return next((vendored for first, vendored in BUILDKIT_OF_ENGINE if release >= first), None)
