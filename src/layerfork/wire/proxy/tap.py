"""What the proxy hands its copy of the bytes to."""

from collections.abc import Callable
from typing import Protocol

Bytes = bytes | memoryview
"""A chunk of the stream. A memoryview is valid only during the call: copy what must stay."""

Headers = tuple[tuple[str, str], ...]
"""Header names as sent and values, in order; text is latin-1."""


class TapError(Exception):
    """A tap gives up. The text says why and quotes none of the bytes: it is recorded."""


def describe_fault(error: Exception) -> str:
    """What may be recorded of an error in a decoder: of unforeseen ones only the kind."""
    return str(error) if isinstance(error, TapError) else f"the decoder failed: {type(error).__name__}"


class ConnectionTap(Protocol):
    """Follows one connection. Called from one thread, after the bytes were forwarded.

    After a tap raised its `lost` is called, and the connection's facts say why.
    """

    def client_sent(self, data: Bytes) -> None:
        """The client sent these bytes."""

    def engine_sent(self, data: Bytes) -> None:
        """The engine sent these bytes."""

    def client_closed(self) -> None:
        """The client sends nothing more (half-close or close). Called at most once."""

    def engine_closed(self) -> None:
        """The engine sends nothing more. Called at most once."""

    def lost(self, reason: str) -> None:
        """The copy is incomplete from here on (a reset, an error of ours). The last call."""


UpgradeTaps = Callable[[str, Headers], ConnectionTap | None]
"""Makes the tap that takes over a connection that leaves HTTP/1, or None when it is not decoded.

Given the path of the upgrading request and its headers. The path is empty when the connection
starts with the HTTP/2 preface: then the tap gets every byte from the first. After an upgrade it
gets the bytes after the request (client) and after the 101 response's headers (engine).
"""
