"""Records of builds that were not recorded: what all of them begin with, and what all of them lack."""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from layerfork import __version__
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, Gap
from layerfork.wire.history.historybuild import LeftParts
from layerfork.wire.redact import Redactor

NO_CONTEXT = Gap(
    where="context",
    what="no file of it is known; to compare what COPY and ADD read, record the build (layerfork record)",
)
NO_REQUEST = Gap(
    where="request",
    what="a log shows neither the Dockerfile nor what was asked for; an export of the build history "
    "(docker buildx history export) does, and so does provenance of mode=max",
)
NO_DEFINITION = Gap(
    where="definition",
    what="BuildKit's definition of the build is not there, and without it no key is known; an export of the "
    "build history (docker buildx history export) holds it, and so does provenance of mode=max",
)
NO_ENGINE = Gap(where="engine", what="the engine that built it, with its version and store, is not known")
NO_TIME = Gap(where="time", what="when it was built is not written there; the time is that of the file")
NO_PROGRESS = Gap(
    where="steps",
    what="provenance does not say which steps were reused; the log of the build does, or an export of the "
    "build history (docker buildx history export)",
)
NO_RESULT = Gap(where="result", what="how the build ended is not written there")
SHARED = Gap(
    where="log",
    what="several targets were built together: steps that they share were printed once, as one target's",
)
BEGINS_LATE = Gap(where="log", what="it begins in the middle of the build: earlier steps are not known")
CUT = Gap(where="log", what="it ends in the middle of the build")


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """What is needed to make records."""

    redactor: Redactor
    key_id: str
    """Names the key of the redactor."""
    file_time: float
    """Seconds since 1970; when the file was written."""
    cut: bool = False
    """The file was larger than what is read."""

    def draft(self, form: str, builder: Builder, begun: str) -> BuildRecord:
        """A record of nothing; ``begun`` is RFC 3339, or empty when it is not known."""
        when = _utc(begun)
        return BuildRecord(
            id=secrets.token_hex(8),
            recorded_at=when or datetime.fromtimestamp(self.file_time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            layerfork=__version__,
            redaction_key_id=self.key_id,
            imported_from=form,
            builder=builder,
            result=BuildResult(outcome=BuildOutcome.UNKNOWN),
            gaps=(NO_ENGINE, *(() if when else (NO_TIME,))),
        )


def with_parts(draft: BuildRecord, parts: LeftParts, *gaps: Gap) -> BuildRecord:
    """The record with what BuildKit left behind; gaps of its own come last."""
    lacking = (NO_CONTEXT, *(() if parts.definition is not None else (NO_DEFINITION,)), *gaps)
    return replace(
        draft,
        request=parts.request,
        definition=parts.definition,
        vertices=parts.vertices,
        steps=parts.steps,
        gaps=tuple(dict.fromkeys((*draft.gaps, *lacking, *parts.gaps))),
    )


def _utc(time: str) -> str:
    """RFC 3339 in UTC, to the microsecond; empty when it is no time."""
    try:
        at = datetime.fromisoformat(time.replace("Z", "+00:00"))
    except ValueError:
        return ""
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except OverflowError:
        return ""
