"""What a person asks of a prediction."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person says of the build that is to be predicted; empty is what the record says."""

    dockerfile: str = ""
    """Path of a file."""
    target: str = ""
    build_args: tuple[tuple[str, str], ...] = ()
    """In addition to those of the record."""
    changed: tuple[str, ...] = ()
    """Files whose content becomes another one."""
    own_cache: bool = False
    """A builder that imports a cache also has what the recorded builds stored."""


def current_umask() -> int:
    """That of this process."""
    current = os.umask(0o022)
    os.umask(current)
    return current
