"""Names of the directories that a session sends from: clients make the keys of the builder's copies of them.

Source: docker/buildx build/build.go (toSolveOpt, loadInputs) @ v0.8.2 to v0.13.1, build/opt.go @ v0.17.1 to
v0.36.1: name and node id; docker/cli cli/command/image/build_session.go @ v20.10.5: a digest, and the
name as the session's.
"""

import re
from collections.abc import Mapping

from layerfork.wire.proxy.tap import Headers

SHARED_KEY = "sharedkey:localdir:"
"""Starts a frontend attribute for a named context: its name and the client's node id."""
_KEY, _NAME = "x-docker-expose-session-sharedkey", "x-docker-expose-session-name"
_DIGEST = re.compile("[0-9a-f]{64}")
_NO_NAME = frozenset({".", "..", "/"})


def directory_of(headers: Headers) -> str:
    """Name of the main context's directory, by the session's headers; empty when they do not say it."""
    found = {name.lower(): value for name, value in headers}
    key = found.get(_KEY, "")
    return _known(found.get(_NAME, "") if _DIGEST.fullmatch(key) else key.rpartition(":")[0])


def named_directory(attrs: Mapping[str, str], context: str) -> str:
    """Name of a named context's directory, by the frontend's attributes; empty when they do not say it."""
    return _known(attrs.get(SHARED_KEY + context, "").rpartition(":")[0])


def _known(name: str) -> str:
    return "" if name in _NO_NAME else name
