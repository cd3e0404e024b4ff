"""A record of BuildKit's build history, as ``docker buildx history export`` writes it: JSON.

Source: docker/buildx util/desktop/bundle/export.go @ v0.29.1 (earlier util/desktop/bundle/content.go);
moby/buildkit api/services/control/control.proto (BuildHistoryRecord) @ 73ed6825c.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
    """None when the build had not ended."""
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
        seconds=completed - created if completed is not None and created is not None else None,
        failed=bool(error),
        canceled=error.get("code") == _CANCELED,
        error=_text(error.get("message")),
        image_id=next(_image_ids(value), ""),
        platforms=dict(_platforms(value)),
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
    named = [response.get(name) for name in _IMAGE_IDS] if isinstance(response, Mapping) else []
    yield from (each for each in named if isinstance(each, str))
    result = value.get("Result")
    results = result.get("Results") if isinstance(result, Mapping) else None
    if isinstance(results, Mapping) and len(results) == 1:
        (only,) = results.values()
        if isinstance(only, Mapping) and isinstance(only.get("digest"), str):
            yield only["digest"]


def _platforms(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    results = value.get("Results")
    for platform, result in results.items() if isinstance(results, Mapping) else ():
        attestations = result.get("Attestations") if isinstance(result, Mapping) else None
        for each in attestations if isinstance(attestations, list) else ():
            if isinstance(each, Mapping) and isinstance(each.get("digest"), str):
                yield each["digest"], str(platform)


def _seconds(value: Any) -> float | None:
    if not isinstance(value, Mapping):
        return None
    seconds, nanos = value.get("seconds", 0), value.get("nanos", 0)
    return seconds + nanos / 1e9 if isinstance(seconds, int) and isinstance(nanos, int) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
