"""BuildKit's stored record of a build, and the status messages stored with it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from layerfork.record.record import Gap
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.fields import text
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.buildkit.vertices import follow

# A record of BuildKit's build history, as ``docker buildx history export`` writes it: JSON.
#
# Source: docker/buildx util/desktop/bundle/export.go @ v0.29.1 (earlier util/desktop/bundle/content.go);
# moby/buildkit api/services/control/control.proto (BuildHistoryRecord) @ 73ed6825c.

MEDIA_TYPE = "application/vnd.buildkit.historyrecord.v0"
LOG_TYPE = "application/vnd.buildkit.status.v0"
_IMAGE_IDS = ("containerimage.digest", "containerimage.config.digest")
_CANCELED = 1
"""google.golang.org/grpc codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRecord:
    """What is read of one."""

    ref: str
    frontend: str
    attrs: Mapping[str, str]
    """Frontend attributes as the client sent them; of cache imports only the reference and the scope."""
    created: str
    """RFC 3339, UTC, to the microsecond; empty when it is not there."""
    seconds: float | None
    """None when the build had not ended, or when its times are damaged."""
    failed: bool
    canceled: bool
    error: str
    image_id: str
    platforms: Mapping[str, str]
    """Of a build for several platforms that of each attestation, by its digest."""


def read_history_record(value: Mapping[str, Any]) -> HistoryRecord:
    """Read a record. What is not there is empty."""
    attrs = value.get("FrontendAttrs")
    error = value.get("error")
    error = error if isinstance(error, Mapping) else {}
    created, completed = _seconds(value.get("CreatedAt")), _seconds(value.get("CompletedAt"))
    return HistoryRecord(
        ref=_text(value.get("Ref")),
        frontend=_text(value.get("Frontend")),
        attrs={str(key): str(item) for key, item in attrs.items()} if isinstance(attrs, Mapping) else {},
        created=as_utc(created) if created is not None else "",
        seconds=completed - created if created is not None and completed is not None else None,
        failed=bool(error),
        canceled=error.get("code") == _CANCELED,
        error=_text(error.get("message")),
        image_id=next(_image_ids(value), ""),
        platforms=dict(_platforms(value)),
    )


def read_history_message(record: control.BuildHistoryRecord) -> HistoryRecord:
    """Read a record as BuildKit's API gives it, of a build that has ended."""
    created, completed = (
        _since_1970(each.seconds, each.nanos) for each in (record.created_at, record.completed_at)
    )
    response = {text(pair.key): text(pair.value) for pair in record.exporter_response}
    results = record.result.results
    failed = record.HasField("error")
    return HistoryRecord(
        ref=text(record.ref),
        frontend=text(record.frontend),
        attrs={text(pair.key): text(pair.value) for pair in record.frontend_attrs},
        created=as_utc(created) if created is not None else "",
        seconds=completed - created if created is not None and completed is not None else None,
        failed=failed,
        canceled=failed and record.error.code == _CANCELED,
        error=text(record.error.message),
        image_id=_image_id_of(response) or (text(results[0].value.digest) if len(results) == 1 else ""),
        platforms={
            text(descriptor.digest): text(each.key)
            for each in record.results
            for descriptor in each.value.attestations
        },
    )


def as_utc(seconds: float) -> str:
    """RFC 3339 of seconds since 1970; empty for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (OverflowError, ValueError, OSError):
        return ""


def _image_ids(value: Mapping[str, Any]) -> Iterator[str]:
    """Digests of what was made, the one first that the engine calls the image's id."""
    response = value.get("ExporterResponse")
    named = _image_id_of(response) if isinstance(response, Mapping) else ""
    yield from ([named] if named else [])
    result = value.get("Result")
    results = result.get("Results") if isinstance(result, Mapping) else None
    if isinstance(results, Mapping) and len(results) == 1:
        (only,) = results.values()
        if isinstance(only, Mapping) and isinstance(only.get("digest"), str):
            yield only["digest"]


def _image_id_of(response: Mapping[str, Any]) -> str:
    """What an exporter's answer names as the image's id; empty when it names none."""
    return next((each for name in _IMAGE_IDS if isinstance(each := response.get(name), str)), "")


def _platforms(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    results = value.get("Results")
    for platform, result in results.items() if isinstance(results, Mapping) else ():
        attestations = result.get("Attestations") if isinstance(result, Mapping) else None
        for each in attestations if isinstance(attestations, list) else ():
            if isinstance(each, Mapping) and isinstance(each.get("digest"), str):
                yield each["digest"], str(platform)


def _seconds(value: Any) -> float | None:
    """Seconds since 1970 of a time of the record; None when it is missing or no calendar has it.

    Exports hold the fields of a protobuf Timestamp, or RFC 3339 text as those of 2024 do.
    """
    try:
        if isinstance(value, str):
            stamp = Timestamp()
            stamp.FromJsonString(value)
            return _since_1970(stamp.seconds, stamp.nanos)
        return _since_1970(int(value.get("seconds") or 0), int(value.get("nanos") or 0))
    except (AttributeError, OverflowError, TypeError, ValueError):
        return None


def _since_1970(seconds: int, nanos: int) -> float | None:
    return seconds + nanos // 1000 / 1e6 if as_utc(seconds) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


# JSON that somebody else wrote: whatever it holds, its texts can be written again.

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(text: str | bytes) -> Any:
    """The value. Half of a surrogate pair, which no text has, becomes a replacement character.

    Raises: ValueError, also for what is nested too deeply.
    """
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    try:
        value = json.loads(decoded)
        return _mended(value) if _SURROGATE.search(decoded) else value
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list) else value


# BuildKit's status messages as they are stored: lines of JSON, or messages with their lengths.
#
# Source: moby/buildkit client/graph.go (SolveStatus, Vertex: JSON tags), solver/llbsolver/history.go
# (the stored log) and util/progress/progressui/display.go (rawjson) @ v0.13.2 to 73ed6825c.

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
        message = control.StatusResponse(
            vertexes=[_vertex(each) for each in value.get("vertexes") or ()],
            statuses=[_status(each) for each in value.get("statuses") or ()],
        )
        said = [text(each.ID) for each in message.statuses]
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


def _status(value: dict[str, Any]) -> control.VertexStatus:
    current, total = (_whole(value.get(name)) for name in ("current", "total"))
    return control.VertexStatus(
        ID=_bytes(value.get("id")),
        vertex=_bytes(value.get("vertex")),
        current=current,
        total=total,
        timestamp=_stamp(value.get("timestamp")),
        started=_stamp(value.get("started")),
        completed=_stamp(value.get("completed")),
    )


def _whole(value: Any) -> int:
    """A number of bytes; 0 for what is none."""
    return value if type(value) is int and 0 <= value < 1 << 63 else 0


def _bytes(value: Any) -> bytes:
    return str(value or "").encode("utf-8", "surrogateescape")


def _stamp(value: Any) -> control.Timestamp | None:
    """RFC 3339 with up to nine digits of a second, and Python's own reader keeps six."""
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
