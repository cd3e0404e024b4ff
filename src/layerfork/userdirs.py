"""Where a user's caches and state lie: ``$XDG_CACHE_HOME``, ``$XDG_STATE_HOME`` or their defaults."""

from pathlib import Path

import platformdirs

NAME = "layerfork"


def cache_directory() -> Path:
    """What can be made again: fetched engines, client environments, digests of contexts."""
    return platformdirs.user_cache_path(NAME)


def state_directory() -> Path:
    """What is to stay on this machine: recorded builds, the key that hides secrets."""
    return platformdirs.user_state_path(NAME)
