"""What a frontend is asked."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field


class FrontendRefusedError(Exception):
    """The engine answered that it makes no definition; the message is the engine's own."""


def _new_name() -> str:
    return f"layerfork-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A Dockerfile and everything that a client tells a frontend with it."""

    frontend: str = "dockerfile.v0"
    options: Mapping[str, str] = field(default_factory=dict)
    """The frontend's attributes as BuildKit names them (``build-arg:A``); none that names a directory."""
    dockerfile: bytes = b""
    """Its text; ``filename`` among the options says what it is called."""
    ignored: bytes = b""
    """The text of the ignore file of the main context, empty for none."""
    named_ignored: Mapping[str, bytes] = field(default_factory=dict)
    """Likewise of contexts that lie on the client's disk, by what the options call their directories."""
    entitlements: tuple[str, ...] = ()
    session: str = field(default_factory=lambda: secrets.token_hex(12))
    shown_session: str = ""
    """The session that operations which read directories are to name; empty for the real one. With that of a
    recorded build, operations that are the same have the same digests."""
    own_name: str = field(default_factory=_new_name)
    """Begins the names under which the engine knows directories. What it keeps of them is then known to be of
    this question, and is removed."""
