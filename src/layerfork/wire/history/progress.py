"""BuildKit's status messages as they are stored: lines of JSON, or messages with their lengths.

Source: moby/buildkit client/graph.go (SolveStatus, Vertex: JSON tags), solver/llbsolver/history.go
(the stored log) and util/progress/progressui/display.go (rawjson) @ v0.13.2 to 73ed6825c.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.protobuf.message import DecodeError

from layerfork.record.record import Gap
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.history.jsontext import read_json
from layerfork.wire.steps.vertices import follow

_LENGTH = 4
"""Bytes before each message of a stored log: its length, least significant byte first."""
_MAX_LINES = 100_000
"""Of one indented message."""
_KEYS = frozenset({"vertexes", "statuses", "logs", "warnings"})


@dataclass(slots=True)
class StoredProgress:
    """The vertices of a build as its messages left them, and what its exporters said."""

    vertices: dict[str, VertexState] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    """Ids of the statuses in lines of JSON, in order, such as ``exporting manifest list sha256:…``."""
    messages: int = 0
    gaps: list[Gap] = field(default_factory=list)

    def take(self, message: control.StatusResponse) -> None:
        self.messages += 1
        follow(self.vertices, message)


def read_json_progress(lines: Iterable[str], progress: StoredProgress) -> list[str]:
    """Take in the messages of ``--progress rawjson``; the lines that are none come back.

    Newer clients write one message a line. Older ones, such as buildx 0.13, indent them: from ``{`` to ``}``.
    """
    others: list[str] = []
    message: list[str] = []
    for line in lines:
        if line == "{" or (message and line.startswith(" ") and len(message) < _MAX_LINES):
            if line == "{":
                others += message
                message = []
            message.append(line)
        elif message and line == "}":
            if not _read_message("\n".join((*message, line)), progress):
                others += [*message, line]
            message = []
        else:
            others += message
            message = []
            if not _read_message(line, progress):
                others.append(line)
    return others + message


def _read_message(line: str, progress: StoredProgress) -> bool:
    """Take in one message; False when it is none."""
    if not line.startswith("{"):
        return False
    try:
        value = read_json(line)
        if not isinstance(value, dict) or not _KEYS & value.keys():
            return False
        message = control.StatusResponse(vertexes=[_vertex(each) for each in value.get("vertexes") or ()])
        said = [str(each.get("id", "")) for each in value.get("statuses") or ()]
    except (ValueError, TypeError, AttributeError, OverflowError):
        return False
    progress.take(message)
    progress.said += said
    return True


def read_stored_log(data: bytes, progress: StoredProgress) -> None:
    """Take in the log of a history record; a damaged end is a gap."""
    for number, raw in enumerate(_messages(data), 1):
        try:
            progress.take(control.StatusResponse.FromString(raw))
        except DecodeError as error:
            progress.gaps.append(Gap(where=f"status message {number}", what=f"not understood: {error}"))
            return


def _messages(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + _LENGTH], "little")
        at += _LENGTH
        yield data[at : at + length] if at + length <= len(data) else b"\xff"
        at += length


def _vertex(value: dict[str, Any]) -> control.StatusVertex:
    return control.StatusVertex(
        digest=_bytes(value.get("digest")),
        inputs=[_bytes(each) for each in value.get("inputs") or ()],
        name=_bytes(value.get("name")),
        cached=value.get("cached") is True,
        started=_stamp(value.get("started")),
        completed=_stamp(value.get("completed")),
        error=_bytes(value.get("error")),
    )


def _bytes(value: Any) -> bytes:
    return str(value or "").encode("utf-8", "surrogateescape")


def _stamp(value: Any) -> control.Timestamp | None:
    """RFC 3339 with up to nine digits of a second, of which Python's own reader keeps six."""
    if not value:
        return None
    whole, _, fraction = str(value).removesuffix("Z").partition(".")
    digits = fraction[:9]
    zone = fraction[len(digits) :] if digits.isdecimal() else ""
    if not digits.isdecimal():
        digits, _, rest = fraction.partition("+")
        zone = f"+{rest}" if rest else ""
    at = datetime.fromisoformat(f"{whole}{zone or '+00:00'}")
    return control.Timestamp(seconds=int(at.timestamp()), nanos=int((digits or "0").ljust(9, "0")))
